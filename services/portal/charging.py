"""Charging sessions as the portal remembers them: who charged where, when, how much."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from shared.documents import Documents
from shared.followers import Connection
from shared.ids import ChargerId, InstallationId, PersonId, SessionId
from shared.messages import Moment
from shared.messages.telemetry import SessionEnded, SessionStarted


class ChargingSession(BaseModel):
    """One session, going on or over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    session_id: SessionId
    installation_id: InstallationId
    charger_id: ChargerId
    person_id: PersonId | None = None
    """Whose card or app began it; none where nobody had to show it."""
    started_at: Moment
    ended_at: Moment | None = None
    energy_wh: int | None = None
    """In watt-hours; none while it goes on."""
    reason: str | None = None
    """Why it ended, in the charger's words."""

    @property
    def order(self) -> tuple[str, str]:
        """Later ones come after earlier ones."""
        return (self.started_at.isoformat(), self.session_id)


class Sessions:
    """All sessions, as documents; found by installation and by person."""

    def __init__(self) -> None:
        self.documents = Documents("charging-session", ChargingSession)

    async def apply(self, connection: Connection, event: SessionStarted | SessionEnded) -> None:
        """Take in that a session began or ended; the end of one that nobody saw begin tells no more."""
        key = f"{event.installation_id}/{event.session_id}"
        if isinstance(event, SessionStarted):
            session = ChargingSession(**event.model_dump(exclude={"transaction_id"}))
        else:
            begun = self.documents.get(key)
            if begun is None:
                return
            told = event.model_dump(include={"ended_at", "energy_wh", "reason"})
            session = begun.model_copy(update=told)
        await self.documents.put(connection, key, session)

    def at(
        self, installation_id: InstallationId, charger_id: ChargerId | None = None
    ) -> Iterator[ChargingSession]:
        """Go through the sessions at an installation, or at one charger of it."""
        for it in self.documents.held.values():
            if it.installation_id == installation_id and charger_id in {None, it.charger_id}:
                yield it

    def of(self, person_id: PersonId) -> Iterator[ChargingSession]:
        """Go through the sessions of a person."""
        return (it for it in self.documents.held.values() if it.person_id == person_id)

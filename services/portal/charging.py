"""
Charging sessions as the portal remembers them: who charged where, when, and from which register to which.

A session's energy is what telemetry has announced: the difference of its registers. What a register moved
between two sessions of the same charger is kept with the later one, so that everything that went through
a meter is in exactly one place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from shared.ids import ChargerId, InstallationId, PersonId, Serial, SessionId
from shared.messages import Moment
from shared.messages.telemetry import SessionEnded, SessionStarted
from shared.registers import Movement, between


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


UtcMoment = Annotated[Moment, AfterValidator(_in_utc)]


class ChargingSession(BaseModel):
    """One session, going on or over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    session_id: SessionId
    installation_id: InstallationId
    charger_id: ChargerId
    serial: Serial | None = None
    """Of the hardware that charged."""
    person_id: PersonId | None = None
    """Whose card or app began it; none where nobody had to show it, or it is nobody's."""
    card_mark: str | None = None
    """Of what was shown."""
    started_at: UtcMoment
    start_wh: int = 0
    """The charger's register when it began, in watt-hours."""
    ended_at: UtcMoment | None = None
    end_wh: int | None = None
    """The register when it ended."""
    energy_wh: int | None = None
    """In watt-hours; none while it goes on."""
    fell_wh: int = 0
    """By how much the register went down in between: then the energy is not known, and counts as 0."""
    before_wh: int = 0
    """What the register moved since the session before: in no session, and nobody's."""
    before_fell_wh: int = 0
    """By how much the register went down since then: it began anew, or is another meter's."""
    before_since: UtcMoment | None = None
    """When the register was known before; none if this is the first that is known of it."""
    reason: str | None = None
    """Why it ended, in the charger's words."""

    @property
    def order(self) -> tuple[str, str]:
        """By when it began; of several at that moment, by its id."""
        return (self.started_at.isoformat(), self.session_id)


class Register(BaseModel):
    """Where the register of a charger's hardware stood when it was told last."""

    model_config = ConfigDict(frozen=True)

    serial: Serial | None
    register_wh: int
    at: UtcMoment


def begun(
    event: SessionStarted, serial: Serial | None, register: Register | None
) -> ChargingSession:
    """
    Make a session of its start.

    Args:
        event: the start.
        serial: of the hardware that tells it.
        register: the charger's, as it was known before; other hardware has another one.
    """
    known = register if register is not None and register.serial == serial else None
    moved = Movement(0, 0) if known is None else between(known.register_wh, event.register_wh)
    return ChargingSession(
        **event.model_dump(exclude={"transaction_id", "register_wh"}),
        serial=serial,
        start_wh=event.register_wh,
        before_wh=moved.gained_wh,
        before_fell_wh=moved.fell_wh,
        before_since=None if known is None else known.at,
    )


def ended(session: ChargingSession, event: SessionEnded) -> ChargingSession:
    """Add to a session that it is over."""
    told = event.model_dump(include={"energy_wh", "reason"})
    fell_wh = between(session.start_wh, event.register_wh).fell_wh
    changes = told | {
        "ended_at": event.ended_at.astimezone(UTC),
        "end_wh": event.register_wh,
        "fell_wh": fell_wh,
    }
    return session.model_copy(update=changes)


Mark = tuple[datetime, int]
"""What a register showed, in watt-hours, at a moment of a session."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A session that is over, with what its register showed meanwhile."""

    session: ChargingSession
    marks: Sequence[Mark] = ()

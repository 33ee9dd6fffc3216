"""
What one connected charger is told from afar, by a person in the app or by the operator: to begin and end
sessions, and to fetch firmware.

A start is authorised first, and the charger is told a tag that is for one session only. When it brings
that back, it is known whose session it is. An end is for whoever began the session, and for owners.
"""

from nats.aio.msg import Msg

from services.telemetry.authorising import may_end
from services.telemetry.charger import ACCEPTED
from services.telemetry.dialect import Tongue
from services.telemetry.drivers import Drivers
from services.telemetry.histories import History
from services.telemetry.limits import RejectedByCharger
from services.telemetry.parts import Parts
from services.telemetry.wishes import Wishes, person_in, word_of
from shared.clock import utc_now
from shared.decider import Refused
from shared.ids import PersonId, SessionId
from shared.messages import Answer
from shared.messages.telemetry import (
    ChargingRequested,
    FirmwareUpdateRequested,
    StartCharging,
    StopCharging,
    UpdateFirmware,
    Wish,
)
from shared.transact import ACCEPTED as ACCEPTED_ANSWER
from shared.transact import refusal_of

RemoteCommand = StartCharging | StopCharging | UpdateFirmware


class SessionRuns(Refused):
    """A session runs at the charger, so that none can begin."""


class NoSession(Refused):
    """No session runs at the charger, so that none can end."""


class NotYourSession(Refused):
    """The session is somebody else's, and whoever asks does not own the charger."""


class NotAuthorized(Refused):
    """Whoever is to charge may not; the text is the decision's."""


class RemoteDesk:
    """Takes what is asked of one connected charger from afar, one after another."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        tongue: Tongue,
        drivers: Drivers,
        wishes: Wishes,
    ) -> None:
        self._parts = parts
        self._history = history
        self._tongue = tongue
        self._drivers = drivers
        self._wishes = wishes

    async def on_start(self, message: Msg) -> None:
        """Take a StartCharging from NATS."""
        await self._wishes.take(message, StartCharging, self._start)

    async def on_stop(self, message: Msg) -> None:
        """Take a StopCharging from NATS."""
        await self._wishes.take(message, StopCharging, self._stop)

    async def on_firmware(self, message: Msg) -> None:
        """Take an UpdateFirmware from NATS."""
        await self._wishes.take(message, UpdateFirmware, self._update)

    # --- Beginning ---

    async def _start(self, command: StartCharging, actor: str) -> Answer:
        person_id = command.person_id or person_in(actor)
        if self._history.state.session is not None:
            raise SessionRuns("a session runs at the charger already; end it first")
        decision, tag = await self._drivers.authorize_in_app(person_id)
        if not decision.accepted:
            raise NotAuthorized(decision.reason)
        status = await word_of(self._tongue.begin(tag))
        return await self._done(command, Wish.START, status, person_id)

    # --- Ending ---

    async def _stop(self, command: StopCharging, actor: str) -> Answer:
        session, assigned = self._history.state.session, self._history.assigned
        person_id = person_in(actor)
        if session is None:
            raise NoSession("no session runs at the charger; there is nothing to end")
        grants = self._parts.rights.known.grants
        if person_id is not None and not may_end(
            assigned, session, person_id, grants, utc_now()
        ):
            raise NotYourSession(
                "the session is somebody else's; whoever began it ends it, or an owner of the charger"
            )
        status = await word_of(self._tongue.end(session))
        return await self._done(
            command, Wish.STOP, status, session.person_id, session.session_id
        )

    # --- Firmware ---

    async def _update(self, command: UpdateFirmware, _: str) -> Answer:
        retrieve_at = command.retrieve_at or utc_now()
        asked = self._tongue.update_firmware(command.location, retrieve_at)
        status = await word_of(asked)
        if status != ACCEPTED:
            raise RejectedByCharger(f"the charger answered {status}; it keeps its firmware")
        event = FirmwareUpdateRequested(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            location=command.location,
            retrieve_at=retrieve_at,
        )
        position = await self._drivers.put_on_record(event, command, ACCEPTED_ANSWER)
        return ACCEPTED_ANSWER.model_copy(update={"position": position})

    # --- All ---

    async def _done(
        self,
        command: RemoteCommand,
        wish: Wish,
        status: str,
        person_id: PersonId | None,
        session_id: SessionId | None = None,
    ) -> Answer:
        event = ChargingRequested(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            wish=wish,
            status=status,
            person_id=person_id,
            session_id=session_id,
        )
        answer = ACCEPTED_ANSWER if status == ACCEPTED else refusal_of(_rejected(status))
        position = await self._drivers.put_on_record(event, command, answer)
        return answer.model_copy(update={"position": position})


def _rejected(status: str) -> RejectedByCharger:
    return RejectedByCharger(
        f"the charger answered {status}; see that a car is plugged in and that the charger is in use"
    )

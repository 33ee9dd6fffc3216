"""
What one connected charger is told from afar, by a person in the app or by the operator: to begin and end
sessions, and to fetch firmware.

A start is authorised first, and the charger is told a tag that is for one session only. When it brings
that back, it is known whose session it is. An end is for whoever began the session, and for owners.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from services.telemetry.authorising import may_end
from services.telemetry.calls import AnsweredError, Unanswered
from services.telemetry.charger import ACCEPTED
from services.telemetry.dialect import Tongue
from services.telemetry.drivers import Drivers
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.limits import ChargerNotReady, NoAnswer, RejectedByCharger
from services.telemetry.parts import Parts
from services.telemetry.replies import send_answer, unreadable
from shared.clock import utc_now
from shared.commands import UNAVAILABLE
from shared.context import acting, context_of
from shared.decider import Refused
from shared.ids import PersonId, SessionId
from shared.messages import Answer, Verdict
from shared.messages.telemetry import (
    ChargingRequested,
    FirmwareUpdateRequested,
    StartCharging,
    StopCharging,
    UpdateFirmware,
    Wish,
)
from shared.transact import ACCEPTED as ACCEPTED_ANSWER
from shared.transact import answered_before, refusal_of

PERSON: Final = "person/"

RemoteCommand = StartCharging | StopCharging | UpdateFirmware

log = structlog.get_logger()


class SessionRuns(Refused):
    """A session runs at the charger, so that none can begin."""


class NoSession(Refused):
    """No session runs at the charger, so that none can end."""


class NotYourSession(Refused):
    """The session is somebody else's, and whoever asks does not own the charger."""


class NotAuthorized(Refused):
    """Whoever is to charge may not; the text is the decision's."""


def person_in(actor: str) -> PersonId | None:
    """
    Name the person an actor is; none if it is the operator, or a program.

    >>> person_in("person/ada"), person_in("cli")
    ('ada', None)
    """
    return actor.removeprefix(PERSON) if actor.startswith(PERSON) else None


class RemoteDesk:
    """Takes what is asked of one connected charger from afar, one after another."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        tongue: Tongue,
        drivers: Drivers,
        ready: Callable[[], bool],
    ) -> None:
        self._parts = parts
        self._history = history
        self._tongue = tongue
        self._drivers = drivers
        self._ready = ready
        self._turn = asyncio.Lock()

    async def on_start(self, message: Msg) -> None:
        """Take a StartCharging from NATS."""
        await self._on_message(message, StartCharging)

    async def on_stop(self, message: Msg) -> None:
        """Take a StopCharging from NATS."""
        await self._on_message(message, StopCharging)

    async def on_firmware(self, message: Msg) -> None:
        """Take an UpdateFirmware from NATS."""
        await self._on_message(message, UpdateFirmware)

    async def _on_message(self, message: Msg, kind: type[RemoteCommand]) -> None:
        try:
            command = kind.model_validate_json(message.data)
        except ValidationError as error:
            await send_answer(message, unreadable(error))
            return
        here = self._history.assigned
        if (command.installation_id, command.charger_id) != (
            here.installation_id,
            here.charger_id,
        ):
            log.info("wish for another charger", installation_id=command.installation_id)
            return  # whoever holds its connection there answers
        context = context_of(message.headers, default_actor="anonymous")
        async with self._turn:
            with acting(context.actor, context.correlation_id, context.causation_id):
                answer = await self._answer(command, context.actor)
        await send_answer(message, answer)

    async def _answer(self, command: RemoteCommand, actor: str) -> Answer:
        try:
            first = await answered_before(self._parts.store, command)
            if first is not None:
                return first
            if not self._ready():
                raise ChargerNotReady(
                    f"charger {command.charger_id} is not accepted yet; wait for ChargerConnected"
                )
            match command:
                case StartCharging():
                    return await self._start(command, command.person_id or person_in(actor))
                case StopCharging():
                    return await self._stop(command, person_in(actor))
                case UpdateFirmware():
                    return await self._update(command)
        except Refused as refusal:
            log.info("wish refused", refusal=type(refusal).__name__, detail=refusal.detail)
            return refusal_of(refusal)
        except LOG_FAULTS as fault:
            log.warning("wish not put on record", fault=repr(fault))
            detail = f"the log could not take it ({fault!r}); send it again under the same id"
            return Answer(verdict=Verdict.REFUSED, refusal=UNAVAILABLE, detail=detail)

    # --- Beginning ---

    async def _start(self, command: StartCharging, person_id: PersonId | None) -> Answer:
        if self._history.state.session is not None:
            raise SessionRuns("a session runs at the charger already; end it first")
        decision, tag = await self._drivers.authorize_in_app(person_id)
        if not decision.accepted:
            raise NotAuthorized(decision.reason)
        status = await _word_of(self._tongue.begin(tag))
        return await self._done(command, Wish.START, status, person_id)

    # --- Ending ---

    async def _stop(self, command: StopCharging, person_id: PersonId | None) -> Answer:
        session, assigned = self._history.state.session, self._history.assigned
        if session is None:
            raise NoSession("no session runs at the charger; there is nothing to end")
        grants = self._parts.rights.known.grants
        if person_id is not None and not may_end(
            assigned, session, person_id, grants, utc_now()
        ):
            raise NotYourSession(
                "the session is somebody else's; whoever began it ends it, or an owner of the charger"
            )
        status = await _word_of(self._tongue.end(session))
        return await self._done(
            command, Wish.STOP, status, session.person_id, session.session_id
        )

    # --- Firmware ---

    async def _update(self, command: UpdateFirmware) -> Answer:
        retrieve_at = command.retrieve_at or utc_now()
        asked = self._tongue.update_firmware(command.location, retrieve_at)
        status = await _word_of(asked)
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


async def _word_of(asked: Awaitable[str]) -> str:
    try:
        return await asked
    except AnsweredError as error:
        return str(error)
    except Unanswered as fault:
        raise NoAnswer(
            f"{fault}; whether the charger will do it is unknown, look at its sessions"
        ) from fault

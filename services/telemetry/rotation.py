"""
A new password for a charger, over its connection.

    1. made and issued: good from now on, beside the one that the charger has
    2. told the charger
    3. Accepted: it is sent home, to come again with the new one; then the old one ends
       anything else: the new one ends, the old one stays

It is issued before the charger hears of it: a charger that has taken it, while its answer is lost, gets in.
One whose answer does not come has two good passwords, and shows which of them it uses when it comes again.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.telemetry import credentials
from services.telemetry.calls import Unanswered, status_of
from services.telemetry.charger import ACCEPTED
from services.telemetry.dialect import Tongue
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.limits import NoAnswer, RejectedByCharger
from services.telemetry.parts import Parts
from shared.commands import UNAVAILABLE, invalid
from shared.context import acting, context_of
from shared.decider import CommandIdReused, Refused
from shared.event_store import fingerprint
from shared.ids import new_id
from shared.messages import Answer, Verdict
from shared.messages.credentials import RotateChargerCredential
from shared.transact import ACCEPTED as ACCEPTED_ANSWER
from shared.transact import refusal_of

REBOOT_REQUIRED: Final = "RebootRequired"
TAKEN: Final = frozenset({ACCEPTED, REBOOT_REQUIRED})
COME_AGAIN: Final = "come again with the new password"

log = structlog.get_logger()


class NotProven(Refused):
    """The charger has connected without showing that it is the one that it says it is."""


class Rotation:
    """Gives one connected charger new passwords, one after another."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        tongue: Tongue,
        send_home: Callable[[str], None],
        *,
        proven: bool,
    ) -> None:
        self._parts = parts
        self._history = history
        self._tongue = tongue
        self._send_home = send_home
        self._proven = proven
        self._turn = asyncio.Lock()
        self._at_work: set[asyncio.Task[None]] = set()

    async def on_message(self, message: Msg) -> None:
        """Take the command from NATS. It is seen to its end even if the charger is gone by then."""
        work = asyncio.create_task(self._take(message), name="rotation")
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)

    async def _take(self, message: Msg) -> None:
        try:
            command = RotateChargerCredential.model_validate_json(message.data)
        except ValidationError as error:
            await _reply(message, invalid(error))
            return
        given = context_of(message.headers, default_actor="anonymous")
        with acting(given.actor, given.correlation_id, given.causation_id):
            async with self._turn:
                answer = await self._answer(command)
        await _reply(message, answer)
        if answer.accepted and answer.detail is None:
            self._send_home(COME_AGAIN)

    async def _answer(self, command: RotateChargerCredential) -> Answer:
        try:
            return await self._decide(command)
        except Refused as refusal:
            log.info("no new password", refusal=type(refusal).__name__, detail=refusal.detail)
            return refusal_of(refusal)
        except LOG_FAULTS as fault:
            log.warning("new password not put on record", fault=repr(fault))
            detail = f"the log could not take it ({fault!r}); send it again under the same id"
            return Answer(verdict=Verdict.REFUSED, refusal=UNAVAILABLE, detail=detail)

    async def _decide(self, command: RotateChargerCredential) -> Answer:
        mark = fingerprint(command)
        first = await self._parts.store.first_answer(command.command_id)
        if first is not None:
            if first.fingerprint == mark:
                return first.answer
            raise CommandIdReused(
                f"command id {command.command_id} was used before, with other content; "
                "send every new wish under a new id"
            )
        if command.trust_connection and not self._proven:
            return await self._introduce(command, mark)
        return await self._exchange(command, mark)

    async def _exchange(self, command: RotateChargerCredential, mark: bytes) -> Answer:
        """Give another password to a charger that has shown the one it has."""
        if not self._proven:
            raise NotProven(
                "whoever is connected as this charger has shown no password, so nobody knows that it is "
                "the charger; if you do, trust it: ampledger charger credential rotate "
                f"{command.serial} --trust-connection; or issue a password and enter it on the charger: "
                f"ampledger charger credential issue {command.serial}"
            )
        assigned, credential_id = self._history.assigned, new_id()
        passes = self._parts.passes
        password = await passes.keyring.make(credential_id, assigned.serial)
        await passes.record(
            assigned.serial, lambda state: credentials.rotate(state, assigned, credential_id)
        )
        status = await self._told(password)
        if status in TAKEN:
            answer = _taken(status)
            position = await passes.record(
                assigned.serial,
                lambda state: credentials.delivered(state, assigned, credential_id),
                *(command.command_id, mark, answer),
            )
        else:
            answer = _not_taken(status)
            position = await passes.record(
                assigned.serial,
                lambda state: credentials.rejected(state, assigned, credential_id, status),
                *(command.command_id, mark, answer),
            )
            await passes.keyring.forget([credential_id])
        return answer.model_copy(update={"position": position})

    async def _introduce(self, command: RotateChargerCredential, mark: bytes) -> Answer:
        """
        Give the first password to whoever is connected.

        It is issued when the charger has taken it: until then the charger is let in without, so nothing
        that gets lost on the way locks it out.
        """
        assigned, credential_id = self._history.assigned, new_id()
        passes = self._parts.passes
        credentials.introduce(await passes.of(assigned.serial), assigned, credential_id)
        password = await passes.keyring.make(credential_id, assigned.serial)
        status = await self._told(password)
        if status not in TAKEN:
            await passes.keyring.forget([credential_id])
            return _not_taken(status)
        answer = _taken(status)
        position = await passes.record(
            assigned.serial,
            lambda state: credentials.introduce(state, assigned, credential_id),
            *(command.command_id, mark, answer),
        )
        return answer.model_copy(update={"position": position})

    async def _told(self, password: str) -> str:
        try:
            return await status_of(self._tongue.set_password(password))
        except Unanswered as fault:
            raise NoAnswer(
                f"{fault}; whether the charger has taken the new password is unknown, so what it had "
                "before is good as well until it comes again; try again then"
            ) from fault


def _taken(status: str) -> Answer:
    if status == ACCEPTED:
        return ACCEPTED_ANSWER
    detail = "the charger uses its new password after its next restart: restart it now"
    return ACCEPTED_ANSWER.model_copy(update={"detail": detail})


def _not_taken(status: str) -> Answer:
    return refusal_of(
        RejectedByCharger(
            f"the charger answered {status} to the new password and goes on as before; enter one by "
            "hand: ampledger charger credential issue"
        )
    )


async def _reply(message: Msg, answer: Answer) -> None:
    try:
        await message.respond(answer.model_dump_json(exclude_none=True).encode())
    except NatsError as error:
        log.warning("answer not sent", error=repr(error))

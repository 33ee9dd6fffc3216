"""
What people wish of one connected charger: read, done once, one after another, and answered.

What is done about each is elsewhere (`remote_control`, `upkeep_desk`, `reservations`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from services.telemetry.calls import Unanswered, status_of
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.limits import ChargerNotReady, NoAnswer
from services.telemetry.parts import Parts
from services.telemetry.replies import send_answer, unreadable
from shared.commands import UNAVAILABLE
from shared.context import acting, context_of
from shared.decider import Refused
from shared.ids import PersonId
from shared.messages import Answer, Verdict
from shared.messages.telemetry import SessionCommand
from shared.transact import answered_before, refusal_of

PERSON: Final = "person/"

C = TypeVar("C", bound=SessionCommand)
T = TypeVar("T")

log = structlog.get_logger()


def person_in(actor: str) -> PersonId | None:
    """
    Name the person an actor is; none if it is the operator, or a program.

    >>> person_in("person/ada"), person_in("cli")
    ('ada', None)
    """
    return actor.removeprefix(PERSON) if actor.startswith(PERSON) else None


class Wishes:
    """Takes what is wished of one connected charger, one after another."""

    def __init__(self, parts: Parts, history: History, ready: Callable[[], bool]) -> None:
        self._parts = parts
        self._history = history
        self._ready = ready
        self._turn = asyncio.Lock()

    async def take(
        self,
        message: Msg,
        kind: type[C],
        do: Callable[[C, str], Awaitable[Answer]],
        *,
        asks: bool = False,
    ) -> None:
        """
        Take a command from NATS.

        Args:
            message: what came.
            kind: what it should be.
            do: does it, for somebody, and answers.
            asks: it only asks the charger something, and is done anew whenever it comes.
        """
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
                answer = await self._answer(command, context.actor, do, asks=asks)
        await send_answer(message, answer)

    async def _answer(
        self,
        command: C,
        actor: str,
        do: Callable[[C, str], Awaitable[Answer]],
        *,
        asks: bool,
    ) -> Answer:
        try:
            first = None if asks else await answered_before(self._parts.store, command)
            if first is not None:
                return first
            if not self._ready():
                raise ChargerNotReady(
                    f"charger {command.charger_id} is not accepted yet; wait for ChargerConnected"
                )
            return await do(command, actor)
        except Refused as refusal:
            log.info("wish refused", refusal=type(refusal).__name__, detail=refusal.detail)
            return refusal_of(refusal)
        except LOG_FAULTS as fault:
            log.warning("wish not put on record", fault=repr(fault))
            detail = f"the log could not take it ({fault!r}); send it again under the same id"
            return Answer(verdict=Verdict.REFUSED, refusal=UNAVAILABLE, detail=detail)


async def answer_of(asked: Awaitable[T]) -> T:
    """
    Wait for what a charger answers.

    Raises:
        NoAnswer: it does not, so that it is unknown whether it will do it.
        AnsweredError: it says that it cannot.
    """
    try:
        return await asked
    except Unanswered as fault:
        raise NoAnswer(
            f"{fault}; whether the charger will do it is unknown, look at what it says next"
        ) from fault


async def word_of(asked: Awaitable[str]) -> str:
    """
    Wait for a charger's word; that it cannot is one, too.

    Raises:
        NoAnswer: it does not answer.
    """
    return await answer_of(status_of(asked))

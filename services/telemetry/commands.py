"""
Limits for one charger: taken from NATS, sent one after another, answered to whoever asked.

While one is on its way only the newest waits; a slow charger delays nobody but itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from services.telemetry.calls import Unanswered, status_of
from services.telemetry.charger import ACCEPTED
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.holding import Holding
from services.telemetry.limits import (
    ChargerNotReady,
    LimitContext,
    LimitNotHeld,
    NoAnswer,
    PhaseNotTellable,
    RejectedByCharger,
    StaleSequence,
    Superseded,
    limit_answered,
    limit_answered_before,
)
from services.telemetry.metrics import LIMITS
from services.telemetry.parts import Parts
from services.telemetry.replies import send_answer, unreadable
from services.telemetry.ways import NOT_HELD, Limit
from shared import tracing
from shared.clock import utc_now
from shared.commands import UNAVAILABLE
from shared.context import Context, acting, context_of
from shared.decider import Refused
from shared.event_store import fingerprint
from shared.messages import Answer, Verdict
from shared.messages.telemetry import NOT_TELLABLE, SetCurrentLimit
from shared.transact import ACCEPTED as ACCEPTED_ANSWER
from shared.transact import answered_before, refusal_of

log = structlog.get_logger()

Reply = Callable[[Answer], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Order:
    """A limit that somebody waits to have answered."""

    command: SetCurrentLimit
    context: Context
    reply: Reply
    traceparent: str | None = None
    """What is traced while it is taken; it is sent by a task that serves others as well."""

    @property
    def rank(self) -> tuple[int, int]:
        return (self.command.epoch, self.command.sequence)


class LimitDesk:
    """Takes the limits of one connected charger."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        holding: Holding,
        ready: Callable[[], bool],
        on_taken: Callable[[], None],
    ) -> None:
        """
        Make it.

        Args:
            parts: what all connections stand on.
            history: the charger's.
            holding: tells it what it is to hold.
            ready: whether it is accepted.
            on_taken: told whenever it has taken a limit.
        """
        self._parts = parts
        self._history = history
        self._holding = holding
        self._on_taken = on_taken
        self._ready = ready
        self._waiting: Order | None = None
        self._sending: asyncio.Task[None] | None = None
        self._closed = False

    # --- Taking ---

    async def on_message(self, message: Msg) -> None:
        """Take a command from NATS; the answer follows when the charger has given it."""
        reply = partial(send_answer, message)
        try:
            command = SetCurrentLimit.model_validate_json(message.data)
        except ValidationError as error:
            await reply(unreadable(error))
            return
        assigned = self._history.assigned
        if (command.installation_id, command.charger_id) != (
            assigned.installation_id,
            assigned.charger_id,
        ):
            # The charger has moved: whoever holds its connection there answers.
            log.info("limit for another charger", installation_id=command.installation_id)
            return
        context = context_of(message.headers, default_actor="anonymous")
        await self.take(Order(command, context, reply, tracing.traceparent()))

    async def take(self, order: Order) -> None:
        """Put an order in the waiting place, in front of nobody who is newer."""
        waiting = self._waiting
        if self._closed:
            await order.reply(refusal_of(_not_ready(order.command)))
        elif waiting is not None and order.rank < waiting.rank:
            await order.reply(
                refusal_of(StaleSequence(f"limit {waiting.rank[1]} waits already; count on"))
            )
        else:
            self._waiting = order
            if self._sending is None:
                self._sending = asyncio.create_task(self._send_on(), name="limits")
            if waiting is not None:
                newer = f"limit {order.rank[1]} came before this one was sent"
                await waiting.reply(refusal_of(Superseded(newer)))

    # --- Sending ---

    async def _send_on(self) -> None:
        """Send what waits, one after another, until nothing does."""
        try:
            while self._waiting is not None:
                order, self._waiting = self._waiting, None
                if self._closed:
                    await order.reply(refusal_of(_not_ready(order.command)))
                else:
                    await self._serve(order)
        finally:
            self._sending = None

    async def _serve(self, order: Order) -> None:
        context = order.context
        with (
            acting(context.actor, context.correlation_id, context.causation_id),
            tracing.following(order.traceparent, "limit"),
        ):
            try:
                answer = await self._answer(order.command)
            except asyncio.CancelledError:
                await order.reply(refusal_of(NoAnswer("the gateway stops")))
                raise
            LIMITS.labels(answer.refusal or "accepted").inc()
            if not answer.accepted:
                log.info(
                    "limit refused",
                    refusal=answer.refusal,
                    detail=answer.detail,
                    sequence=order.command.sequence,
                    epoch=order.command.epoch,
                )
            await order.reply(answer)

    async def _answer(self, command: SetCurrentLimit) -> Answer:
        try:
            return await self._decide(command)
        except Refused as refusal:
            return refusal_of(refusal)
        except LOG_FAULTS as fault:
            log.warning("limit not put on record", fault=repr(fault))
            detail = f"the log could not take it ({fault!r}); send a newer limit"
            return Answer(verdict=Verdict.REFUSED, refusal=UNAVAILABLE, detail=detail)

    async def _decide(self, command: SetCurrentLimit) -> Answer:
        first = await answered_before(self._parts.store, command)
        if first is not None:
            return first
        newest_epoch = await self._parts.epochs.see(command.installation_id, command.epoch)
        known = LimitContext(
            newest_epoch,
            self._history.newest_sent,
            self._ready(),
            utc_now(),
            self._history.assigned.barred,
        )
        before = limit_answered_before(self._history.state, command, known)
        if before is not None:
            return _answer_of(before)
        if not await self._history.held():
            raise _not_ready(command)
        status = await self._send(command)
        answer, event = _answer_of(status), limit_answered(command, status, utc_now())
        position = await self._history.record(
            [event], command.command_id, fingerprint(command), answer
        )
        if status == ACCEPTED:
            self._on_taken()
        return answer.model_copy(update={"position": position})

    async def _send(self, command: SetCurrentLimit) -> str:
        self._history.newest_sent = max(
            self._history.newest_sent, (command.epoch, command.sequence)
        )
        if not self._holding.tellable(command.terminals):
            return NOT_TELLABLE
        limit = Limit(command.limit_a, command.valid_until, command.sequence, command.terminals)
        try:
            return await status_of(self._holding.put_limit(limit))
        except Unanswered as fault:
            raise NoAnswer(
                f"{fault}; whether the limit is in force is unknown, count the higher of "
                "it and the former one"
            ) from fault

    # --- The end ---

    def close(self) -> None:
        """The connection is gone: nothing more is sent."""
        self._closed = True

    async def finish(self, within_s: float) -> None:
        """Give the last answers, for no longer than so long."""
        if self._sending is not None:
            sending = self._sending
            await asyncio.wait([sending], timeout=within_s)
            sending.cancel()


def _not_ready(command: SetCurrentLimit) -> ChargerNotReady:
    return ChargerNotReady(
        f"the connection to charger {command.charger_id} is gone; wait for ChargerConnected"
    )


def _answer_of(status: str) -> Answer:
    if status == ACCEPTED:
        return ACCEPTED_ANSWER
    if status == NOT_HELD:
        return refusal_of(
            LimitNotHeld(
                "the charger can hold nothing but its fail-safe; count it at that, and send it no limits"
            )
        )
    if status == NOT_TELLABLE:
        return refusal_of(
            PhaseNotTellable(
                "its protocol tells a charger how many phases to use, not which one; choose its first "
                "terminal, or all of them; its former limit stays in force"
            )
        )
    return refusal_of(
        RejectedByCharger(f"the charger answered {status}; its former limit stays in force")
    )

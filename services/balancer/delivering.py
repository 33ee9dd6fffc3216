"""
Limits on their way to gateways.

There are many of them, and all are answered to one inbox: a request for each would cost more than
the limit. Whether one is in force is told by events, and it is sent again if not; what is answered here is
counted, and written down where something was wrong.
"""

import asyncio
from itertools import count
from typing import Final, NamedTuple

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.balancer.metrics import LIMITS
from shared import subjects, tracing
from shared.clock import uptime_s
from shared.context import Context
from shared.messages import Answer
from shared.messages.telemetry import SetCurrentLimit

ANSWER_S_MAX: Final = 12.0
LOOK_PAUSE_S: Final = 1.0
NOBODY_LISTENS: Final = "503"
"""The status with which NATS answers what nobody has taken."""

log = structlog.get_logger()


class _Sent(NamedTuple):
    command: SetCurrentLimit
    until_s: float


class Deliveries:
    """
    Sends limits, and hears what became of them.

    Args:
        client: by which they go.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._numbers = count(1)
        self._sent: dict[str, _Sent] = {}

    async def listen(self) -> None:
        """Hear answers from now on."""
        await self._client.subscribe(f"{self._inbox}.*", cb=self.on_answer)

    async def send(self, command: SetCurrentLimit, context: Context) -> None:
        """Send a limit, and do not wait for its answer."""
        number = str(next(self._numbers))
        self._sent[number] = _Sent(command, uptime_s() + ANSWER_S_MAX)
        try:
            await self._client.publish(
                subjects.charger_command(SetCurrentLimit, command.charger_id),
                # A gateway of an older version refuses fields that it does not know: those that say
                # nothing are left out, so that versions may run beside each other.
                command.model_dump_json(exclude_defaults=True).encode(),
                reply=f"{self._inbox}.{number}",
                headers=context.headers() | tracing.headers(),
            )
        except (NatsError, OSError) as error:
            self._undelivered(number, repr(error))

    async def on_answer(self, message: Msg) -> None:
        """Take an answer; one that comes after its time was given up already."""
        number = message.subject.rpartition(".")[2]
        if (message.headers or {}).get("Status") == NOBODY_LISTENS:
            self._undelivered(number, "nobody listens")
            return
        sent = self._sent.pop(number, None)
        if sent is None:
            return
        try:
            answer = Answer.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("answer refused", charger_id=sent.command.charger_id, error=str(error))
            return
        LIMITS.labels(answer.refusal or "accepted").inc()
        if not answer.accepted:
            log.warning(
                "limit refused",
                charger_id=sent.command.charger_id,
                limit_a=sent.command.limit_a,
                sequence=sent.command.sequence,
                refusal=answer.refusal,
                detail=answer.detail,
            )

    async def run(self) -> None:
        """Give up for ever what was not answered in time."""
        while True:
            await asyncio.sleep(LOOK_PAUSE_S)
            self.give_up(uptime_s())

    def give_up(self, now_s: float) -> None:
        """Give up what should have been answered by a moment of `uptime_s`."""
        for number in [it for it, sent in self._sent.items() if sent.until_s <= now_s]:
            self._undelivered(number, f"no answer within {ANSWER_S_MAX} s")

    def _undelivered(self, number: str, why: str) -> None:
        sent = self._sent.pop(number, None)
        if sent is not None:
            LIMITS.labels("undelivered").inc()
            log.warning("limit not delivered", charger_id=sent.command.charger_id, error=why)

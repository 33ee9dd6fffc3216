"""
Takes readings from their jetstream and keeps them.

All processes of the service pull from one durable consumer, so that they share the work, and a process that
is behind takes nothing from one that is not. A batch is written in one transaction and acknowledged after
that. What was written and not acknowledged, because something died in between, comes again, to whichever
process, and is known by its times: it is written once (`keeping.py`).

Nobody waits for it: chargers and the balancer have their readings from elsewhere. It yields to them
between any two steps, and after an outage it takes batch after batch until it has caught up.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.telemetry.readings.keeping import Keeping
from services.telemetry.readings.rows import Row, Unkeepable, row_of
from shared import subjects
from shared.event_store import DATABASE_FAULTS
from shared.messages.telemetry import BreakerReading, MeterReading
from shared.pace import Pace
from shared.pull import BATCH_MAX, Pull, sharing
from shared.readings_consumer import readings_consumer
from shared.tasks import in_child, keep_running

STEP: Final = 50
"""After how many readings it is looked whether somebody waits for this process: about a millisecond."""
APART_S: Final = 1.0
"""How far apart batches are taken where readings come all the time: many cost little more than one."""
TAKE_S_MAX: Final = 15.0
PAUSE_S: Final = 0.5

Kind = type[MeterReading | BreakerReading]

log = structlog.get_logger()


class Taking:
    """
    Keeps what is published of one kind.

    Args:
        client: of NATS.
        kind: of readings.
        keeping: writes readings.
        age_max: what is older than this when it comes is not believed to be.
    """

    def __init__(
        self, client: Client, kind: Kind, keeping: Keeping, age_max: timedelta
    ) -> None:
        self._client = client
        self._kind = kind
        self._keeping = keeping
        self._age_max = age_max
        self._pace = Pace(APART_S)

    async def run(self) -> None:
        """Keep readings, for ever; on any fault begin again from what is not acknowledged."""
        faults = (*DATABASE_FAULTS, NatsError, TimeoutError)
        await keep_running(self._take_all, faults, self._on_fault, PAUSE_S)

    def _on_fault(self, fault: Exception) -> None:
        log.warning("readings wait to be kept", error=repr(fault))

    async def _take_all(self) -> None:
        consumer = readings_consumer(self._kind)
        async with sharing(self._client, subjects.TELEMETRY_JETSTREAM, consumer) as pull:
            while True:
                await self._take(pull)

    async def _take(self, pull: Pull) -> None:
        messages = await pull.batch()
        if messages:
            messages += await pull.gathered(self._pace, BATCH_MAX - len(messages))
            await in_child(self._keep(messages), TAKE_S_MAX)

    async def _keep(self, messages: Sequence[Msg]) -> None:
        rows: list[Row] = []
        for some in _steps(messages):
            rows += (row for row in map(self._row, some) if row is not None)
            await asyncio.sleep(0)
        await self._keeping.keep(rows)
        for some in _steps(messages):
            for message in some:
                await message.ack()
            await asyncio.sleep(0)

    def _row(self, message: Msg) -> Row | None:
        """Read a reading; one that cannot be read would be in the way of all others for ever."""
        try:
            return row_of(self._kind.model_validate_json(message.data), self._age_max)
        except (ValidationError, Unkeepable) as error:
            log.warning("reading left out", subject=message.subject, error=str(error))
            return None


def _steps(messages: Sequence[Msg]) -> Iterable[Sequence[Msg]]:
    return (messages[it : it + STEP] for it in range(0, len(messages), STEP))

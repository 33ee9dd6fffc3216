"""
Readings on their way to the jetstream of telemetry.

A charger's socket never waits for them. While NATS is away they queue up; when the queue is
full the oldest go, and how many went is logged: a reading is worth little when it is old.
"""

import asyncio
from collections import deque
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError

from shared import subjects
from shared.messages.telemetry import BreakerReading, MeterReading
from shared.messaging import ensure_jetstream, telemetry_jetstream
from shared.tasks import keep_running

QUEUE_MAX: Final = 20_000
WINDOW_MAX: Final = 128
"""How many readings may be on their way unconfirmed."""
PUBLISH_TIMEOUT_S: Final = 3.0
PAUSE_S: Final = 0.25

log = structlog.get_logger()

_Item = tuple[str, bytes]


class Publisher:
    """Publishes readings, each confirmed by JetStream; after a fault some may come twice."""

    def __init__(self, client: Client, queue_max: int = QUEUE_MAX) -> None:
        self._client = client
        self._js = client.jetstream()
        self._queue: deque[_Item] = deque()
        self._queue_max = queue_max
        self._filled = asyncio.Event()
        self.dropped = 0
        """How many readings were lost because NATS was away for too long."""
        self._told = 0

    def offer(self, reading: MeterReading | BreakerReading) -> None:
        """Hand in a reading; returns at once."""
        source = reading.charger_id if isinstance(reading, MeterReading) else reading.meter_id
        subject = subjects.telemetry(type(reading), reading.installation_id, source)
        self._put((subject, reading.model_dump_json(exclude_none=True).encode()))

    def waiting(self) -> list[bytes]:
        """Name the readings that are not published yet, the oldest first."""
        return [data for _, data in self._queue]

    def _put(self, item: _Item) -> None:
        self._queue.append(item)
        while len(self._queue) > self._queue_max:
            self._queue.popleft()
            self.dropped += 1
        self._filled.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        await keep_running(
            self._publish_all, (OSError, TimeoutError, NatsError), self._on_fault, PAUSE_S
        )

    async def _publish_all(self) -> None:
        await ensure_jetstream(self._js, telemetry_jetstream())
        while True:
            await self._filled.wait()
            await self._publish_window()
            self._tell_losses()

    def _on_fault(self, fault: Exception) -> None:
        log.warning("readings wait", error=repr(fault), waiting=len(self._queue))
        self._tell_losses()

    def _tell_losses(self) -> None:
        if self.dropped > self._told:
            lost = self.dropped - self._told
            log.error("readings lost", readings=lost, readings_total=self.dropped)
            self._told = self.dropped

    async def _publish_window(self) -> None:
        if not self._client.is_connected:
            raise ConnectionClosedError
        window = [self._queue.popleft() for _ in range(min(WINDOW_MAX, len(self._queue)))]
        if not self._queue:
            self._filled.clear()
        outcomes = await asyncio.gather(
            *(self._publish(*item) for item in window), return_exceptions=True
        )
        failed = [
            (item, fault)
            for item, fault in zip(window, outcomes, strict=True)
            if isinstance(fault, BaseException)
        ]
        for item, _ in reversed(failed):
            self._queue.appendleft(item)
        if failed:
            self._filled.set()
            raise failed[0][1]

    async def _publish(self, subject: str, data: bytes) -> None:
        await self._js.publish(subject, data, timeout=PUBLISH_TIMEOUT_S)

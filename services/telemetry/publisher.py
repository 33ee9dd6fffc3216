"""
Readings on their way to the jetstream of telemetry.

What is handed in within some milliseconds is a window, sent in one go; many in it are one batch
(`shared/batches.py`), confirmed as a whole. So a busy gateway waits for one answer where it would wait for
hundreds, everybody who hears readings wakes up once for many, and a quiet gateway sends each reading at
once. Whoever has handed in readings may wait until they are stored, and answers its charger then.

While NATS is away nobody waits: readings queue up; when the queue is full the oldest go, and how many went
is logged: a reading is worth little when it is old.
"""

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError

from services.telemetry import metrics
from shared import subjects, tracing
from shared.batches import WORTH_IT, Headers, ask, publish_batch
from shared.messages.telemetry import BreakerReading, MeterReading
from shared.messaging import ensure_jetstream, telemetry_jetstream
from shared.metrics import Tally
from shared.tasks import keep_running

QUEUE_MAX: Final = 20_000
WINDOW_MAX: Final = 500
"""How many readings may be on their way unconfirmed; the server takes twice as many."""
WINDOW_S: Final = 0.01
"""For how long readings are gathered that go together; one that comes alone leaves at once."""
BUSY_WINDOW_S: Final = 0.1
"""For how long where they are then enough for a batch."""
WINDOW_FULL: Final = 64
"""So many are sent whatever the time: each further one would make the batch little cheaper."""
PUBLISH_TIMEOUT_S: Final = 3.0
PAUSE_S: Final = 0.25
SUBJECTS_KEPT: Final = 20_000

log = structlog.get_logger()

_Item = tuple[str, bytes, str | None]
"""Subject, content, and what is traced while it is handed in."""
_subject = lru_cache(SUBJECTS_KEPT)(subjects.telemetry)
"""A charger's readings all go to the same one."""
_METERED: Final = Tally(metrics.READINGS.labels("charger"))
_MEASURED: Final = Tally(metrics.READINGS.labels("breaker"))


@dataclass(slots=True, eq=False)
class _Window:
    """Readings that are sent and confirmed together."""

    items: deque[_Item] = field(default_factory=deque)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """They are stored, or were not the first time: nobody waits for them any longer."""
    then: list[Callable[[], None]] = field(default_factory=list)
    """What is done at that moment."""

    def end(self) -> None:
        """Have nobody wait any longer."""
        self.over.set()
        then, self.then = self.then, []
        for act in then:
            act()


class Publisher:
    """Publishes readings, confirmed by JetStream; after a fault some may come twice."""

    def __init__(self, client: Client, queue_max: int = QUEUE_MAX) -> None:
        self.beat: Callable[[], None] = lambda: None
        """Called whenever something was sent, or could not be."""
        self._client = client
        self._js = client.jetstream()
        self._windows: deque[_Window] = deque()
        self._newest = _Window()
        """The window of what was handed in last, waiting or sent."""
        self._waiting = 0
        self._queue_max = queue_max
        self._filled = asyncio.Event()
        self._full = asyncio.Event()
        self._away = False
        self.dropped = 0
        """How many readings were lost because NATS was away for too long."""
        self._told = 0
        metrics.READINGS_WAITING.set_function(lambda: self._waiting)

    def offer(self, reading: MeterReading | BreakerReading) -> None:
        """Hand in a reading; returns at once."""
        if isinstance(reading, MeterReading):
            source, counted = reading.charger_id, _METERED
        else:
            source, counted = reading.meter_id, _MEASURED
        counted.inc()
        subject = _subject(type(reading), reading.installation_id, source)
        data = reading.model_dump_json(exclude_none=True).encode()
        self._put((subject, data, tracing.traceparent()))

    async def stored(self) -> None:
        """Wait until all that was handed in so far is stored; not while NATS is away."""
        if not self._away:
            await self._newest.over.wait()

    def when_stored(self, act: Callable[[], None]) -> None:
        """Do something once all that was handed in so far is stored; at once while NATS is away."""
        if self._away or self._newest.over.is_set():
            act()
        else:
            self._newest.then.append(act)

    def waiting(self) -> list[bytes]:
        """Name the readings that are not published yet, the oldest first."""
        return [data for window in self._windows for _, data, _ in window.items]

    def _put(self, item: _Item) -> None:
        if not self._windows or len(self._windows[-1].items) >= WINDOW_MAX:
            self._windows.append(_Window())
        self._newest = self._windows[-1]
        self._newest.items.append(item)
        self._waiting += 1
        while self._waiting > self._queue_max:
            self._drop_oldest()
        self._filled.set()
        if self._waiting >= WINDOW_FULL:
            self._full.set()

    def _drop_oldest(self) -> None:
        oldest = self._windows[0]
        oldest.items.popleft()
        self._waiting -= 1
        self.dropped += 1
        if not oldest.items:
            self._windows.popleft().end()

    async def run(self) -> None:
        """Publish until cancelled."""
        await keep_running(
            self._publish_all, (OSError, TimeoutError, NatsError), self._on_fault, PAUSE_S
        )

    async def _publish_all(self) -> None:
        await ensure_jetstream(self._js, telemetry_jetstream())
        loop = asyncio.get_running_loop()
        sent_at_s, window_s = -math.inf, WINDOW_S
        while True:
            await self._filled.wait()
            await self._gather(sent_at_s + window_s - loop.time())
            now_s = loop.time()
            enough = WORTH_IT * (now_s - sent_at_s) / BUSY_WINDOW_S
            window_s = BUSY_WINDOW_S if self._waiting >= enough else WINDOW_S
            sent_at_s = now_s
            await self._publish_oldest()
            self._tell_losses()

    async def _gather(self, for_s: float) -> None:
        """Wait for what goes with what waits already."""
        self._full.clear()
        if for_s > 0 and self._waiting < WINDOW_FULL:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(for_s):
                    await self._full.wait()

    def idle(self) -> bool:
        """Tell whether nothing waits, nor is on its way."""
        newest = self._newest
        return self._waiting == 0 and (not newest.items or newest.over.is_set())

    def _on_fault(self, fault: Exception) -> None:
        self.beat()
        self._away = True
        for window in self._windows:
            window.end()
        log.warning("readings wait", error=repr(fault), waiting=self._waiting)
        self._tell_losses()

    def _tell_losses(self) -> None:
        if self.dropped > self._told:
            lost = self.dropped - self._told
            metrics.READINGS_LOST.inc(lost)
            log.error("readings lost", readings=lost, readings_total=self.dropped)
            self._told = self.dropped

    async def _publish_oldest(self) -> None:
        if not self._client.is_connected:
            raise ConnectionClosedError
        window = self._windows.popleft()
        self._waiting -= len(window.items)
        if not self._windows:
            self._filled.clear()
        stored, begun_s = False, time.perf_counter()
        try:
            await self._publish(window.items)
            stored = True
            metrics.STORING.observe(time.perf_counter() - begun_s)
        finally:
            if not stored:
                self._windows.appendleft(window)
                self._waiting += len(window.items)
                self._filled.set()
        self._away = False
        self.beat()
        window.end()

    async def _publish(self, items: deque[_Item]) -> None:
        """
        Publish readings, all of them.

        Raises:
            APIError, TimeoutError, NatsError: some were not taken, or nobody knows.
        """
        messages = [(subject, data, _traced(by)) for subject, data, by in items]
        if len(messages) >= WORTH_IT:
            await publish_batch(self._client, messages, PUBLISH_TIMEOUT_S)
            return
        asked = [
            ask(self._client, subject, data, headers or None, PUBLISH_TIMEOUT_S)
            for subject, data, headers in messages
        ]
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome


def _traced(traceparent: str | None) -> Headers:
    return {} if traceparent is None else {tracing.HEADER: traceparent}

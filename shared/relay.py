"""
The relay: copies a service's log to its jetstream, in order.

The jetstream's sequence *is* the log's position. Every publication names the sequence it expects to
follow, so a second relay, or one that was paused, cannot publish anything twice or out of order, and
the jetstream is its own checkpoint. PostgreSQL is the truth: a lost tail is published again at the
same sequences, a lost jetstream from the beginning.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final

import orjson
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from shared import subjects
from shared.context import CAUSATION_HEADER, CORRELATION_HEADER
from shared.event_store import DATABASE_FAULTS, EventStore
from shared.ids import new_id
from shared.messaging import ensure_jetstream, log_jetstream
from shared.recorded import Recorded
from shared.tasks import end_if_cancelled

BATCH_MAX: Final = 500
POLL_S: Final = 0.5
"""How long a lost notification can delay an event."""
LOOK_S: Final = 2.0
"""How often an idle relay makes sure that the jetstream still holds what it was given."""
ERROR_PAUSE_S: Final = 0.5
PUBLISH_TIMEOUT_S: Final = 5.0
ATOMIC_MIN: Final = 2
"""From how many events on they are published as one atomic batch (NATS ADR-50)."""

META_HEADER: Final = "Ampledger-Meta"
EVENT_ID_HEADER: Final = "Ampledger-Event-Id"
STREAM_HEADER: Final = "Ampledger-Stream"
VERSION_HEADER: Final = "Ampledger-Version"
SCHEMA_HEADER: Final = "Ampledger-Schema"
RECORDED_AT_HEADER: Final = "Ampledger-Recorded-At"

log = structlog.get_logger()


class LogShorterThanJetstream(Exception):
    """The jetstream holds events that the log does not: a backup was restored. Nothing may be
    published until an operator decides which is true.
    """


class Relay:
    """Copies one log. Any number may run; only one can publish at a time."""

    def __init__(self, service: str, store: EventStore, client: Client) -> None:
        self._service = service
        self._store = store
        self._client = client
        self._js = client.jetstream()
        self._hint = asyncio.Event()
        self._published: int | None = None
        self._looked_s = 0.0

    @property
    def published(self) -> int | None:
        """The position up to which the jetstream is known to be the log; none while unknown."""
        return self._published

    async def run(self) -> None:
        """
        Copy for ever; on any fault forget what was known, and ask the jetstream where it is.

        Raises:
            LogShorterThanJetstream: the log has lost events that were announced.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(), name="relay-listen")
            tasks.create_task(self._copy(), name="relay-copy")

    async def _listen(self) -> None:
        """Turn the database's notifications into hints; polling covers the lost ones."""
        while True:
            end_if_cancelled()
            try:
                async with self._store.pool.acquire() as connection:
                    await connection.add_listener("log", self._on_notification)
                    try:
                        while not connection.is_closed():  # noqa: ASYNC110  # it tells whoever asks
                            await asyncio.sleep(POLL_S)
                    finally:
                        await connection.remove_listener("log", self._on_notification)
            except DATABASE_FAULTS as error:
                log.warning("relay lost its notifications, polling", error=str(error))
            await asyncio.sleep(ERROR_PAUSE_S)

    def _on_notification(self, *_: Any) -> None:  # noqa: ANN401  # asyncpg's listener signature
        self._hint.set()

    async def _copy(self) -> None:
        while True:
            end_if_cancelled()
            try:
                await self._copy_once()
            except (*DATABASE_FAULTS, NatsError) as error:
                log.warning("relay starts over", service=self._service, error=repr(error))
                self._published = None
                await asyncio.sleep(ERROR_PAUSE_S)

    async def _copy_once(self) -> None:
        if self._published is None:
            self._published = await self._resume()
        self._hint.clear()
        batch = await self._store.read(after=self._published, limit=BATCH_MAX)
        if batch:
            await self._publish(batch)
            self._published = batch[-1].position
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), POLL_S)
            if not self._hint.is_set():
                await self._look()

    async def _look(self) -> None:
        """Notice a jetstream that was lost while there is nothing to publish."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        info = await self._js.stream_info(subjects.jetstream_of(self._service))
        if info.state.last_seq != self._published:
            self._published = None  # another relay was first, or something is lost

    async def _resume(self) -> int:
        await ensure_jetstream(self._js, log_jetstream(self._service))
        name = subjects.jetstream_of(self._service)
        info = await self._js.stream_info(name)
        last = int(info.state.last_seq)
        if last == 0:
            return 0
        newest = await self._js.get_msg(name, seq=last)
        ours = await self._store.read(after=last - 1, limit=1)
        announced = (newest.headers or {}).get(EVENT_ID_HEADER)
        if not ours or str(ours[0].event_id) != announced:
            raise LogShorterThanJetstream(
                f"jetstream {name} ends with event {announced} at {last}, the log of "
                f"{self._service} does not hold it there: it was restored from an older copy; "
                "stop the consumers and begin a new epoch of the log"
            )
        return last

    async def _publish(self, batch: Sequence[Recorded]) -> None:
        if len(batch) < ATOMIC_MIN:
            for recorded in batch:
                headers = headers_of(recorded)
                headers["Nats-Expected-Last-Sequence"] = str(recorded.position - 1)
                await self._js.publish(
                    subjects.event(recorded.event),
                    recorded.data,
                    timeout=PUBLISH_TIMEOUT_S,
                    headers=headers,
                )
            return
        await self._publish_atomically(batch)

    async def _publish_atomically(self, batch: Sequence[Recorded]) -> None:
        batch_id = new_id()
        for index, recorded in enumerate(batch, start=1):
            headers = headers_of(recorded)
            headers["Nats-Batch-Id"] = batch_id
            headers["Nats-Batch-Sequence"] = str(index)
            if index == 1:
                headers["Nats-Expected-Last-Sequence"] = str(recorded.position - 1)
            subject = subjects.event(recorded.event)
            if index < len(batch):
                await self._client.publish(subject, recorded.data, headers=headers)
                continue
            headers["Nats-Batch-Commit"] = "1"
            reply = await self._client.request(
                subject, recorded.data, timeout=PUBLISH_TIMEOUT_S, headers=headers
            )
        _check(reply.data)


def _check(reply: bytes) -> None:
    answer = orjson.loads(reply)
    if "error" in answer:
        raise APIError.from_error(answer["error"])


def headers_of(recorded: Recorded) -> dict[str, str]:
    """Spell everything that is known about an event's recording as NATS headers."""
    headers = {
        EVENT_ID_HEADER: str(recorded.event_id),
        STREAM_HEADER: recorded.stream,
        VERSION_HEADER: str(recorded.version),
        SCHEMA_HEADER: str(recorded.schema_version),
        RECORDED_AT_HEADER: recorded.recorded_at.isoformat(),
        META_HEADER: recorded.meta.model_dump_json(exclude_none=True),
        CORRELATION_HEADER: recorded.meta.correlation_id,
    }
    if recorded.meta.causation_id is not None:
        headers[CAUSATION_HEADER] = recorded.meta.causation_id
    return headers

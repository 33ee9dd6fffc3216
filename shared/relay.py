"""
The relay: copies a service's log to its jetstream, in order.

The jetstream's sequence *is* the log's position. Every publication names the jetstream and the sequence
it expects to follow, so a second relay, or one that was paused, cannot publish anything twice or out of
order, and the jetstream is its own checkpoint. PostgreSQL is the truth: a lost tail is published again at
the same sequences, a lost jetstream from the beginning.

Nothing is announced but what is on disk in PostgreSQL, or a crash would leave the jetstream ahead of the
log. The writer in the same process tells up to where that is, notifications tell it of the others; a relay
that looks without having been told waits for the disk itself.

Where the two contradict each other, the log has lost events that were announced. Then the relay halts
the log, says so, and waits for somebody to begin a new epoch of it (`shared/epochs.py`).
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared import epochs, metrics, subjects
from shared.announced import EVENT_ID_HEADER as EVENT_ID_HEADER
from shared.announced import META_HEADER as META_HEADER
from shared.announcing import announce
from shared.epochs import LogShorterThanJetstream as LogShorterThanJetstream
from shared.event_store import DATABASE_FAULTS, EventStore
from shared.recorded import Recorded
from shared.tasks import in_child, keep_running

BATCH_MAX: Final = 500
POLL_S: Final = 0.5
"""How long a lost notification can delay an event."""
LOOK_S: Final = 2.0
"""How often an idle relay makes sure that the jetstream still holds what it was given, and a halted one
looks whether it may go on."""
ERROR_PAUSE_S: Final = 0.5
STEP_S_MAX: Final = 30.0
"""A step that takes longer hangs on a connection that died unnoticed; the relay starts over."""
SAY_AGAIN_S: Final = 60.0
"""How often a halted relay says what it waits for."""

COPY_FAULTS: Final = (*DATABASE_FAULTS, NatsError)

log = structlog.get_logger()


class Relay:
    """
    Copies one log. Any number may run; only one can publish at a time.

    Args:
        service: whose log it is.
        store: the log.
        client: where it is announced.
        leads: whether this one is to publish. Where several run, those that stand by save one another
            from publications that are refused, and only look whether all is well.
    """

    def __init__(
        self,
        service: str,
        store: EventStore,
        client: Client,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._service = service
        self._store = store
        self._client = client
        self._leads = leads
        self._js = client.jetstream()
        self._hint = asyncio.Event()
        self._beat: Callable[[], None] = lambda: None
        self._epoch = 0
        self._published: int | None = None
        self._durable = 0
        """The position up to which the log is known to be on disk."""
        self._ahead: list[Recorded] = []
        """What was read while those before it were on their way."""
        self._complaint: str | None = None
        self._looked_s = 0.0
        self._said_s: float | None = None
        self._level_s = time.monotonic()
        """When all that was known to be on disk was last known to be announced."""
        metrics.RELAY_LAG.set_function(self.lag_s)
        metrics.LOG_HALTED.set_function(lambda: self._complaint is not None)

    @property
    def published(self) -> int | None:
        """The position up to which the jetstream is known to be the log; none while unknown."""
        return self._published

    @property
    def complaint(self) -> str | None:
        """What is wrong with the log, and what to do about it; none while it is copied."""
        return self._complaint

    def standing(self) -> bool | str:
        """For the health of the service: true, or why not."""
        return self._published is not None or self._complaint or False

    def lag_s(self) -> float:
        """For how many seconds something may have waited to be announced; 0 when nothing does."""
        now_s = time.monotonic()
        if self._published is not None and self._durable <= self._published:
            self._level_s = now_s
        return now_s - self._level_s

    async def agreed(self) -> None:
        """Wait until the jetstream is known to be the log: what it holds may be built upon."""
        while self._published is None:  # noqa: ASYNC110  # it may be lost and found several times
            await asyncio.sleep(POLL_S / 10)

    async def run(self, beat: Callable[[], None] = lambda: None) -> None:
        """
        Copy for ever; on any fault forget what was known, and ask the jetstream where it is.

        Args:
            beat: called each time it comes round.
        """
        self._beat = beat
        with self._store.telling(self._on_durable):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(
                    keep_running(
                        self._listen, DATABASE_FAULTS, self._on_silence, ERROR_PAUSE_S
                    ),
                    name="relay-listen",
                )
                tasks.create_task(
                    keep_running(self._copy, COPY_FAULTS, self._on_fault, ERROR_PAUSE_S),
                    name="relay-copy",
                )

    # --- Hints ---

    async def _listen(self) -> None:
        """Turn the database's notifications into hints; polling covers the lost ones."""
        async with self._store.pool.acquire() as connection:
            self._durable = 0  # it may be another server by now, which has lost something
            await connection.add_listener("log", self._on_notification)
            try:
                while not connection.is_closed():  # noqa: ASYNC110  # it tells whoever asks
                    await asyncio.sleep(POLL_S)
            finally:
                await connection.remove_listener("log", self._on_notification)

    def _on_notification(self, _: object, __: int, ___: str, position: str) -> None:
        self._on_durable(int(position))

    def _on_durable(self, position: int) -> bool:
        """Take the hint; other relays need it, too, unless this one is at work."""
        self._durable = max(self._durable, position)
        self._hint.set()
        return self._published is not None and self._leads()

    def _on_silence(self, fault: Exception) -> None:
        log.warning(
            "relay lost its notifications, polling", service=self._service, error=repr(fault)
        )

    # --- Copying ---

    async def _copy(self) -> None:
        self._published, self._ahead = None, []
        self._published = published = await self._resume()
        await self._look_for_more(published)
        while self._published is not None:
            self._beat()
            if self._leads():
                await in_child(self._copy_once(self._published), STEP_S_MAX)
            else:
                self._ahead = []
                await self._stand_by()

    def _on_fault(self, fault: Exception) -> None:
        self._published, self._durable = None, 0
        log.warning("relay starts over", service=self._service, error=repr(fault))

    async def _copy_once(self, published: int) -> None:
        batch, self._ahead = self._ahead, []
        if not batch:
            if not await self._told_of_more(published):
                await self._look_for_more(published)
            batch = await self._next(published)
        if batch:
            await self._announce(batch)
        else:
            self._durable = 0  # what is known of it may be of a log that was lost
            await self._look(published)

    async def _announce(self, batch: Sequence[Recorded]) -> None:
        """Announce events, and read what comes behind them meanwhile."""
        announcing = asyncio.create_task(
            announce(self._client, self._service, self._epoch, batch), name="announce"
        )
        announcing.add_done_callback(lambda _: self._hint.set())
        last = batch[-1].position
        try:
            while self._durable <= last and not announcing.done():
                self._hint.clear()
                await self._hint.wait()
            ahead = [] if announcing.done() else await self._next(last)
            await announcing
        finally:
            announcing.cancel()
        self._published, self._ahead = last, ahead

    async def _told_of_more(self, published: int) -> bool:
        """Wait for a notification of more than is published, for a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                while self._durable <= published:
                    self._hint.clear()
                    await self._hint.wait()
        return self._durable > published

    async def _look_for_more(self, published: int) -> None:
        head = await self._store.durable_head(published)
        self._durable = max(self._durable, head)

    async def _next(self, published: int) -> list[Recorded]:
        """Read what is on disk and not yet published."""
        more = min(BATCH_MAX, self._durable - published)
        return await self._store.read(after=published, limit=more) if more > 0 else []

    async def _stand_by(self) -> None:
        await asyncio.sleep(POLL_S)
        now_s = asyncio.get_running_loop().time()
        if self._leads() or now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._published = await self._resume()

    async def _look(self, published: int) -> None:
        """Notice a jetstream that was lost, or a new epoch, while there is nothing to publish."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        info = await self._js.stream_info(subjects.jetstream_of(self._service, self._epoch))
        state = await epochs.log_state(self._store.pool)
        if info.state.last_seq != published or state.epoch != self._epoch or state.halted_why:
            self._published = None  # another relay was first, or something is lost

    # --- Where to go on ---

    async def _resume(self) -> int:
        """Find the position up to which the jetstream is the log; wait while they contradict."""
        while True:
            self._beat()
            try:
                published = await in_child(self._take_up(), STEP_S_MAX)
            except LogShorterThanJetstream as fault:
                await in_child(self._halt(str(fault)), STEP_S_MAX)
                await asyncio.sleep(LOOK_S)
            else:
                self._complaint = self._said_s = None
                return published

    async def _take_up(self) -> int:
        """
        Compare the jetstream with the log, and make one where there is none.

        Raises:
            LogShorterThanJetstream: the log has lost events that were announced, or is halted.
        """
        while True:
            # The jetstream before the log: what is in it by now, the log holds ever after.
            copy = await epochs.present_copy(self._js, self._service)
            state = await epochs.log_state(self._store.pool)
            ours = await self._event_id_at(copy.last if copy is not None else 0)
            why = epochs.contradiction(self._service, copy, state, ours)
            if why is not None:
                raise LogShorterThanJetstream(why)
            current = copy is not None and copy.epoch == state.epoch
            if state.halted_why is not None and not (current and state.halted_by == "relay"):
                raise LogShorterThanJetstream(state.halted_why)
            if copy is None or not current:
                await self._store.make_durable()  # the head is promised to followers
                await epochs.take_over(self._js, self._service, state.epoch, state.position)
                continue
            await epochs.lift(self._store.pool, "relay")
            self._epoch = copy.epoch
            return copy.last

    async def _event_id_at(self, position: int) -> str | None:
        found = await self._store.read(after=position - 1, limit=1) if position else []
        return str(found[0].event_id) if found and found[0].position == position else None

    async def _halt(self, why: str) -> None:
        await epochs.halt(self._store.pool, "relay", why)
        self._complaint = epochs.complaint(self._service, why)
        now_s = asyncio.get_running_loop().time()
        if self._said_s is None or now_s - self._said_s >= SAY_AGAIN_S:
            self._said_s = now_s
            log.error("relay halted", service=self._service, why=self._complaint)

"""
The relay: copies a service's log to its jetstream, in order.

The jetstream's sequence *is* the log's position. Every publication names the jetstream and the sequence
it expects to follow, so a second relay, or one that was paused, cannot publish anything twice or out of
order, and the jetstream is its own checkpoint. PostgreSQL is the truth: a lost tail is published again at
the same sequences, a lost jetstream from the beginning.

Where the two contradict each other, the log has lost events that were announced. Then the relay halts
the log, says so, and waits for somebody to begin a new epoch of it (`shared/epochs.py`).
"""

import asyncio
import contextlib
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared import epochs, subjects
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
    """Copies one log. Any number may run; only one can publish at a time."""

    def __init__(self, service: str, store: EventStore, client: Client) -> None:
        self._service = service
        self._store = store
        self._client = client
        self._js = client.jetstream()
        self._hint = asyncio.Event()
        self._epoch = 0
        self._published: int | None = None
        self._complaint: str | None = None
        self._looked_s = 0.0
        self._said_s: float | None = None

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

    async def agreed(self) -> None:
        """Wait until the jetstream is known to be the log: what it holds may be built upon."""
        while self._published is None:  # noqa: ASYNC110  # it may be lost and found several times
            await asyncio.sleep(POLL_S / 10)

    async def run(self) -> None:
        """Copy for ever; on any fault forget what was known, and ask the jetstream where it is."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                keep_running(self._listen, DATABASE_FAULTS, self._on_silence, ERROR_PAUSE_S),
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
            await connection.add_listener("log", self._on_notification)
            try:
                while not connection.is_closed():  # noqa: ASYNC110  # it tells whoever asks
                    await asyncio.sleep(POLL_S)
            finally:
                await connection.remove_listener("log", self._on_notification)

    def _on_notification(self, *_: Any) -> None:  # noqa: ANN401  # asyncpg's listener signature
        self._hint.set()

    def _on_silence(self, fault: Exception) -> None:
        log.warning(
            "relay lost its notifications, polling", service=self._service, error=repr(fault)
        )

    # --- Copying ---

    async def _copy(self) -> None:
        self._published = None
        self._published = await self._resume()
        while self._published is not None:
            await in_child(self._copy_once(self._published), STEP_S_MAX)

    def _on_fault(self, fault: Exception) -> None:
        self._published = None
        log.warning("relay starts over", service=self._service, error=repr(fault))

    async def _copy_once(self, published: int) -> None:
        batch = await self._next(published)
        if not batch and await self._hinted():
            batch = await self._next(published)
        if batch:
            await announce(self._client, self._service, self._epoch, batch)
            self._published = batch[-1].position
        elif not self._hint.is_set():
            await self._look(published)

    async def _next(self, published: int) -> list[Recorded]:
        self._hint.clear()  # what is appended from here on is hinted at anew
        return await self._store.read(after=published, limit=BATCH_MAX)

    async def _hinted(self) -> bool:
        """Wait for a hint, for a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._hint.wait()
        return self._hint.is_set()

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

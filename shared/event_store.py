"""
The event store: one append-only log per service, in that service's own database.

    await store.append(Commit(...))     one command's events, on one or several streams
    await store.load("installation-x")  the history of one stream
    async for page in store.pages()     the whole log in global order, without gaps
    await store.read(after=120)         what of it comes next
    await store.make_durable()          what was read so far no crash undoes

One writer per process (`shared/appending.py`) coalesces concurrent commits into one call of one SQL
procedure, which takes the log's lock first: positions are dense, and a reader of ascending positions
misses nothing.

The lock is released before the disk has the events, so a reader may see some that a crash of the database
takes back. Whoever has decided on those appends behind them, and loses that, too. But who keeps in memory
what was read, passes it on, or answers by it has to have it made durable first.

Faults
    Conflict            another writer was first: decide again, never repeat the write
    Taken               a key belongs to somebody else
    CommandKnown        the command is in the log already: this is its first answer
    StoreOverloaded     too many commits are waiting: try again later
    StoreUnreachable    the database does not answer; the command id will tell what became of it
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import asyncpg

from shared import tracing
from shared.append_call import MAKE_DURABLE, first_answer
from shared.appending import Writer
from shared.commits import (
    DATABASE_FAULTS,
    CommandKnown,
    Commit,
    Conflict,
    FirstAnswer,
    StoreFault,
    StoreOverloaded,
    StoreUnreachable,
    StreamEvents,
    Taken,
    fingerprint,
)
from shared.metrics import APPEND_DURATION
from shared.recorded import Recorded
from shared.together import Together

__all__ = [
    "DATABASE_FAULTS",
    "CommandKnown",
    "Commit",
    "Conflict",
    "EventStore",
    "FirstAnswer",
    "StoreFault",
    "StoreOverloaded",
    "StoreUnreachable",
    "StreamEvents",
    "Taken",
    "fingerprint",
]

PAGE: Final = 500
"""How many events are read at a time. Of larger pages Python's memory makes more work than they save."""

_APPENDED: Final = APPEND_DURATION.labels("appended")
"""By far the most of them; it is looked up once."""
_SELECT: Final = (  # in the order of Recorded
    "select position, stream, version, event_id, timestamptz_send(recorded_at), type, schema, data, meta"
    " from event_log"
)


class EventStore:
    """A service's log. Open it with `EventStore.open`; to read only, no opening is needed."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self.pool = pool
        self._loads = Together(self._load)
        self._answers = Together(self._first_answers)
        self._writer: Writer | None = None
        self._hearing: list[Callable[[int], bool]] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, pool: "asyncpg.Pool[Any]") -> AsyncIterator["EventStore"]:
        """Start the writer; stop it, after what was handed in, at the end."""
        store = cls(pool)
        store._writer = Writer(pool, store._on_durable)
        try:
            yield store
        finally:
            await store._writer.close()

    async def load(self, stream: str, after_version: int = 0) -> list[Recorded]:
        """Read a stream's history in order."""
        return await self._loads.of((stream, after_version))

    async def _load(self, asked: Sequence[tuple[str, int]]) -> list[list[Recorded]]:
        if len(asked) == 1:
            rows = await self.pool.fetch(
                f"{_SELECT} where stream = $1 and version > $2 order by version", *asked[0]
            )
            return [[Recorded._make(row) for row in rows]]
        rows = await self.pool.fetch(
            "select asked.number, one.* from unnest($1::text[], $2::int[])"  # noqa: S608  # of constants
            " with ordinality as asked (stream, version, number), lateral"
            f" ({_SELECT} where stream = asked.stream and version > asked.version) as one"
            " order by asked.number, one.version",
            [stream for stream, _ in asked],
            [version for _, version in asked],
        )
        found: list[list[Recorded]] = [[] for _ in asked]
        for number, *row in rows:
            found[number - 1].append(Recorded._make(row))
        return found

    async def latest(self, stream: str, limit: int) -> list[Recorded]:
        """Read the end of a stream's history in order: so many events at most."""
        rows = await self.pool.fetch(
            f"{_SELECT} where stream = $1 order by version desc limit $2", stream, limit
        )
        return [Recorded._make(row) for row in reversed(rows)]

    async def read(self, after: int, limit: int = 1000) -> list[Recorded]:
        """Read the log in global order, from the position behind `after`."""
        rows = await self.pool.fetch(
            f"{_SELECT} where position > $1 order by position limit $2", after, limit
        )
        return [Recorded._make(row) for row in rows]

    async def pages(self, after: int = 0) -> AsyncIterator[list[Recorded]]:
        """Read the log in global order, from the position behind `after` to its end, page by page; while
        one page is looked at, the next one is on its way."""
        page = await self.read(after, PAGE)
        while page:
            ahead = asyncio.create_task(self.read(page[-1].position, PAGE))
            try:
                await asyncio.sleep(0)  # it is asked for before anybody begins to look
                yield page
                page = await ahead
            finally:
                ahead.cancel()

    async def durable_pages(self, after: int) -> AsyncIterator[list[Recorded]]:
        """Read what of the log is on disk by now, from the position behind `after`, page by page: for
        whoever keeps it in memory, which must not be ahead of a database that has crashed."""
        durable = await self.durable_head(after)
        while after < durable and (page := await self.read(after, min(PAGE, durable - after))):
            yield page
            after = page[-1].position

    async def newest(
        self,
        streams: Sequence[str],
        before: int | None = None,
        limit: int = PAGE,
        without: Sequence[str] = (),
    ) -> list[Recorded]:
        """
        Read the newest events of some streams, the latest one first.

        Args:
            streams: their names; some may not exist.
            before: only what lies in front of this position.
            limit: how many at most.
            without: types that are passed over.
        """
        rows = await self.pool.fetch(
            f"{_SELECT} where stream = any($1) and not type = any($2)"
            " and ($3::bigint is null or position < $3) order by position desc limit $4",
            list(streams),
            list(without),
            before,
            limit,
        )
        return [Recorded._make(row) for row in rows]

    async def head(self) -> int:
        """Name the position of the newest event; 0 for an empty log."""
        return int(await self.pool.fetchval("select position from log_head"))

    async def make_durable(self) -> None:
        """Wait until all that was read before is on disk."""
        await self.pool.execute(MAKE_DURABLE)

    async def durable_head(self, known: int) -> int:
        """Name the position of the newest event once it is on disk; only what is beyond a known one is
        waited for."""
        head = await self.head()
        if head > known:
            await self.make_durable()
        return head

    @contextlib.contextmanager
    def telling(self, hear: Callable[[int], bool]) -> Iterator[None]:
        """
        Tell somebody in this process whenever something that was appended through this store is on disk.

        Args:
            hear: told the position up to which the log is; says whether nobody else needs to be told.
        """
        self._hearing.append(hear)
        try:
            yield
        finally:
            self._hearing.remove(hear)

    def _on_durable(self, position: int) -> bool:
        enough = False
        for hear in self._hearing:  # all of them
            enough |= hear(position)
        return enough

    async def versions(self) -> dict[str, int]:
        """Name the version that every stream is at."""
        rows = await self.pool.fetch("select stream, version from log_stream")
        return {row["stream"]: row["version"] for row in rows}

    async def first_answer(self, command_id: str) -> FirstAnswer | None:
        """Look up what a command was answered when it came first; that it was is then on disk."""
        return await self._answers.of(command_id)

    async def _first_answers(self, command_ids: Sequence[str]) -> list[FirstAnswer | None]:
        rows = await self.pool.fetch(
            "select command_id, answer, fingerprint, position from log_command"
            " where command_id = any($1)",
            list(command_ids),
        )
        if rows:
            await (
                self.make_durable()
            )  # it may have come a moment ago, and be waiting for the disk
        found = {
            row["command_id"]: first_answer(row["answer"], row["fingerprint"], row["position"])
            for row in rows
        }
        return [found.get(it) for it in command_ids]

    async def append(self, commit: Commit) -> int:
        """
        Append one command's events and its answer, durably.

        Returns:
            The position of the last event, 0 if there were none.

        Raises:
            Conflict: a stream is at another version than expected.
            Taken: a claimed key belongs to somebody else.
            CommandKnown: the command id is in the log already.
            StoreOverloaded: too many commits are waiting.
            StoreUnreachable: the database did not answer for too long, or the store is closed.
            ValueError: a text of it cannot be stored.
        """
        if self._writer is None:
            raise StoreUnreachable("this store was not opened for appending")
        begun_s, took = time.perf_counter(), _APPENDED
        try:
            with tracing.child("append"):
                return await self._writer.append(_traced(commit))
        except BaseException as fault:
            took = APPEND_DURATION.labels(type(fault).__name__)
            raise
        finally:
            took.observe(time.perf_counter() - begun_s)


def _traced(commit: Commit) -> Commit:
    """Have events say in which trace they happened, if anybody traces."""
    traceparent = tracing.traceparent()
    if traceparent is None:
        return commit
    return replace(commit, meta=commit.meta.model_copy(update={"traceparent": traceparent}))

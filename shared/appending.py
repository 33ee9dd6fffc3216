"""
The writer of a log: coalesces what is handed in concurrently into few calls of `append_durably`.

Two lanes, each with a connection of its own, work side by side: while the disk is waited for on one, the
next batch is laid out, sent, and worked out under the log's lock. Commits on the same stream take effect in
the order in which they were handed in: while one is on its way, those behind it wait for its end.

Up to where the log is on disk is told to whoever is interested: at once to the relay of this process, by a
notification to those of others. It is a hint; who misses it looks by himself.

What became of a call whose connection was cut is unknown. It is repeated, and the ids of its commands
tell what the first one has done.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import structlog

from shared.append_call import APPEND, NOTIFY, Written, arguments, verdicts, written
from shared.commits import (
    DATABASE_FAULTS,
    Commit,
    LogHalted,
    StoreFault,
    StoreOverloaded,
    StoreUnreachable,
)
from shared.tasks import end_if_cancelled, keep_running

LANES: Final = 2
SPLIT_MIN: Final = 16
"""From how many commits on a batch is divided between idle lanes."""
BATCH_MAX: Final = 500
BATCH_EVENTS_MAX: Final = 2000
"""After so many events a batch is full: nobody shall hold the log's lock for long."""
WAITING_MAX: Final = 10_000
RETRY_PAUSE_S: Final = 0.2
NOTIFY_PAUSE_S: Final = 0.02
"""Under load one notification tells of many batches: each costs as much as appending several events."""
UNREACHABLE_S_MAX: Final = 30.0
CONNECT_S_MAX: Final = 10.0
DRAIN_S_MAX: Final = 3.0
"""How long a process that ends waits for what was handed in; nothing of it was acknowledged yet."""
END_ASKED_MAX: Final = 4
END_S: Final = 0.5

_UNREACHABLE: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it goes down, comes up, or was told to cut us off
    asyncpg.ReadOnlySQLTransactionError,  # it is a standby now
    asyncpg.TooManyConnectionsError,
)

HALTED: Final = "the log is halted"
"""How `refuse_while_halted` in the schema begins what it says."""

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Waiting:
    commit: Written
    streams: Sequence[str]
    done: "asyncio.Future[int]"

    def settle(self, verdict: int | Exception) -> None:
        if self.done.done():  # settled before, or its caller has gone
            return
        if isinstance(verdict, int):
            self.done.set_result(verdict)
        else:
            self.done.set_exception(verdict)


class Writer:
    """
    Appends what is handed in, until it is closed.

    Args:
        pool: of connections to the log's database.
        on_durable: told a position up to which the log is on disk; says whether that is enough, or
            other processes have to be notified.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", on_durable: Callable[[int], bool]) -> None:
        self._pool = pool
        self._on_durable = on_durable
        self._untold = 0
        """A position up to which the log is on disk, others to be notified; 0 when they have been."""
        self._to_tell = asyncio.Event()
        self._waiting: deque[_Waiting] = deque()
        self._on_the_way: set[str] = set()
        """The streams of commits that a lane is writing."""
        self._idle: list[asyncio.Event] = []
        self._woken = False
        """Whether a lane has been woken that has not looked yet."""
        self._drained = asyncio.Event()
        self._drained.set()
        self._closed = False
        self._lines = [_Line(pool) for _ in range(LANES)]
        self._lanes = [
            asyncio.create_task(self._work(line), name=f"event-store-writer-{number}")
            for number, line in enumerate(self._lines, start=1)
        ]
        self._telling = asyncio.create_task(
            keep_running(self._tell_others, DATABASE_FAULTS, _on_untold, NOTIFY_PAUSE_S),
            name="event-store-notifier",
        )

    async def append(self, commit: Commit) -> int:
        """Hand in a commit, and wait for the position of its last event."""
        if self._closed:
            raise StoreUnreachable("the log was closed")
        if len(self._waiting) >= WAITING_MAX:
            raise StoreOverloaded(
                f"{WAITING_MAX} commits are waiting for the database; try again later"
            )
        streams = [it.stream for it in commit.streams]
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(written(commit), streams, done))
        self._drained.clear()
        if not self._woken and self._on_the_way.isdisjoint(streams):
            self._wake()
        return int(await done)

    def _wake(self) -> None:
        if self._idle:
            self._woken = True
            self._idle.pop().set()  # the one that was busy last: its connection is there

    async def close(self) -> None:
        """Wait a little for what was handed in; then end, whatever the database does."""
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S_MAX):
                await self._drained.wait()
        ending = {*self._lanes, self._telling}
        for _ in range(END_ASKED_MAX):
            for lane in ending:
                lane.cancel()
            _, ending = await asyncio.wait(ending, timeout=END_S)
            if not ending:
                break
            for line in self._lines:
                line.cut()
        else:
            log.error("the writer of the log does not end, it is left behind")
        for line in self._lines:
            line.cut()
        while self._waiting:
            self._waiting.popleft().settle(_closed())

    # --- A lane ---

    async def _work(self, line: "_Line") -> None:
        while True:
            end_if_cancelled()
            batch = self._take()
            if not batch:
                await self._rest()
                continue
            try:
                await self._write(line, batch)
            except Exception as error:  # no caller may be left waiting, nor the next batch
                log.exception("append failed", commits=len(batch))
                _settle_all(batch, StoreFault(repr(error)))
            finally:
                for it in batch:
                    if not it.done.done():
                        it.settle(_closed())
                    self._on_the_way.difference_update(it.streams)

    async def _rest(self) -> None:
        """Wait for more; when every lane does, there is nothing to wait for at the end."""
        more = asyncio.Event()
        self._idle.append(more)
        if len(self._idle) == LANES and not self._waiting:
            self._drained.set()
        try:
            await more.wait()
        finally:
            with contextlib.suppress(ValueError):
                self._idle.remove(more)

    def _take(self) -> list[_Waiting]:
        """
        Take the next batch: what has waited longest and waits for nothing that is on its way.

        A command that comes twice is judged twice, in two batches.
        """
        self._woken = False
        if not self._waiting:
            return []
        batch: list[_Waiting] = []
        left: list[_Waiting] = []
        blocked = self._on_the_way.copy()
        ids: set[str] = set()
        events = 0
        most = min(BATCH_MAX, len(self._waiting))
        if self._idle and most >= SPLIT_MIN:
            most = (most + 1) // 2
        for _ in range(most):
            if events >= BATCH_EVENTS_MAX:
                break
            it = self._waiting.popleft()
            if it.commit.command_id in ids or not blocked.isdisjoint(it.streams):
                left.append(it)
                blocked.update(it.streams)
                continue
            batch.append(it)
            ids.add(it.commit.command_id)
            events += len(it.commit.events)
        for it in batch:
            self._on_the_way.update(it.streams)
        self._waiting.extendleft(reversed(left))
        if batch and len(self._waiting) > len(left):
            self._wake()
        return batch

    async def _write(self, line: "_Line", batch: Sequence[_Waiting]) -> None:
        try:
            found = await _call(line, [it.commit for it in batch])
        except (StoreUnreachable, LogHalted) as fault:
            _settle_all(batch, fault)
        except Exception as error:
            if len(batch) == 1:
                _settle_all(batch, error)
                return
            # One commit the database will not have must not fail its neighbours.
            log.warning("batch refused, appending one by one", error=repr(error))
            for it in batch:
                await self._write(line, [it])
        else:
            self._tell(max([it for it in found if isinstance(it, int)], default=0))
            for it, verdict in zip(batch, found, strict=True):
                it.settle(verdict)

    # --- What is on disk ---

    def _tell(self, position: int) -> None:
        if position and not self._on_durable(position):
            self._untold = max(self._untold, position)
            self._to_tell.set()

    async def _tell_others(self) -> None:
        """Once there is something to tell, notify them: apart from the call, whose commits need not wait
        for it."""
        await self._to_tell.wait()
        self._to_tell.clear()
        position, self._untold = self._untold, 0
        await self._pool.execute(NOTIFY, str(position))


async def _call(line: "_Line", commits: Sequence[Written]) -> list[int | StoreFault]:
    """Call the procedure until the database has answered."""
    told = arguments(commits)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + UNREACHABLE_S_MAX
    repeated = False
    while True:
        try:
            row = await line.fetchrow(APPEND, *told)
            return verdicts(row, commits, repeated=repeated)
        except _UNREACHABLE as error:
            if HALTED in str(error):  # it waits for a person, and so would we
                raise LogHalted(str(error)) from error
            line.cut()
            if isinstance(error, ValueError):  # asyncpg cannot send what we gave it
                raise
            if loop.time() > deadline:
                raise StoreUnreachable(repr(error)) from error
            log.warning("database unreachable, append waits", error=repr(error))
        repeated = True
        await asyncio.sleep(RETRY_PAUSE_S)


class _Line:
    """A lane's connection, made again when it was cut."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._connection: Any = None

    async def fetchrow(self, query: str, *told: Any) -> Any:  # noqa: ANN401  # asyncpg has no types
        """Do a query; a connection that gives it up as if we had been cancelled was cut."""
        try:
            if self._connection is None:
                self._connection = await self._pool.acquire(timeout=CONNECT_S_MAX)
            return await self._connection.fetchrow(query, *told)
        except asyncio.CancelledError:
            self.cut()
            end_if_cancelled()
            raise ConnectionResetError(
                "the connection was cut in the middle of a call"
            ) from None

    def cut(self) -> None:
        """Give the connection up at once, without a word to the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(asyncpg.InterfaceError):  # the pool has it back already
                connection.terminate()


def _settle_all(batch: Sequence[_Waiting], fault: Exception) -> None:
    for it in batch:
        it.settle(fault)


def _on_untold(fault: Exception) -> None:
    log.warning("other processes look for new events by themselves", error=repr(fault))


def _closed() -> StoreUnreachable:
    return StoreUnreachable("the log was closed before it had answered")

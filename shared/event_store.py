"""
The event store: one append-only log per service, in that service's own database.

    await store.append(Commit(...))     one command's events, on one or several streams
    await store.load("installation-x")  the history of one stream
    await store.read(after=120)         the whole log in global order, without gaps

One writer per process coalesces concurrent commits into one call of one SQL function, which takes
the log's lock first: positions are dense, and a reader of ascending positions misses nothing.

Faults
    Conflict            another writer was first: decide again, never repeat the write
    Taken               a key belongs to somebody else
    CommandKnown        the command is in the log already: this is its first answer
    StoreOverloaded     too many commits are waiting: try again later
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from shared.decider import Claim
from shared.ids import new_id
from shared.messages import Answer, Command, Event
from shared.recorded import Meta, Recorded
from shared.tasks import end_if_cancelled

BATCH_MAX: Final = 500
WAITING_MAX: Final = 10_000
RETRY_PAUSE_S: Final = 0.2
UNREACHABLE_S_MAX: Final = 30.0
DRAIN_S_MAX: Final = 3.0
"""How long a process that ends waits for what was handed in; nothing of it was acknowledged yet."""

DATABASE_FAULTS: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection cut in the middle of its protocol
)
"""What a database that is away, or has just come back, raises in those who read or write it."""

_UNREACHABLE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
)

log = structlog.get_logger()


class StoreFault(Exception):
    """Why a commit was not appended."""


class Conflict(StoreFault):
    """A stream has moved on since the decision was taken."""


class StoreOverloaded(StoreFault):
    """Too many commits are waiting for the database."""


class StoreUnreachable(StoreFault):
    """The database did not answer for too long; whether the commit was taken is unknown, its
    command id will tell.
    """


class Taken(StoreFault):
    """A key is held by somebody else."""

    def __init__(self, kind: str, key: str, holder: str) -> None:
        super().__init__(f"{kind} {key} is held by {holder}")
        self.kind, self.key, self.holder = kind, key, holder


class CommandKnown(StoreFault):
    """The command was decided before; carries its first answer."""

    def __init__(self, first: "FirstAnswer") -> None:
        super().__init__("the command was decided before")
        self.first = first


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What was answered when a command came for the first time."""

    answer: Answer
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class StreamEvents:
    """
    New events of one stream, decided when it was at `expected_version` (0: it did not exist).

    None means that they hold whatever else has happened: facts that were observed, not decided.
    """

    stream: str
    expected_version: int | None
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything one command does to the log; all of it, or nothing."""

    command_id: str
    fingerprint: bytes
    answer: Answer
    meta: Meta
    streams: Sequence[StreamEvents] = ()
    claims: Sequence[Claim] = ()


def fingerprint(command: Command) -> bytes:
    """Digest a command's content, to tell a repetition from a reused id."""
    name = type(command).__name__.encode()
    return hashlib.sha256(name + b"\n" + command.model_dump_json().encode()).digest()


@dataclass(slots=True)
class _Waiting:
    commit: Commit
    done: "asyncio.Future[int]" = field(default_factory=lambda: asyncio.Future())


class EventStore:
    """A service's log. Open it with `EventStore.open`."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self.pool = pool
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(WAITING_MAX)
        self._writer: asyncio.Task[None] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, pool: "asyncpg.Pool[Any]") -> AsyncIterator["EventStore"]:
        """Start the writer; stop it, after what was handed in, at the end."""
        store = cls(pool)
        store._writer = asyncio.create_task(store._write(), name="event-store-writer")
        try:
            yield store
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(store._waiting.join(), DRAIN_S_MAX)
            store._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await store._writer

    # --- Reading ---

    async def load(self, stream: str, after_version: int = 0) -> list[Recorded]:
        """Read a stream's history in order."""
        rows = await self.pool.fetch(
            "select * from event_log where stream = $1 and version > $2 order by version",
            stream,
            after_version,
        )
        return [_recorded(row) for row in rows]

    async def read(self, after: int, limit: int = 1000) -> list[Recorded]:
        """Read the log in global order, from the position behind `after`."""
        rows = await self.pool.fetch(
            "select * from event_log where position > $1 order by position limit $2",
            after,
            limit,
        )
        return [_recorded(row) for row in rows]

    async def head(self) -> int:
        """Name the position of the newest event; 0 for an empty log."""
        return int(await self.pool.fetchval("select position from log_head"))

    async def first_answer(self, command_id: str) -> FirstAnswer | None:
        """Look up what a command was answered when it came first."""
        row = await self.pool.fetchrow(
            "select answer, fingerprint, position from log_command where command_id = $1",
            command_id,
        )
        if row is None:
            return None
        return _first_answer(row["answer"], row["fingerprint"], row["position"])

    # --- Writing ---

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
            StoreUnreachable: the database did not answer for `UNREACHABLE_S_MAX` seconds.
        """
        waiting = _Waiting(commit)
        try:
            self._waiting.put_nowait(waiting)
        except asyncio.QueueFull:
            raise StoreOverloaded(
                f"{WAITING_MAX} commits are waiting for the database; try again later"
            ) from None
        return await waiting.done

    async def _write(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < BATCH_MAX and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                await self._write_batch(batch)
            except (Exception, asyncio.CancelledError) as error:
                # No caller may be left waiting, and the next batch deserves its own try. A connection
                # that dies may give up the call as if the writer had been cancelled.
                for waiting in batch:
                    _fail(waiting, StoreFault(repr(error)))
                end_if_cancelled()
                log.exception("append failed", commits=len(batch))
            finally:
                for _ in batch:
                    self._waiting.task_done()

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        try:
            rows = await self._call(batch)
        except StoreUnreachable as fault:
            for waiting in batch:
                _fail(waiting, fault)
        except asyncpg.PostgresError as error:
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            # One commit the database will not have must not fail its neighbours.
            log.warning(
                "batch refused, appending one by one", error=str(error), commits=len(batch)
            )
            for waiting in batch:
                await self._write_batch([waiting])
        else:
            for waiting, row in zip(batch, rows, strict=True):
                _settle(waiting, row)

    async def _call(self, batch: list[_Waiting]) -> list[Any]:
        """Call the append function until the database has answered: a repeated batch is safe,
        because the ids of its commands tell what an unknown commit has done.
        """
        arguments = _arguments([waiting.commit for waiting in batch])
        deadline = asyncio.get_running_loop().time() + UNREACHABLE_S_MAX
        retried = False
        while True:
            try:
                rows = await self.pool.fetch(_APPEND, *arguments)
            except _UNREACHABLE as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise StoreUnreachable(str(error)) from error
                log.warning("database unreachable, append waits", error=str(error))
                retried = True
                await asyncio.sleep(RETRY_PAUSE_S)
            else:
                if not retried:
                    return list(rows)
                return [_as_first_time(row, w) for row, w in zip(rows, batch, strict=True)]


_APPEND = """
    select * from append_commands(
        $1::text[], $2::bytea[], $3::text[], $4::int[], $5::int[], $6::int[],
        $7::text[], $8::bigint[],
        $9::text[], $10::text[], $11::smallint[], $12::uuid[], $13::bytea[], $14::bytea[],
        $15::text[], $16::text[], $17::text[], $18::boolean[])
"""


def _arguments(commits: Sequence[Commit]) -> list[list[Any]]:
    streams: list[StreamEvents] = []
    events: list[tuple[str, Event, bytes]] = []
    claims: list[Claim] = []
    streams_to, events_to, claims_to = [], [], []
    for commit in commits:
        meta = commit.meta.model_dump_json(exclude_none=True).encode()
        streams += commit.streams
        events += [
            (part.stream, event, meta) for part in commit.streams for event in part.events
        ]
        claims += commit.claims
        streams_to.append(len(streams))
        events_to.append(len(events))
        claims_to.append(len(claims))
    return [
        [commit.command_id for commit in commits],
        [commit.fingerprint for commit in commits],
        [commit.answer.model_dump_json(exclude_none=True) for commit in commits],
        streams_to,
        events_to,
        claims_to,
        [part.stream for part in streams],
        [part.expected_version for part in streams],
        [stream for stream, _, _ in events],
        [type(event).__name__ for _, event, _ in events],
        [event.schema_version for _, event, _ in events],
        [UUID(new_id()) for _ in events],
        [event.model_dump_json(exclude_none=True).encode() for _, event, _ in events],
        [meta for _, _, meta in events],
        [claim.kind for claim in claims],
        [claim.key for claim in claims],
        [claim.holder for claim in claims],
        [not claim.release for claim in claims],
    ]


def _as_first_time(row: Any, waiting: _Waiting) -> Any:  # noqa: ANN401  # asyncpg rows are untyped
    """After a lost connection our own commit may be found in the log: then it was accepted."""
    if row["verdict"] == "duplicate" and row["mark"] == waiting.commit.fingerprint:
        return {**row, "verdict": "accepted"}
    return row


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)


def _settle(waiting: _Waiting, row: Any) -> None:  # noqa: ANN401  # asyncpg rows are untyped
    if waiting.done.done():  # its caller has gone
        return
    match row["verdict"]:
        case "accepted":
            waiting.done.set_result(row["at_position"])
        case "conflict":
            _fail(waiting, Conflict(row["detail"]))
        case "taken":
            _fail(waiting, Taken(*row["detail"].split(" ", 2)))
        case "duplicate":
            first = _first_answer(row["detail"], row["mark"], row["at_position"])
            _fail(waiting, CommandKnown(first))
        case verdict:
            _fail(waiting, StoreFault(f"the log answered with the unknown verdict {verdict}"))


def _first_answer(answer: str, mark: bytes, position: int) -> FirstAnswer:
    first = Answer.model_validate_json(answer).model_copy(update={"position": position})
    return FirstAnswer(first, bytes(mark))


def _recorded(row: Any) -> Recorded:  # noqa: ANN401  # asyncpg rows are untyped
    return Recorded(
        position=row["position"],
        stream=row["stream"],
        version=row["version"],
        event_id=row["event_id"],
        recorded_at=row["recorded_at"],
        type=row["type"],
        schema_version=row["schema"],
        data=row["data"],
        meta=Meta.model_validate_json(row["meta"]),
    )

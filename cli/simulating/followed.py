"""
What followers of a log write: cursors, documents and parked events, in a database in memory.

A transaction is written as a whole or not at all, and while one lasts others wait, as they wait for a
cursor that somebody has locked.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from shared.documents import Documents
from shared.followers import Connection, Follower
from shared.recorded import Recorded

Wait = Callable[[], Awaitable[None]]
Row = dict[str, Any]
SERVICE: Final = "installation"


class Folded(BaseModel):
    """What was folded of one stream: the ids of its events, in the order in which they took effect."""

    ids: tuple[str, ...] = ()


@dataclass
class Tables:
    """What is written, for one follower."""

    cursor: Row | None = None
    documents: dict[str, bytes] = field(default_factory=dict)
    parked: list[Row] = field(default_factory=list)

    def copy(self) -> "Tables":
        cursor = None if self.cursor is None else dict(self.cursor)
        return Tables(cursor, dict(self.documents), [dict(it) for it in self.parked])


class FollowerDatabase:
    """A database that outlives the processes that follow into it."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.turn = asyncio.Lock()
        self._saved: Tables | None = None

    async def save_or_restore(self) -> None:
        """Make a copy, or put back the one that there is."""
        async with self.turn:
            if self._saved is None:
                self._saved = self.tables.copy()
            else:
                self.tables, self._saved = self._saved, None

    def want_again(self) -> None:
        """Somebody asks for everything that is parked to be tried again."""
        for row in self.tables.parked:
            row["retry_from_at"] = True

    def folded(self) -> dict[str, tuple[str, ...]]:
        """Name what took effect, by stream."""
        return {
            key: Folded.model_validate_json(body).ids
            for key, body in self.tables.documents.items()
        }


class FollowerPool:
    """A process's connections to it; it stands where those to PostgreSQL do."""

    def __init__(self, database: FollowerDatabase, line: Wait) -> None:
        self._database, self._line = database, line

    @property
    def _tables(self) -> Tables:
        return self._database.tables

    # --- Questions ---

    async def fetchrow(self, query: str, *_: object) -> Row | None:
        """
        Read the cursor.

        Raises:
            NotImplementedError: something else is asked for.
        """
        await self._line()
        if " from cursor where " not in query:
            raise NotImplementedError(
                f"a follower's database in memory is not asked this: {query}"
            )
        return None if self._tables.cursor is None else dict(self._tables.cursor)

    async def fetchval(self, query: str, *_: object) -> object:
        """
        Read one value.

        Raises:
            NotImplementedError: something else is asked for.
        """
        await self._line()
        if query.startswith("select aggregate_id from parked"):
            wanted = (it["aggregate_id"] for it in self._tables.parked if it["retry_from_at"])
            return next(wanted, None)
        if query.startswith("update cursor set heartbeat_at"):
            return len(self._tables.parked)
        raise NotImplementedError(f"a follower's database in memory is not asked this: {query}")

    async def fetch(self, query: str, *asked: Any) -> list[Row]:  # noqa: ANN401  # as asyncpg has it
        """
        Read rows.

        Raises:
            NotImplementedError: something else is asked for.
        """
        await self._line()
        parked = self._tables.parked
        if query.startswith("select event_id from skipped"):
            return []
        if query.startswith("select aggregate_id, min(position)"):
            first: dict[str, int] = {}
            for it in sorted(parked, key=lambda it: -it["position"]):
                first[it["aggregate_id"]] = it["position"]
            return [{"aggregate_id": key, "position": it} for key, it in first.items()]
        if query.startswith("select distinct aggregate_id from parked"):
            return []  # none is parked because a program did not know it
        if query.startswith("select position from parked"):
            here = [it for it in parked if it["aggregate_id"] == asked[2]]
            return sorted(here, key=lambda it: it["position"])[: asked[3]]
        if query.startswith("select key, body from document"):
            return [{"key": key, "body": body} for key, body in self._tables.documents.items()]
        raise NotImplementedError(f"a follower's database in memory is not asked this: {query}")

    # --- Changes ---

    async def execute(self, query: str, *told: Any) -> None:  # noqa: ANN401  # as asyncpg has it
        """
        Change something.

        Raises:
            NotImplementedError: something else is to be changed.
        """
        await self._line()
        tables, verb = self._tables, query.split(" ")
        match verb[0], verb[2 if verb[0] in {"insert", "delete"} else 1]:
            case "insert", "cursor":
                made = {"position": 0, "log_epoch": told[2], "event_id": None}
                tables.cursor = tables.cursor or made
            case "update", "cursor":
                moved = {"position": told[2], "log_epoch": told[3], "event_id": told[4]}
                tables.cursor = moved
            case "insert", "document":
                tables.documents.update(zip(told[1], told[2], strict=True))
            case "delete", "document":
                tables.documents.clear()
            case "insert", "parked":
                known = {it["position"] for it in tables.parked}
                row = {"position": told[2], "aggregate_id": told[3], "retry_from_at": None}
                tables.parked += [] if told[2] in known else [row]
            case "delete", "parked":
                position = told[2] if len(told) > 2 else None  # of one event, or of all
                tables.parked = [
                    it for it in tables.parked if position not in {None, it["position"]}
                ]
            case "update", "parked":
                self._mark(query, told)
            case _:
                raise NotImplementedError(f"this is not changed here: {query}")

    def _mark(self, query: str, told: tuple[Any, ...]) -> None:
        if "retry_from_at = null" in query:
            for row in self._tables.parked:
                if row["aggregate_id"] == told[2]:
                    row["retry_from_at"] = None

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator["FollowerPool"]:
        """Hold a connection, on which nobody else changes anything."""
        await self._line()
        async with self._database.turn:
            yield FollowerPool(self._database, self._line)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Change everything, or nothing; within another one as well. Whoever loses the line at the end
        does not know which."""
        before = self._tables.copy()
        try:
            yield
            await self._line()
        except BaseException:
            self._database.tables = before
            raise
        await self._line()


def follower_of(consumer: str, poisoned: Callable[[], bool], pool: FollowerPool) -> Follower:
    """
    Make a follower that folds the ids of events, one document for each stream.

    Args:
        consumer: who follows.
        poisoned: tells whether events cannot be applied now.
        pool: where documents are.
    """
    documents = Documents("folded", Folded)

    async def apply(connection: Connection, recorded: Recorded) -> None:
        if poisoned():
            raise ValueError("it cannot be understood today")
        before = documents.get(recorded.stream) or Folded()
        after = Folded(ids=(*before.ids, str(recorded.event_id)))
        await documents.put(connection, recorded.stream, after)

    async def reload() -> None:
        await documents.open(pool)

    return Follower(consumer, SERVICE, apply, reload, lambda _: None)


def misfolded(database: FollowerDatabase, logged: Mapping[str, tuple[str, ...]]) -> str | None:
    """
    Say what was not folded as it is in the log; none if all was.

    Args:
        database: of a follower.
        logged: the ids of events in the log, by stream, in order.
    """
    folded = database.folded()
    for stream, ids in logged.items():
        ours = folded.get(stream, ())
        if ours != ids:
            same = sum(a == b for a, b in zip(ours, ids, strict=False))
            return f"of {len(ids)} events of {stream} {len(ours)} were folded, {same} in place"
    return None

"""
Who balances what, as locks of PostgreSQL sessions.

Every balancer has one connection that holds nothing but locks: its number, that it takes part, and its
partitions. When the process dies, they are free within milliseconds. A connection that says nothing for
`SESSION_S` is ended by the server, so one that was stopped, or is cut off, loses them as well.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from services.balancer.sharing import first_free
from shared import lock_session
from shared.lock_session import ANSWER_S_MAX, LOCK_FAULTS

LOCK_CLASS: Final = 7203317
"""Of the locks of partitions; their numbers are those of the partitions."""
SLOT_CLASS: Final = 7203318
"""Of the locks of the numbers that balancers go by."""
MEMBER_CLASS: Final = 7203319
"""Of the locks of those numbers that take part: they know everything they need in order to decide."""
CHANNEL: Final = "balancers"
"""What is notified when partitions are handed over, so that nobody has to wait for the next look."""

SESSION_S: Final = 6.0
"""After so long without a word the server ends the connection, and its locks are free."""

_HELD: Final = (
    "select classid::bigint as class, objid::bigint as number, clock_timestamp() as at from pg_locks"
    " where locktype = 'advisory' and granted and objsubid = 2 and classid::bigint = any($1)"
    " and database = (select oid from pg_database where datname = current_database())"
)
_RAISE_EPOCH: Final = (
    "insert into partition select unnest($1::int[]), 1, $2 on conflict (partition) do update"
    " set epoch = partition.epoch + 1, holder = excluded.holder, taken_at = clock_timestamp()"
    " returning partition, epoch"
)
_GIVE_BACK: Final = "select pg_advisory_unlock_all(), pg_notify($1, '')"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that is locked at one moment, and when that was by the server's clock."""

    slots: frozenset[int]
    members: frozenset[int]
    partitions: frozenset[int]
    at: datetime | None = None
    """None: nothing is locked."""


class Locks:
    """The locks of one balancer."""

    def __init__(self, connection: Any, slot: int) -> None:  # noqa: ANN401  # asyncpg is untyped
        self._connection = connection
        self.slot = slot

    async def look(self) -> Seen:
        """Ask who is there and what is held. Being asked keeps the connection alive."""
        return await _look(self._connection)

    async def join(self) -> None:
        """Say that this balancer takes part."""
        await self._connection.fetchval(
            "select pg_try_advisory_lock($1, $2)", MEMBER_CLASS, self.slot
        )
        await self._notify()

    async def leave(self) -> None:
        """Say that this balancer takes part no more."""
        await self._connection.fetchval(
            "select pg_advisory_unlock($1, $2)", MEMBER_CLASS, self.slot
        )
        await self._notify()

    async def take(self, partitions: Sequence[int]) -> Mapping[int, int]:
        """Take those that are free, each under a new epoch."""
        rows = await self._connection.fetch(
            "select number from unnest($2::int[]) number"
            " where pg_try_advisory_lock($1, number)",
            LOCK_CLASS,
            partitions,
        )
        taken = [row["number"] for row in rows]
        holder = lock_session.holder_of("balancer")
        epochs = await self._connection.fetch(_RAISE_EPOCH, taken, holder)
        return {row["partition"]: row["epoch"] for row in epochs}

    async def release(self, partitions: Collection[int]) -> None:
        """Hand partitions over to whoever takes them first."""
        await self._connection.execute(
            "select pg_advisory_unlock($1, number) from unnest($2::int[]) number",
            LOCK_CLASS,
            list(partitions),
        )
        await self._notify()

    async def listen(self, on_change: Callable[[], None]) -> None:
        """Have somebody told when others have joined, or handed something over."""

        def heard(*_: Any) -> None:  # noqa: ANN401  # asyncpg's listener signature
            on_change()

        await self._connection.add_listener(CHANNEL, heard)

    async def _notify(self) -> None:
        await self._connection.execute("select pg_notify($1, '')", CHANNEL)


@contextlib.asynccontextmanager
async def locking(database_url: str) -> AsyncIterator[Locks]:
    """
    Connect, and take the lowest free number; at the end everything is given back.

    From here on somebody has to look again and again, or the server ends the connection.
    """
    holder = lock_session.holder_of("balancer")
    connection = await lock_session.connect(database_url, holder, SESSION_S)
    try:
        slot = await _take_slot(connection)
        yield Locks(connection, slot)
        try:
            await connection.execute(_GIVE_BACK, CHANNEL)
        except LOCK_FAULTS as fault:
            log.warning("locks go with their connection", error=repr(fault))
    finally:
        await connection.close(timeout=ANSWER_S_MAX)


async def _take_slot(connection: Any) -> int:  # noqa: ANN401
    while True:
        slot = first_free((await _look(connection)).slots)
        if await connection.fetchval("select pg_try_advisory_lock($1, $2)", SLOT_CLASS, slot):
            return slot


async def _look(connection: Any) -> Seen:  # noqa: ANN401
    rows = await connection.fetch(_HELD, [LOCK_CLASS, SLOT_CLASS, MEMBER_CLASS])

    def of(kind: int) -> frozenset[int]:
        return frozenset(row["number"] for row in rows if row["class"] == kind)

    at = rows[0]["at"] if rows else None
    return Seen(of(SLOT_CLASS), of(MEMBER_CLASS), of(LOCK_CLASS), at)

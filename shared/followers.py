"""
Who follows which log, and how far it has come.

The cursor is a row in the follower's own database, moved in the transaction of each effect. It knows the
epoch of the log and the event it is at, so a log that was changed behind its back is noticed: then the
follower wipes what it has folded and begins anew at position 1.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from shared.recorded import Recorded

log = structlog.get_logger()

Connection = Any
"""An asyncpg connection inside a transaction; asyncpg carries no types."""


async def _nothing_else(_: Connection) -> None:
    """All that is folded are documents."""


@dataclass(frozen=True, slots=True)
class Follower:
    """
    Who follows which log, and what each event does.

    `apply` writes one event's effect into the transaction it is given; it may raise, which parks the
    event's aggregate. `reload` reads what is held in memory anew, at the start and whenever a
    transaction did not end as memory has it. `committed` hears of the events that took effect.

    When a new epoch of the log begins, the documents written by `apply` are deleted, and everything
    is applied again from the first event on. `wipe` deletes what else it has written, in the same
    transaction. An effect that leaves the house, such as an e-mail, cannot be wiped: whoever has such
    effects remembers the ids of the events that had them. Events keep their ids in all epochs.

    Where events come all the time, batches are taken `apart_s` seconds apart (`shared/pace.py`): for a
    follower for whom nobody waits, a batch of many events costs little more than one.
    """

    consumer: str
    service: str
    apply: Callable[[Connection, Recorded], Awaitable[None]]
    reload: Callable[[], Awaitable[None]]
    committed: Callable[[Sequence[Recorded]], None]
    wipe: Callable[[Connection], Awaitable[None]] = _nothing_else
    apart_s: float = 0.0

    @property
    def name(self) -> str:
        """What its consumer on the jetstream is called, and its documents are marked with."""
        return f"{self.consumer}-{self.service}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event whose effect is in the follower's database; position 0 for none."""

    position: int = 0
    epoch: int = 1
    event_id: UUID | None = None


class Moved(Exception):
    """The cursor is not where this process left it: another one follows under the same name."""


async def read_cursor(pool: "asyncpg.Pool[Any]", follower: Follower) -> Cursor | None:
    """Read where a follower is; none if it has never begun."""
    row = await pool.fetchrow(
        "select position, log_epoch, event_id from cursor where consumer = $1 and service = $2",
        follower.consumer,
        follower.service,
    )
    return None if row is None else Cursor(row["position"], row["log_epoch"], row["event_id"])


async def cursor_of(pool: "asyncpg.Pool[Any]", follower: Follower) -> int:
    """Name the last position whose effect is in the follower's database."""
    cursor = await read_cursor(pool, follower)
    return 0 if cursor is None else cursor.position


async def skipped_by(pool: "asyncpg.Pool[Any]", follower: Follower) -> frozenset[UUID]:
    """Name the events that somebody decided to leave out: in later epochs, too, and by all processes of a
    service that number their consumers."""
    rows = await pool.fetch(
        "select event_id from skipped where service = $2 and event_id is not null"
        " and regexp_replace(consumer, '-[0-9]+$', '') = regexp_replace($1, '-[0-9]+$', '')",
        follower.consumer,
        follower.service,
    )
    return frozenset(UUID(str(row["event_id"])) for row in rows)


async def lock_cursor(connection: Connection, follower: Follower) -> Cursor:
    """
    Lock the cursor for the transaction, and mark what is written in it as the follower's.

    Raises:
        Moved: there is none.
    """
    row = await connection.fetchrow(
        "select position, log_epoch, event_id, set_config('ampledger.follower', $3, true)"
        " from cursor where consumer = $1 and service = $2 for update",
        follower.consumer,
        follower.service,
        follower.name,
    )
    if row is None:
        raise Moved(f"the cursor of {follower.name} is gone")
    return Cursor(row["position"], row["log_epoch"], row["event_id"])


async def move_cursor(connection: Connection, follower: Follower, to: Cursor) -> None:
    """Move the cursor in the transaction that has it locked."""
    await connection.execute(
        "update cursor set position = $3, log_epoch = $4, event_id = $5,"
        " heartbeat_at = clock_timestamp() where consumer = $1 and service = $2",
        follower.consumer,
        follower.service,
        to.position,
        to.epoch,
        to.event_id,
    )


async def beat(pool: "asyncpg.Pool[Any]", follower: Follower) -> int:
    """Say that the follower is alive, although nothing happens; returns how many events it has parked."""
    parked = await pool.fetchval(
        "update cursor set heartbeat_at = clock_timestamp() where consumer = $1 and service = $2"
        " returning (select count(*) from parked where consumer = $1 and service = $2)",
        follower.consumer,
        follower.service,
    )
    return int(parked or 0)


async def begin(pool: "asyncpg.Pool[Any]", follower: Follower, epoch: int) -> Cursor:
    """Make the cursor of a follower that has never begun, and read it."""
    await pool.execute(
        "insert into cursor (consumer, service, position, log_epoch) values ($1, $2, 0, $3)"
        " on conflict do nothing",
        follower.consumer,
        follower.service,
        epoch,
    )
    return await read_cursor(pool, follower) or Cursor(epoch=epoch)


async def begin_anew(
    pool: "asyncpg.Pool[Any]", follower: Follower, found: Cursor, epoch: int, why: str
) -> Cursor:
    """
    Wipe what a follower has folded, and set it back to the first event of an epoch: all at once.

    Returns:
        Where it is now. Another process of the same name may have been first.
    """
    async with pool.acquire() as connection, connection.transaction():
        cursor = await lock_cursor(connection, follower)
        if cursor != found:
            return cursor
        await connection.execute("delete from document where follower = $1", follower.name)
        await connection.execute(
            "delete from parked where consumer = $1 and service = $2",
            follower.consumer,
            follower.service,
        )
        await follower.wipe(connection)
        await move_cursor(connection, follower, Cursor(epoch=epoch))
    log.warning(
        "everything is folded anew",
        follower=follower.name,
        epoch=epoch,
        was_at=found.position,
        why=why,
    )
    return Cursor(epoch=epoch)

"""
Events that cannot be applied: parked, with the later ones of their aggregate behind them, in order.

A parked event is no more than a row with its position; what it says is in the jetstream. Somebody who has
mended the cause asks for it to be tried again (`ampledger dlq retry`), or has it left out, on record
(`ampledger dlq skip`): both mark rows, and the follower itself applies what is behind, in order.
"""

import contextlib
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from shared import tracing
from shared.announced import Unreadable, event_at
from shared.documents import Gathering
from shared.event_store import DATABASE_FAULTS
from shared.followers import Connection, Cursor, Follower, Moved, lock_cursor
from shared.messages.registry import UnknownEvent, check_known
from shared.recorded import Recorded

RETRY_MAX: Final = 200
"""How many parked events of an aggregate are tried in one transaction."""
WAITS: Final = "waits behind a parked event"

FirstParked = dict[str, int]
"""Aggregates that have parked events, with the position of the first one of each."""

_ITS_OWN_FAULT: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    ValueError,  # also what asyncpg raises for an argument that it cannot encode
)
"""What is raised because of what is to be stored, however often it is tried."""
_SOMEBODY_ELSES: Final = (*DATABASE_FAULTS, NatsError)

log = structlog.get_logger()


class CannotApply(Exception):
    """An event of a batch cannot be applied: its transaction is lost, and is begun again with care."""


async def first_parked(
    where: Any,  # noqa: ANN401  # a pool or a connection
    follower: Follower,
) -> FirstParked:
    """Name the aggregates that have parked events, and the position of the first one of each."""
    rows = await where.fetch(
        "select aggregate_id, min(position) as position from parked"
        " where consumer = $1 and service = $2 group by aggregate_id",
        follower.consumer,
        follower.service,
    )
    return {row["aggregate_id"]: row["position"] for row in rows}


async def lock_unmoved(
    connection: Connection, follower: Follower, cursor: Cursor, known: FirstParked
) -> FirstParked:
    """
    Lock the cursor for the transaction, if what is held in memory is no older than what is in the database.

    Args:
        connection: in that transaction.
        follower: whose cursor it is.
        cursor: what is held in memory is as of there.
        known: and as of what was parked then.

    Returns:
        What is parked now.

    Raises:
        Moved: it is older.
    """
    found = await lock_cursor(connection, follower)
    if found != cursor:
        raise Moved(f"the cursor is at {found.position}, not {cursor.position}")
    parked = await first_parked(connection, follower)
    check_none_was_tried(known, parked)
    return parked


def check_none_was_tried(known: FirstParked, found: FirstParked) -> None:
    """
    Make sure that nothing was tried again by another process that follows under the same name.

    What it has applied moves no cursor, and what this process holds in memory lacks it.

    Raises:
        Moved: a parked event that was known is parked no more.
    """
    for aggregate_id, position in known.items():
        if found.get(aggregate_id) != position:
            raise Moved(f"{position} of {aggregate_id} is parked no more")


async def apply_or_park(
    connection: Connection,
    follower: Follower,
    event: Recorded | Unreadable,
    parked: FirstParked,
    *,
    with_care: bool,
) -> bool:
    """
    Apply one event, or park it, in the transaction that has the cursor locked.

    A fault of the database itself, or of a connection, is not the event's fault.

    Args:
        connection: in that transaction.
        follower: whose event it is.
        event: what is to be applied.
        parked: the aggregates that have parked events; one that is parked now is added.
        with_care: at the price of two more round trips, the transaction outlives an event that
            cannot be applied.

    Returns:
        Whether it was applied.

    Raises:
        CannotApply: it cannot be, and no care was taken.
    """
    behind = event.stream in parked
    error = WAITS if behind else await _apply(connection, follower, event, with_care=with_care)
    if error is None:
        return True
    parked.setdefault(event.stream, event.position)
    await connection.execute(
        "insert into parked (consumer, service, position, aggregate_id, error, event_id, type,"
        " attempts) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        follower.consumer,
        follower.service,
        event.position,
        event.stream,
        error,
        event.event_id if isinstance(event, Recorded) else None,
        event.type if isinstance(event, Recorded) else None,
        0 if behind else 1,
    )
    return False


async def _apply(
    connection: Connection,
    follower: Follower,
    event: Recorded | Unreadable,
    *,
    with_care: bool = True,
) -> str | None:
    """Apply one event, and say why it could not be."""
    if isinstance(event, Unreadable):
        _say(follower, event, event.why)
        return event.why
    try:
        # Many pass over events by their name. What nobody here can read is not for them to pass over.
        check_known(event.type, event.schema_version)
        async with connection.transaction() if with_care else contextlib.nullcontext():
            with tracing.following(_trace_of(event), f"take {event.type}"):
                await follower.apply(connection, event)
    except Exception as fault:
        if isinstance(fault, _SOMEBODY_ELSES) and not isinstance(fault, _ITS_OWN_FAULT):
            raise
        if not with_care:
            raise CannotApply from fault
        why = f"{type(fault).__name__}: {fault}"
        _say(follower, event, why, exc_info=True)
        return why
    return None


async def write_gathered(gathering: Gathering) -> None:
    """
    Write what the events of a batch have put.

    Raises:
        CannotApply: one of the documents cannot be written.
    """
    try:
        await gathering.write()
    except _ITS_OWN_FAULT as fault:
        raise CannotApply from fault


def _trace_of(event: Recorded) -> str | None:
    """What an event is known to be of stays unread where nobody traces."""
    return event.meta.traceparent if tracing.is_on() else None


def _say(
    follower: Follower, event: Recorded | Unreadable, why: str, *, exc_info: bool = False
) -> None:
    log.error(
        "event parked",
        follower=follower.name,
        position=event.position,
        stream=event.stream,
        event_type=event.type if isinstance(event, Recorded) else None,
        why=why,
        way_on="ampledger dlq list",
        exc_info=exc_info,
    )


# --- Trying again ---


async def wanted_again(pool: "asyncpg.Pool[Any]", follower: Follower) -> str | None:
    """Name an aggregate whose parked events somebody wants to be tried again."""
    found = await pool.fetchval(
        "select aggregate_id from parked where consumer = $1 and service = $2"
        " and retry_from_at is not null order by retry_from_at limit 1",
        follower.consumer,
        follower.service,
    )
    return None if found is None else str(found)


async def what_was_unknown(pool: "asyncpg.Pool[Any]", follower: Follower) -> list[str]:
    """
    Name the aggregates whose events are parked because a program did not know them.

    While versions run beside each other, the older one parks what only the newer one knows. Whoever asks
    may be the newer one, and nobody has to wish for it. It is not marked: where both follow under the same
    name for a while, the older one would take the mark, and fail again.
    """
    rows = await pool.fetch(
        "select distinct aggregate_id from parked where consumer = $1 and service = $2"
        " and starts_with(error, $3)",
        follower.consumer,
        follower.service,
        f"{UnknownEvent.__name__}:",
    )
    return [row["aggregate_id"] for row in rows]


async def retry(
    pool: "asyncpg.Pool[Any]",
    js: JetStreamContext,
    jetstream: str,
    follower: Follower,
    aggregate_id: str,
    cursor: Cursor,
    known: FirstParked,
) -> FirstParked:
    """
    Apply parked events of an aggregate in their order, until one cannot be, or none is left.

    At most `RETRY_MAX` of them: the others are marked, to be tried next.

    Args:
        pool: the follower's own database.
        js: where the log is announced.
        jetstream: in which.
        follower: whose events they are.
        aggregate_id: of which aggregate.
        cursor: what is held in memory is as of there.
        known: and as of what was parked then.

    Returns:
        What is parked now.

    Raises:
        Moved: what is held in memory is older than what is in the database.
    """
    positions = await _parked(pool, follower, aggregate_id)
    events = [await _read(js, jetstream, aggregate_id, it) for it in positions]
    applied: list[Recorded] = []
    failed = False
    async with pool.acquire() as connection, connection.transaction():
        await lock_unmoved(connection, follower, cursor, known)
        if await _parked(connection, follower, aggregate_id) != positions:
            return known  # more were parked meanwhile: look again
        for event in events:
            why = await _apply(connection, follower, event)
            if why is not None:
                await _failed_again(connection, follower, event, why)
                failed = True
                break
            await _forget(connection, follower, event.position)
            assert isinstance(event, Recorded)  # noqa: S101  # what cannot be read is not applied
            applied.append(event)
        if not failed:
            await _mark(connection, follower, aggregate_id)
        left = await first_parked(connection, follower)
    if failed:
        await follower.reload()
    if applied:
        follower.committed(applied)
    log.info(
        "parked events tried again",
        follower=follower.name,
        stream=aggregate_id,
        applied=len(applied),
        failed=failed,
    )
    return left


async def _mark(connection: Connection, follower: Follower, aggregate_id: str) -> None:
    await connection.execute(
        "update parked set retry_from_at = coalesce(retry_from_at, clock_timestamp())"
        " where consumer = $1 and service = $2 and aggregate_id = $3",
        follower.consumer,
        follower.service,
        aggregate_id,
    )


async def _parked(
    where: Any,  # noqa: ANN401  # a pool or a connection
    follower: Follower,
    aggregate_id: str,
) -> Sequence[int]:
    rows = await where.fetch(
        "select position from parked where consumer = $1 and service = $2 and aggregate_id = $3"
        " order by position limit $4",
        follower.consumer,
        follower.service,
        aggregate_id,
        RETRY_MAX,
    )
    return [row["position"] for row in rows]


async def _read(
    js: JetStreamContext, jetstream: str, aggregate_id: str, position: int
) -> Recorded | Unreadable:
    message = await js.get_msg(jetstream, seq=position)
    try:
        return event_at(position, message.subject, message.headers, message.data)
    except (ValueError, KeyError) as fault:
        return Unreadable(position, aggregate_id, f"{type(fault).__name__}: {fault}")


async def _forget(connection: Connection, follower: Follower, position: int) -> None:
    await connection.execute(
        "delete from parked where consumer = $1 and service = $2 and position = $3",
        follower.consumer,
        follower.service,
        position,
    )


async def _failed_again(
    connection: Connection, follower: Follower, event: Recorded | Unreadable, why: str
) -> None:
    await connection.execute(
        "update parked set error = $4, attempts = attempts + 1, tried_at = clock_timestamp()"
        " where consumer = $1 and service = $2 and position = $3",
        follower.consumer,
        follower.service,
        event.position,
        why,
    )
    await connection.execute(
        "update parked set retry_from_at = null"
        " where consumer = $1 and service = $2 and aggregate_id = $3",
        follower.consumer,
        follower.service,
        event.stream,
    )

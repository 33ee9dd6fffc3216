"""
A process that goes by a number for the first time, or again after long, begins from what another folded.

Processes of one service fold the same logs to the same documents, each under its own number, in the
database that they share. So whoever would be long in catching up takes a copy of what is there, and follows
from there on.
"""

from collections.abc import Sequence
from typing import Any, Final

import structlog

from shared.documents import numbered
from shared.followers import Connection, Follower

BEHIND_MAX: Final = 1000
"""So many events are followed sooner than all documents are copied."""

_CURSORS: Final = (
    "select consumer, position, log_epoch from cursor where service = $1 and consumer = any($2)"
    " order by log_epoch desc, position desc"
)
_HOLD: Final = "select from cursor where consumer = $1 and service = $2 for share"
_COPY: Final = (
    "insert into document (kind, key, body, follower)"
    " select left(kind, length(kind) - length($3)) || $4, key, body, $2 from document where follower = $1"
)
_COPY_PARKED: Final = (
    "insert into parked (consumer, service, position, aggregate_id, error, parked_at, event_id, type,"
    " attempts, tried_at, retry_from_at) select $3, service, position, aggregate_id, error, parked_at,"
    " event_id, type, attempts, tried_at, retry_from_at from parked where consumer = $1 and service = $2"
)
_COPY_CURSOR: Final = (
    "insert into cursor (consumer, service, position, log_epoch, event_id)"
    " select $3, service, position, log_epoch, event_id from cursor where consumer = $1 and service = $2"
    " on conflict (consumer, service) do update set position = excluded.position,"
    " log_epoch = excluded.log_epoch, event_id = excluded.event_id,"
    " heartbeat_at = clock_timestamp()"
)

log = structlog.get_logger()


async def take_head_start(
    pool: Any,  # noqa: ANN401  # asyncpg carries no types
    follower: Follower,
    service: str,
    number: int,
    copies_max: int,
) -> bool:
    """
    Have a follower begin from what another number has folded, if that is far ahead.

    Args:
        pool: the database that all processes of the service share.
        follower: under the name of this process; it must not follow yet.
        service: what the name of the first process is.
        number: of this process.
        copies_max: so many numbers there are.

    Returns:
        Whether it did.
    """
    names = {numbered(service, it): it for it in range(1, copies_max + 1)}
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(_CURSORS, follower.service, list(names))
        own = next((it for it in rows if it["consumer"] == follower.consumer), None)
        if not rows or (own is not None and _is_near(own, rows[0])):
            return False
        first = rows[0]["consumer"]
        await _copy(connection, follower, first, names[first], number)
    log.info("begins from what another has folded", follower=follower.name, other=first)
    return True


def _is_near(own: Any, first: Any) -> bool:  # noqa: ANN401
    same_epoch = own["log_epoch"] == first["log_epoch"]
    return bool(same_epoch and first["position"] - own["position"] < BEHIND_MAX)


async def _copy(
    connection: Connection, follower: Follower, first: str, of: int, number: int
) -> None:
    # Whoever follows under that name moves its cursor with what it writes: while it cannot, both stay.
    await connection.execute(_HOLD, first, follower.service)
    theirs, ours = f"{first}-{follower.service}", follower.name
    await connection.execute("delete from document where follower = $1", ours)
    await connection.execute(
        "delete from parked where consumer = $1 and service = $2",
        follower.consumer,
        follower.service,
    )
    await connection.execute(_COPY, theirs, ours, numbered("", of), numbered("", number))
    names: Sequence[str] = (first, follower.service, follower.consumer)
    for statement in (_COPY_PARKED, _COPY_CURSOR):
        await connection.execute(statement, *names)

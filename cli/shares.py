"""Which balancers there are, and how many partitions each of them holds: asked of PostgreSQL's locks."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from services.balancer.locks import LOCK_CLASS, MEMBER_CLASS, SLOT_CLASS

ASK_S_MAX: Final = 5.0

_SHARES: Final = (
    "with held as (select pid, classid::bigint as class, objid::bigint as number from pg_locks"
    "  where locktype = 'advisory' and granted and objsubid = 2"
    "  and database = (select oid from pg_database where datname = current_database()))"
    " select slot.number as slot, a.application_name as holder,"
    "  (select count(*) from held where pid = slot.pid and class = $1) as partitions,"
    "  exists (select from held where pid = slot.pid and class = $2) as takes_part"
    " from held slot join pg_stat_activity a using (pid) where slot.class = $3 order by 1"
)


@dataclass(frozen=True, slots=True)
class Share:
    """One balancer."""

    slot: int
    holder: str
    """Its process and host."""
    partitions: int
    takes_part: bool
    """It knows everything it needs to decide."""


async def shares_of(connection: Any) -> list[Share]:  # noqa: ANN401  # asyncpg is untyped
    """Ask a connection to the balancers' database."""
    rows = await connection.fetch(_SHARES, LOCK_CLASS, MEMBER_CLASS, SLOT_CLASS)
    return [Share(**row) for row in rows]


async def shares(database_url: str) -> list[Share]:
    """
    Ask the balancers' database.

    Raises:
        OSError, TimeoutError, asyncpg.PostgresError: it cannot be asked.
    """
    connection = await asyncpg.connect(database_url, timeout=ASK_S_MAX)
    try:
        async with asyncio.timeout(ASK_S_MAX):
            return await shares_of(connection)
    finally:
        await connection.close(timeout=ASK_S_MAX)

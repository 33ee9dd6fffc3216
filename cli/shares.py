"""Which balancers there are, and how many partitions each holds; which gateways, and how many chargers."""

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

_HELD: Final = (
    "select number, seen_at > clock_timestamp() - interval '5 seconds' as alive,"
    " (select count(*) from hold h where h.held and h.gateway_id = g.gateway_id) as chargers"
    " from gateway g order by number"
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


@dataclass(frozen=True, slots=True)
class Held:
    """One gateway."""

    number: int
    alive: bool
    """It said so a moment ago."""
    chargers: int
    """So many sockets it holds."""


async def held(database_url: str) -> list[Held]:
    """
    Ask the gateways' database.

    Raises:
        OSError, TimeoutError, asyncpg.PostgresError: it cannot be asked.
    """
    connection = await asyncpg.connect(database_url, timeout=ASK_S_MAX)
    try:
        async with asyncio.timeout(ASK_S_MAX):
            return [Held(**row) for row in await connection.fetch(_HELD)]
    finally:
        await connection.close(timeout=ASK_S_MAX)

"""Keeps minutes in the portal's own database for some days: written together, once they are over."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from services.portal.traces.recent import Recent
from services.portal.traces.samples import Key, Minute
from shared.commits import DATABASE_FAULTS

KEPT: Final = timedelta(days=8)
WRITE_S: Final = 10.0
"""How often it is looked whether minutes are over."""
DROP_S: Final = 600.0
"""How often those that are too old are dropped."""
DROPPED_MAX: Final = 20_000
"""At a time, so that no statement takes long: an hour of 200 chargers and their breakers is less."""

Pool = Any
"""asyncpg carries no types."""

_INSERT: Final = (
    "insert into trace_minute (installation_id, part, minute, low_a, mean_a, high_a, committed_a, limit_a)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing"
)
_SELECT: Final = (
    "select minute, low_a, mean_a, high_a, committed_a, limit_a from trace_minute"
    " where installation_id = $1 and part = $2 and minute >= $3 and minute < $4 order by minute"
)
_DROP: Final = (
    "delete from trace_minute where ctid in"
    " (select ctid from trace_minute where minute < $1 limit $2)"
)

log = structlog.get_logger()


class Keeping:
    """
    Writes what is over, and reads it again.

    Args:
        pool: connections to the portal's database.
        recent: hands out minutes.
        now: reads the clock.
    """

    def __init__(self, pool: Pool, recent: Recent, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._recent = recent
        self._now = now

    async def run(self) -> None:
        """Keep minutes, for ever. Without the database they wait: charts do without, nothing else does."""
        loop = asyncio.get_running_loop()
        dropped_s = loop.time()
        while True:
            await asyncio.sleep(WRITE_S)
            await self.write()
            if loop.time() - dropped_s >= DROP_S:
                dropped_s = loop.time()
                await self.drop()

    async def write(self) -> None:
        """Write the minutes that are over."""
        over = self._recent.over(self._now().timestamp())
        if not over:
            return
        try:
            await self._pool.executemany(_INSERT, [_row(*it) for it in over])
        except DATABASE_FAULTS as fault:
            self._recent.put_back(over)
            log.warning("traces wait for the database", minutes=len(over), fault=repr(fault))

    async def drop(self) -> None:
        """Drop minutes that are too old."""
        try:
            await self._pool.execute(_DROP, self._now() - KEPT, DROPPED_MAX)
        except DATABASE_FAULTS as fault:
            log.warning("old traces stay for now", fault=repr(fault))

    async def minutes(self, key: Key, begins: datetime, ends: datetime) -> list[Minute]:
        """
        Read the minutes of a charger or a breaker that begin within a span of time, in their order.

        Raises:
            asyncpg.PostgresError, OSError: the database does not answer.
        """
        rows = await self._pool.fetch(_SELECT, *key, begins, ends)
        return [_minute(it) for it in rows]


def _row(key: Key, minute: Minute) -> Sequence[object]:
    return (
        *key,
        datetime.fromtimestamp(minute.at_s, UTC),
        minute.low_a,
        minute.mean_a,
        minute.high_a,
        minute.committed_a,
        minute.limit_a,
    )


def _minute(row: Any) -> Minute:  # noqa: ANN401  # asyncpg carries no types
    committed_a = row["committed_a"]
    return Minute(
        int(row["minute"].timestamp()),
        tuple(row["low_a"]),
        tuple(row["mean_a"]),
        tuple(row["high_a"]),
        row["limit_a"],
        None if committed_a is None else tuple(committed_a),
    )

"""
Puts quarters of an hour together once they are over, and again when something of them has come late.

What is due is a row of a table, written together with the reading that made it so. Processes share the
work: whoever takes a row off the table holds it until the quarter is written.
"""

import asyncio
from typing import Any, Final

import structlog

from services.telemetry.readings import summaries
from services.telemetry.readings.quarters import summary_of
from services.telemetry.readings.rows import Kind
from shared.event_store import DATABASE_FAULTS
from shared.tasks import in_child, keep_running

Pool = Any
"""asyncpg carries no types."""

AT_ONCE: Final = 10
"""How many quarters are put together in one transaction: some thousand readings, which is a few
milliseconds at a time."""
LOOK_S: Final = 2.0
"""How soon it is seen that something is due."""
SUM_S_MAX: Final = 15.0
PAUSE_S: Final = 0.5

_TAKE: Final = (
    "with taken as (delete from reading_due where (source, begins) in"
    " (select source, begins from reading_due where ripe_at <= now() order by ripe_at"
    " limit $1 for update skip locked) returning source, begins)"
    " select taken.source, taken.begins, s.kind from taken join reading_source s using (source)"
)

log = structlog.get_logger()


class Summing:
    """
    Puts together what is due.

    Args:
        pool: connections to the database of telemetry.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run(self) -> None:
        """Put quarters together, for ever."""
        faults = (*DATABASE_FAULTS, TimeoutError)
        await keep_running(self._sum_all, faults, self._on_fault, PAUSE_S)

    async def _sum_all(self) -> None:
        while True:
            if not await in_child(self.sum(), SUM_S_MAX):
                await asyncio.sleep(LOOK_S)

    def _on_fault(self, fault: Exception) -> None:
        log.warning("quarters of an hour wait", error=repr(fault))

    async def sum(self) -> int:
        """
        Put some quarters together that are due.

        Returns:
            How many; 0 when nothing is due.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: the database does not answer.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            due = await connection.fetch(_TAKE, AT_ONCE)
            together: dict[tuple[Kind, Any], list[int]] = {}
            for source, begins, kind in due:
                together.setdefault((Kind(kind), begins), []).append(source)
            for (kind, begins), sources in sorted(together.items()):
                found = await summaries.looks_in(connection, kind, sources, begins)
                made = []
                for source, looks in found.items():
                    made.append((source, summary_of(begins, looks), ()))
                    await asyncio.sleep(0)  # whoever else waits for this process comes first
                await summaries.put(connection, made)
        return len(due)

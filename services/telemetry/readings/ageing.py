"""Makes room for days to come, and drops what is over its time, a whole partition at a time."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from shared.event_store import DATABASE_FAULTS
from shared.tasks import in_child, keep_running

Pool = Any
"""asyncpg carries no types."""

AHEAD: Final = timedelta(days=3)
"""For how long ahead there is room: it is made every hour, but the database may be away."""
EVERY_S: Final = 3600.0
AGE_S_MAX: Final = 60.0
PAUSE_S: Final = 60.0
"""A backup that is being made has the tables for so long."""

_ROOM: Final = "select make_reading_room($1, $2)"
_DROP: Final = "select drop_old_readings($1, $2)"

log = structlog.get_logger()


class Ageing:
    """
    Keeps the tables of readings within bounds.

    Args:
        pool: connections to the database of telemetry.
        days: for how many single readings are kept.
        months: for how many quarters of an hour are kept.
        on_aged: is told that days have come and gone.
        now: reads the clock.
    """

    def __init__(
        self,
        pool: Pool,
        days: int,
        months: int,
        on_aged: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._days = days
        self._months = months
        self._on_aged = on_aged
        self._now = now

    async def run(self) -> None:
        """Keep within bounds, for ever."""
        faults = (*DATABASE_FAULTS, TimeoutError)
        await keep_running(self._age_all, faults, self._on_fault, PAUSE_S)

    async def _age_all(self) -> None:
        while True:
            await in_child(self.age(), AGE_S_MAX)
            await asyncio.sleep(EVERY_S)

    def _on_fault(self, fault: Exception) -> None:
        log.warning("days of readings neither made nor dropped", error=repr(fault))

    async def age(self) -> None:
        """
        Make room ahead, and drop what is too old.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: the database does not answer, or the
                tables were in use for too long.
        """
        today = self._now()
        for ahead in range(AHEAD.days + 1):
            await self._pool.execute(_ROOM, today + timedelta(days=ahead), self._days)
        gone = await self._pool.fetchval(_DROP, self._days, self._months)
        if gone:
            log.info("readings dropped", partitions=gone)
        self._on_aged()

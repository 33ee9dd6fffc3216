"""
Whether the database answers, asked again and again, so that a service can say so before it needs it; and
whether its clock agrees with ours.
"""

import asyncio
from typing import Any, Final

import asyncpg

from shared.clock import utc_now
from shared.clock_watch import ClockWatch
from shared.event_store import DATABASE_FAULTS
from shared.tasks import CutOff, in_child

ASK_S: Final = 1.0
"""How soon it is noticed that the database is away, or back."""
ANSWER_S_MAX: Final = 3.0
"""How long it may take to answer; a pool of which every connection is busy for so long counts as silent."""


class DatabaseWatch:
    """Asks one database of a pool."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._fault: str | None = None
        self._clock = ClockWatch()

    def standing(self) -> bool | str:
        """For the health of the service: true, or why not."""
        return self._fault is None or self._fault

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            try:
                await in_child(self._ask(), ANSWER_S_MAX)
            except TimeoutError:
                self._fault = f"it has not answered within {ANSWER_S_MAX:g} s"
            except (CutOff, *DATABASE_FAULTS) as fault:
                self._fault = f"it does not answer: {type(fault).__name__}"
            else:
                self._fault = None
            await asyncio.sleep(ASK_S)

    async def _ask(self) -> None:
        asked_at = utc_now()
        theirs = await self._pool.fetchval("select clock_timestamp()", timeout=ANSWER_S_MAX)
        self._clock.compare(asked_at, theirs, utc_now())

"""
Looks at registers, kept for as long as sessions are: the first one in every quarter of an hour.

They tell at what time of a session its energy was drawn. A reading that is not heard is none: what it would
have told is shared out by estimate (`billing/curves.py`).
"""

import asyncio
from collections import deque
from datetime import datetime
from typing import Any, Final

import structlog

from shared.event_store import DATABASE_FAULTS
from shared.ids import ChargerId, InstallationId, SessionId
from shared.messages.telemetry import MeterReading

SLOT_S: Final = 900
WRITE_EVERY_S: Final = 5.0
WAITING_MAX: Final = 50_000
"""How many looks wait while the database is away; then the oldest go, and their number is logged."""

log = structlog.get_logger()

_Mark = tuple[InstallationId, SessionId, int, datetime, int]


class Marks:
    """Hears readings, and writes what is worth keeping now and then."""

    def __init__(self) -> None:
        self._heard: dict[tuple[InstallationId, ChargerId], tuple[SessionId, int]] = {}
        self._waiting: deque[_Mark] = deque(maxlen=WAITING_MAX)
        self._dropped = 0

    def hear(self, reading: MeterReading) -> None:
        """Take in a reading, if it is the first of its session in its quarter of an hour."""
        if reading.session_id is None or reading.register_wh is None:
            return
        slot = int(reading.measured_at.timestamp() // SLOT_S)
        place = (reading.installation_id, reading.charger_id)
        if self._heard.get(place) == (reading.session_id, slot):
            return
        self._heard[place] = (reading.session_id, slot)
        self._dropped += len(self._waiting) == WAITING_MAX
        about = (reading.installation_id, reading.session_id, slot)
        self._waiting.append((*about, reading.measured_at, reading.register_wh))

    async def write(self, pool: Any) -> None:  # noqa: ANN401  # asyncpg carries no types
        """Write what waits; what cannot be written goes on waiting."""
        marks = list(self._waiting)
        if not marks:
            return
        await pool.executemany(
            "insert into register_mark values ($1, $2, $3, $4, $5) on conflict do nothing",
            marks,
        )
        for _ in range(min(len(marks), len(self._waiting))):
            self._waiting.popleft()

    async def run(self, pool: Any) -> None:  # noqa: ANN401
        """Write until cancelled."""
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            try:
                await self.write(pool)
            except DATABASE_FAULTS as fault:
                log.warning(
                    "looks at registers wait",
                    waiting=len(self._waiting),
                    dropped=self._dropped,
                    error=repr(fault),
                )

"""
Where every piece of hardware was last: documents by serial number, which outlive its removal.

They tell whether a charger that knocks has been moved, and whether what the history of a place holds
was confirmed by this hardware since it came here. A charger that was away in between may have been
told anything there.
"""

from typing import Any, Final

import asyncpg
import structlog
from pydantic import BaseModel

from services.telemetry.charger import AssignedCharger, Charger
from shared.documents import Documents
from shared.event_store import DATABASE_FAULTS
from shared.followers import Connection
from shared.ids import Serial

REMOVED: Final = "removed"
"""The assignment of hardware that has been taken away, and has confirmed nothing since."""

log = structlog.get_logger()


class Seen(BaseModel):
    """What is remembered of one serial number."""

    host: str = ""
    """The network address of its last accepted connection."""
    assignment: str = REMOVED
    """Under which assignment it has last confirmed a fail-safe."""
    left: AssignedCharger | None = None
    """The place it was taken away from last."""


class Whereabouts:
    """What is remembered of every serial number."""

    def __init__(self) -> None:
        self._seen = Documents("whereabouts", Seen)

    async def open(self, pool: "asyncpg.Pool[Any]") -> None:
        """Read what is there."""
        await self._seen.open(pool)

    def host(self, serial: Serial) -> str:
        """Name the network address from which a serial was last accepted; empty if unknown."""
        seen = self._seen.get(serial)
        return "" if seen is None else seen.host

    def left(self, serial: Serial) -> AssignedCharger | None:
        """Name the place that a serial was taken away from last."""
        seen = self._seen.get(serial)
        return None if seen is None else seen.left

    def vouch_for(self, state: Charger, assigned: AssignedCharger) -> bool:
        """Tell whether what is on record here was confirmed by this hardware, since it came."""
        seen = self._seen.get(assigned.serial)
        if seen is None:  # it was never anywhere else, as far as anybody remembers
            return state.serial == assigned.serial
        return seen.assignment == assigned.assignment

    async def confirmed(
        self, pool: "asyncpg.Pool[Any]", assigned: AssignedCharger, host: str | None = None
    ) -> None:
        """Remember that a charger has confirmed its fail-safe here, or was accepted from a host."""
        known = self._seen.get(assigned.serial) or Seen()
        seen = known.model_copy(update={"assignment": assigned.assignment})
        if host is not None:
            seen = seen.model_copy(update={"host": host})
        if seen == known:
            return
        try:
            await self._seen.put(pool, assigned.serial, seen)
        except DATABASE_FAULTS as fault:
            # Without it the charger is commissioned once more than it need be.
            log.warning("whereabouts not written", serial=assigned.serial, fault=repr(fault))

    async def removed(self, connection: Connection, left: AssignedCharger) -> None:
        """Remember, in the transaction of the event, that a serial was taken away."""
        seen = Seen(host=self.host(left.serial), left=left)
        await self._seen.put(connection, left.serial, seen)

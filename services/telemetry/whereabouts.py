"""
Where every piece of hardware was last, by serial number.

They tell whether a charger that knocks has been moved, and whether what the history of a place holds
was confirmed by this hardware since it came here. A charger that was away in between may have been
told anything there.

What it has confirmed, and from where it came, any gateway may have heard: that is read anew whenever a
charger comes. Where it was taken away from each gateway folds for itself.
"""

from typing import Any, Final

import asyncpg
import structlog
from pydantic import BaseModel

from services.telemetry.charger import AssignedCharger, Charger
from shared.documents import Documents, numbered
from shared.event_store import DATABASE_FAULTS
from shared.followers import Connection
from shared.ids import Serial

CONFIRMED: Final = "confirmed"
WHEREABOUTS: Final = "whereabouts"

log = structlog.get_logger()


class Confirmed(BaseModel):
    """What hardware was told last, and where it was; all gateways share it."""

    host: str = ""
    """The network address of its last accepted connection."""
    assignment: str = ""
    """Under which assignment it has last confirmed a fail-safe."""


class Gone(BaseModel):
    """What is folded of hardware that was taken away."""

    left: AssignedCharger | None = None
    """The place it was taken away from last."""


class Whereabouts:
    """What is remembered of every serial number."""

    def __init__(self, number: int = 1) -> None:
        self._confirmed = Documents(CONFIRMED, Confirmed)
        self._gone = Documents(numbered(WHEREABOUTS, number), Gone)

    async def open(self, pool: "asyncpg.Pool[Any]") -> None:
        """Read what is there."""
        await self._confirmed.open(pool)
        await self._gone.open(pool)

    async def look(self, pool: "asyncpg.Pool[Any]", serial: Serial) -> None:
        """
        Read what other gateways have heard of a serial meanwhile.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: it cannot be read now.
        """
        await self._confirmed.look(pool, serial)

    def host(self, serial: Serial) -> str:
        """Name the network address from which a serial was last accepted; empty if unknown."""
        seen = self._confirmed.get(serial)
        return "" if seen is None else seen.host

    async def last_host(self, pool: "asyncpg.Pool[Any]", serial: Serial) -> str:
        """Name the network address from which a serial was last accepted, by whichever gateway."""
        try:
            await self.look(pool, serial)
        except DATABASE_FAULTS as fault:
            log.warning("whereabouts not read anew", serial=serial, fault=repr(fault))
        return self.host(serial)

    def left(self, serial: Serial) -> AssignedCharger | None:
        """Name the place that a serial was taken away from last."""
        gone = self._gone.get(serial)
        return None if gone is None else gone.left

    def vouch_for(self, state: Charger, assigned: AssignedCharger) -> bool:
        """Tell whether what is on record here was confirmed by this hardware, since it came."""
        seen = self._confirmed.get(assigned.serial)
        if seen is None:  # was it anywhere else, as far as anybody remembers?
            return self.left(assigned.serial) is None and state.serial == assigned.serial
        return seen.assignment == assigned.assignment

    async def confirmed(
        self, pool: "asyncpg.Pool[Any]", assigned: AssignedCharger, host: str | None = None
    ) -> None:
        """Remember that a charger has confirmed its fail-safe here, or was accepted from a host."""
        known = self._confirmed.get(assigned.serial)
        seen = (known or Confirmed()).model_copy(update={"assignment": assigned.assignment})
        if host is not None:
            seen = seen.model_copy(update={"host": host})
        if seen == known:
            return
        try:
            await self._confirmed.put(pool, assigned.serial, seen)
        except DATABASE_FAULTS as fault:
            # Without it the charger is commissioned once more than it need be.
            log.warning("whereabouts not written", serial=assigned.serial, fault=repr(fault))

    async def removed(self, connection: Connection, left: AssignedCharger) -> None:
        """Remember, in the transaction of the event, that a serial was taken away."""
        await self._gone.put(connection, left.serial, Gone(left=left))

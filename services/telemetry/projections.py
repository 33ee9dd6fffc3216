"""Which serial number is which charger: documents folded from the installation service's
events.
"""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from pydantic import BaseModel

from services.telemetry.charger import AssignedCharger
from shared.documents import Documents
from shared.follow import Connection, Follower
from shared.ids import Serial
from shared.messages.installation import ChargerAssigned, InstallationCreated
from shared.phases import GridType
from shared.recorded import Recorded

_HEARD: Final = frozenset({ChargerAssigned.__name__, InstallationCreated.__name__})


class Grid(BaseModel):
    """How an installation is fed."""

    grid_type: GridType


class Assignments:
    """All assigned chargers, by serial number."""

    def __init__(self) -> None:
        self._grids = Documents("grid", Grid)
        self._chargers = Documents("assigned", AssignedCharger)

    async def open(self, pool: "asyncpg.Pool[Any]") -> None:
        """Read what is there."""
        await self._grids.open(pool)
        await self._chargers.open(pool)

    def get(self, serial: Serial) -> AssignedCharger | None:
        return self._chargers.get(serial)

    def all(self) -> Sequence[AssignedCharger]:
        return list(self._chargers.all().values())

    async def apply(self, connection: Connection, recorded: Recorded) -> None:
        """
        Take in one event of the installation service.

        Raises:
            KeyError: a charger is assigned to an installation that was never created.
        """
        if recorded.type not in _HEARD:
            return
        event = recorded.event
        if isinstance(event, InstallationCreated):
            grid = Grid(grid_type=event.grid_type)
            await self._grids.put(connection, event.installation_id, grid)
        elif isinstance(event, ChargerAssigned):
            await self._assign(connection, event)

    async def _assign(self, connection: Connection, event: ChargerAssigned) -> None:
        grid = self._grids.get(event.installation_id)
        if grid is None:
            raise KeyError(f"installation {event.installation_id} was never created")
        assigned = AssignedCharger(
            installation_id=event.installation_id,
            charger_id=event.charger_id,
            serial=event.serial,
            wiring=event.wiring,
            grid_type=grid.grid_type,
            fail_safe_a=event.fail_safe_a,
        )
        await self._chargers.put(connection, event.serial, assigned)

    def follower(self, pool: "asyncpg.Pool[Any]") -> Follower:
        """Say how the installation service's log is followed."""

        async def reload() -> None:
            await self.open(pool)

        return Follower("telemetry", "installation", self.apply, reload, lambda _: None)

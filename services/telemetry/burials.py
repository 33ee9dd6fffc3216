"""What a gateway that is gone has left behind: chargers that lost their connection with it."""

import asyncio
from typing import Final

from services.telemetry.charger import Charger, ChargerFact
from services.telemetry.decider import disconnected
from services.telemetry.histories import Histories
from services.telemetry.holds import Holder, Holds
from services.telemetry.projections import Assignments
from shared.context import acting

RESTARTED: Final = "gateway restarted"
SIDE_BY_SIDE_MAX: Final = 8
"""So many of its chargers are looked after at a time."""


class Burials:
    """Puts on record what gateways that are gone have left behind."""

    def __init__(self, holds: Holds, histories: Histories, assignments: Assignments) -> None:
        self._holds = holds
        self._histories = histories
        self._assignments = assignments

    async def bury(self, gateway_id: str) -> None:
        """
        Put on record which chargers have lost their connection: those that it held, and nobody has taken
        since.

        Raises:
            LOG_FAULTS: not all of them are on record yet.
        """
        gate = asyncio.Semaphore(SIDE_BY_SIDE_MAX)

        async def one(holder: Holder) -> None:
            async with gate:
                await self._lost(holder)

        left = await self._holds.of(gateway_id)
        done = await asyncio.gather(*(one(it) for it in left), return_exceptions=True)
        for fault in done:
            if fault is not None:
                raise fault

    async def _lost(self, holder: Holder) -> None:
        assigned = self._assignments.get(holder.serial)
        if assigned is not None and assigned.charger_id == holder.charger_id:
            place = assigned
            history = await self._histories.of(place)

            def lost(state: Charger) -> tuple[ChargerFact, ...]:
                if state.connected_to != holder.gateway_id:
                    return ()  # it came back, or its end was put on record before
                return disconnected(state, place, RESTARTED)

            with acting("system"):
                await history.decide(lost)
        await self._holds.forget(holder)

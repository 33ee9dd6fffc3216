"""
Clocks of services are set, forward and back.

Leases count 5 s for clocks that are off (docs/safety.md), so those who deal with leases are set by no more
than 2 s: two of them may be apart by 4. All others are set by more than a minute, and so are balancers, who
decide nothing then; a gateway that is so far off would set the clocks of chargers.
"""

import signal
from dataclasses import dataclass
from typing import Final

from cli.chaos.fault import FaultNotPossible
from cli.chaos.plan import Kind
from cli.chaos.processes import signal_all
from cli.chaos.set_clock import set_clock
from cli.chaos.yard import PROCESSES, Yard
from cli.services import BALANCER, TELEMETRY

LITTLE_S: Final = 2.0
MUCH_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class ClockSet:
    """
    The clock of a process is off for a while; it jumps there, and back.

    Args:
        kind: how the plan sees it.
        by_s: how far it is ahead then; below 0: behind.
    """

    kind: Kind
    by_s: float

    async def inject(self, yard: Yard, target: str) -> None:
        """See `Fault`."""
        if yard.clocks is None:
            raise FaultNotPossible("there is no libfaketime here: make faketime")
        set_clock(yard.clocks, target, self.by_s)

    async def heal(self, yard: Yard, target: str) -> None:
        """See `Fault`."""
        if yard.clocks is not None:
            set_clock(yard.clocks, target, 0.0)


@dataclass(frozen=True, slots=True)
class ChargersJolted:
    """The clocks of all chargers jump, by up to 4.5 s each, until they ask a gateway for the time again."""

    kind: Kind

    async def inject(self, yard: Yard, _: str) -> None:
        """See `Fault`."""
        signal_all(yard.simulators.values(), signal.SIGUSR1)

    async def heal(self, yard: Yard, target: str) -> None:
        """See `Fault`: it was over at once."""


def charger_clock_faults() -> list[ChargersJolted]:
    """Name all that may happen to clocks of chargers."""
    return [ChargersJolted(Kind("chargers-clocks", ("all chargers",), hits_all=False))]


def clock_faults() -> list[ClockSet]:
    """Name all that may happen to clocks of services."""
    leasing = [it for it in PROCESSES if it.startswith((BALANCER, TELEMETRY))]
    others = [it for it in PROCESSES if not it.startswith(TELEMETRY)]
    return [
        ClockSet(Kind("clock-ahead", leasing, (3.0, 20.0)), LITTLE_S),
        ClockSet(Kind("clock-behind", leasing, (3.0, 20.0)), -LITTLE_S),
        ClockSet(Kind("clock-far-ahead", others, (3.0, 20.0)), MUCH_S),
        ClockSet(Kind("clock-far-behind", others, (3.0, 20.0)), -MUCH_S),
    ]

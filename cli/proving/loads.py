"""
What cars put on breakers, by physics: currents that meet in a line add as phasors.

In a TN grid all that is drawn on a line is in phase there, and amperes add. In an IT grid a one-phase
car stands between two lines, and a three-phase car loads all three pairs alike; the current of L1 is
what goes to L2 less what comes from L3: `|J12 - J31| = sqrt(J12² + J12*J31 + J31²)`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.phases import PHASES, GridType, Phase, PhaseCurrents


@dataclass(slots=True)
class Load:
    """What cars draw at one breaker, in amperes: on the three lines, or, in an IT grid of three
    phases, on the pairs L1-L2, L2-L3 and L3-L1."""

    grid: GridType
    parts_a: list[float]

    @classmethod
    def none(cls, grid: GridType) -> "Load":
        return cls(grid, [0.0] * len(PHASES))

    def add(self, wires: Iterable[Phase], drawn_a: float) -> None:
        """
        Add a car that draws so much on each of its wires.

        >>> load = Load.none(GridType.IT_3_PHASE)
        >>> load.add([Phase.L1], 10.0)
        >>> load.add([Phase.L3], 10.0)
        >>> [round(a, 2) for a in load.lines_a()]
        [17.32, 10.0, 10.0]
        """
        used = [PHASES.index(it) for it in wires]
        in_pairs = self.grid is GridType.IT_3_PHASE and len(used) > 1
        for part in used:
            self.parts_a[part] += drawn_a / math.sqrt(3) if in_pairs else drawn_a

    def lines_a(self) -> PhaseCurrents:
        """Name the current in each line, in amperes."""
        a, b, c = self.parts_a
        if self.grid is not GridType.IT_3_PHASE:
            return (a, b, c)
        return (_between(a, c), _between(b, a), _between(c, b))


def lines_of(grid: GridType, wires: Sequence[Phase]) -> tuple[Phase, ...]:
    """Name the lines that a car on some wires loads: in an IT grid one more than its only wire."""
    if grid is not GridType.IT_3_PHASE or len(wires) > 1:
        return tuple(wires)
    return (wires[0], PHASES[(PHASES.index(wires[0]) + 1) % len(PHASES)])


def _between(to_a: float, from_a: float) -> float:
    return math.sqrt(to_a * to_a + to_a * from_a + from_a * from_a)

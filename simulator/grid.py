"""
What every breaker carries, given what every car draws.

In a TN grid, and in any one-phase grid, loads on a line simply add. In a three-phase IT grid a
one-phase car stands between two lines, and its current leaves on one and returns on the other,
so currents add as phasors. Per breaker it is enough to keep the three pair currents J12, J23,
J31, which do add; at unity power factor neighbouring pairs are 120 degrees apart, so that

    I_L1^2 = J12^2 + J12 J31 + J31^2        and cyclic for L2, L3.

A three-phase (delta) car with line current x puts x / sqrt(3) on each pair.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.phases import PHASES, GridType, Phase
from shared.units import LINE_TO_NEUTRAL_V

SQRT_3: Final = math.sqrt(3)

ROOT: Final = 0
"""Index of the main breaker among the nodes."""


class Draw(NamedTuple):
    """What one car takes: amperes in each conductor it uses, one or three of them; one is that of
    a terminal, which is mostly the first."""

    a: float
    phases: int
    terminal: int = 1


NOTHING: Final = Draw(0.0, 1)


def power_w(grid: GridType, draw: Draw) -> float:
    """
    Work out the power of a car.

    >>> round(power_w(GridType.TN_3_PHASE, Draw(16.0, 3)))
    11040
    >>> round(power_w(GridType.IT_3_PHASE, Draw(16.0, 3)))  # 230 V between the lines
    6374
    """
    if draw.phases == 1:
        return LINE_TO_NEUTRAL_V * draw.a
    across_a = SQRT_3 if grid is GridType.IT_3_PHASE else 3.0
    return across_a * LINE_TO_NEUTRAL_V * draw.a


def line_currents(pairs_a: Sequence[float]) -> tuple[float, float, float]:
    """
    Turn the pair currents J12, J23, J31 of an IT grid into amperes on L1, L2, L3.

    >>> [round(a, 2) for a in line_currents((10.0, 0.0, 0.0))]
    [10.0, 10.0, 0.0]
    """
    j12, j23, j31 = pairs_a
    return (_joined(j12, j31), _joined(j23, j12), _joined(j31, j23))


def _joined(a: float, b: float) -> float:
    return math.sqrt(a * a + a * b + b * b)


@dataclass(frozen=True, slots=True)
class Grid:
    """
    The tree of breakers, and where every charger hangs.

    Nodes are numbered so that a parent comes before its children; node 0 is the main breaker.
    `parents[i]` is the node above node i, and `nodes[c]` the one charger c hangs on.
    `wirings[c]` is the line behind each of charger c's terminals.
    """

    type: GridType
    parents: tuple[int, ...]
    nodes: tuple[int, ...]
    wirings: tuple[tuple[Phase, ...], ...]

    @property
    def lines(self) -> int:
        """How many lines a breaker of this grid protects."""
        return len(self.type.lines)

    def above(self, charger: int) -> tuple[int, ...]:
        """Name the breakers a charger hangs behind, nearest first."""
        node = self.nodes[charger]
        path = [node]
        while node != ROOT:
            node = self.parents[node]
            path.append(node)
        return tuple(path)

    def carried(
        self, draws: Sequence[Draw], beside_a: Sequence[float] = ()
    ) -> list[tuple[float, ...]]:
        """
        Work out what every breaker carries.

        Args:
            draws: what the car at each charger takes.
            beside_a: what else flows through the main breaker: on each line, or in a three-phase IT grid
                on each pair of lines.

        Returns:
            For every node, amperes on each of its lines.
        """
        sums = [[0.0, 0.0, 0.0] for _ in self.parents]
        for charger, draw in enumerate(draws):
            if draw.a > 0.0:
                self._add(sums[self.nodes[charger]], self.wirings[charger], draw)
        for node in range(len(sums) - 1, ROOT, -1):
            above = sums[self.parents[node]]
            for i in range(3):
                above[i] += sums[node][i]
        for i, a in enumerate(beside_a):
            sums[ROOT][i] += a
        if self.type is GridType.IT_3_PHASE:
            return [line_currents(pairs) for pairs in sums]
        return [tuple(node_a[: self.lines]) for node_a in sums]

    def _add(self, into: list[float], wiring: tuple[Phase, ...], draw: Draw) -> None:
        """Add a car: to lines, or in a three-phase IT grid to pairs (J12, J23, J31)."""
        if draw.phases == 3:
            each_a = draw.a / SQRT_3 if self.type is GridType.IT_3_PHASE else draw.a
            for i in range(3):
                into[i] += each_a
        elif self.type.three_phase:
            # The pair of a line is the one that begins with it: L1-L2, L2-L3, L3-L1.
            into[PHASES.index(wiring[draw.terminal - 1])] += draw.a
        else:
            into[0] += draw.a

    def reach(self, charger: int, phases: int, terminal: int = 1) -> tuple[int, ...]:
        """Name the lines, by number, that a car at a charger loads."""
        if phases == 3:
            return (0, 1, 2)
        if not self.type.three_phase:
            return (0,)
        first = PHASES.index(self.wirings[charger][terminal - 1])
        return (first, (first + 1) % 3) if self.type is GridType.IT_3_PHASE else (first,)

    def upper_bounds(
        self, wishes: Sequence[Draw], set_a: Sequence[float]
    ) -> list[tuple[float, ...]]:
        """
        Bound from above what could flow at every breaker: per line, the lower of its set value
        and the sum of its children's bounds; a car bounds itself.

        In a three-phase IT grid amperes are summed as magnitudes, which no phasor sum exceeds.
        """
        bounds = [[0.0] * self.lines for _ in self.parents]
        for charger, wish in enumerate(wishes):
            if wish.a > 0.0:
                for line in self.reach(charger, wish.phases):
                    bounds[self.nodes[charger]][line] += wish.a
        for node in range(len(bounds) - 1, -1, -1):
            bounds[node] = [min(a, set_a[node]) for a in bounds[node]]
            if node != ROOT:
                above = bounds[self.parents[node]]
                for line, a in enumerate(bounds[node]):
                    above[line] += a
        return [tuple(node_a) for node_a in bounds]

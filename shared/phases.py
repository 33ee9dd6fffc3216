"""
Phases: which grid lines a load stands on.

A charger's terminals 1, 2 and 3 are wired to grid lines in some order, its *wiring*. What a car
draws at a terminal therefore lands on another line for every other charger. In a TN grid a one-phase
car stands between one line and neutral; in an IT grid it stands between two lines and loads both.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator

from shared.units import Amperes


class Phase(StrEnum):
    """A line of the grid."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"


PHASES: Final = (Phase.L1, Phase.L2, Phase.L3)


class GridType(StrEnum):
    """How the building is fed (IEC 60364-1), and with how many phases."""

    TN_3_PHASE = "TN_3_PHASE"
    TN_1_PHASE = "TN_1_PHASE"
    IT_3_PHASE = "IT_3_PHASE"
    IT_1_PHASE = "IT_1_PHASE"

    @property
    def three_phase(self) -> bool:
        return self in {GridType.TN_3_PHASE, GridType.IT_3_PHASE}

    @property
    def lines(self) -> tuple[Phase, ...]:
        """The lines a breaker of this grid protects. In a one-phase grid the way back carries the
        same current, so that one line speaks for both.
        """
        return PHASES if self.three_phase else (Phase.L1,)


class PhaseSwitching(StrEnum):
    """Whether a charger can charge on one phase or on three, as it is told."""

    NONE = "NONE"
    """It closes all its terminals; how many of them carry current is up to the car."""
    FIRST_TERMINAL = "FIRST_TERMINAL"
    """On one phase it always charges from its first terminal."""
    ANY_TERMINAL = "ANY_TERMINAL"
    """On one phase it charges from whichever terminal it is told."""


def _distinct(wiring: tuple[Phase, ...]) -> tuple[Phase, ...]:
    if len(wiring) not in {1, 3} or len(set(wiring)) != len(wiring):
        raise ValueError(
            "the wiring order names one phase, or all three in the order of the charger's "
            "terminals, such as L2 L3 L1"
        )
    return wiring


Wiring = Annotated[tuple[Phase, ...], AfterValidator(_distinct)]
"""The grid line behind each of a charger's terminals, in the order of the terminals."""


def _usable(terminals: tuple[int, ...]) -> tuple[int, ...]:
    if terminals not in USABLE_TERMINALS:
        raise ValueError(
            "a charger uses one of its terminals 1, 2 and 3, or all three in order"
        )
    return terminals


ALL_TERMINALS: Final = (1, 2, 3)
USABLE_TERMINALS: Final = ((1,), (2,), (3,), ALL_TERMINALS)

Terminals = Annotated[tuple[int, ...], AfterValidator(_usable)]
"""The terminals from which a charger that can switch phases is to charge: one, or all three."""

PhaseCurrents = tuple[float, float, float]
"""Amperes on L1, L2 and L3."""

PhaseAmperes = tuple[Amperes, Amperes, Amperes]
"""Amperes on L1, L2 and L3, checked where they come in."""

ZERO_A: Final[PhaseCurrents] = (0.0, 0.0, 0.0)


def lines_loaded(grid: GridType, wiring: Sequence[Phase], terminals: int) -> tuple[Phase, ...]:
    """
    Name the grid lines that a load on a charger's first terminals stands on.

    Args:
        grid: how the building is fed.
        wiring: the line behind each terminal.
        terminals: how many of the charger's terminals carry current: 1 or 3.

    >>> lines_loaded(GridType.TN_3_PHASE, (Phase.L2, Phase.L3, Phase.L1), terminals=1)
    (<Phase.L2: 'L2'>,)
    >>> [str(line) for line in lines_loaded(GridType.IT_3_PHASE, (Phase.L3,), terminals=1)]
    ['L1', 'L3']
    """
    if terminals >= 3 and len(wiring) == 3:
        return PHASES
    first = wiring[0]
    if grid is not GridType.IT_3_PHASE:
        return (first,)
    # Between two lines: the first terminal's line and the next one around (L1-L2, L2-L3, L3-L1).
    after = PHASES[(PHASES.index(first) + 1) % 3]
    return tuple(sorted((first, after)))


def lines_used(
    grid: GridType, wiring: Sequence[Phase], terminals: Sequence[int]
) -> tuple[Phase, ...]:
    """
    Name the grid lines behind those terminals of a charger that it is told to use.

    >>> wiring = (Phase.L2, Phase.L3, Phase.L1)
    >>> [str(line) for line in lines_used(GridType.TN_3_PHASE, wiring, (3,))]
    ['L1']
    >>> [str(line) for line in lines_used(GridType.IT_3_PHASE, wiring, (2,))]
    ['L1', 'L3']
    """
    if len(terminals) > 1:
        return lines_loaded(grid, wiring, len(wiring))
    return lines_loaded(grid, (wiring[terminals[0] - 1],), 1)


def grid_currents(
    grid: GridType, wiring: Sequence[Phase], terminals_a: Sequence[float]
) -> PhaseCurrents:
    """
    Turn what a charger measures at its terminals into amperes on the grid's lines.

    Args:
        grid: how the building is fed.
        wiring: the line behind each terminal.
        terminals_a: amperes at terminals 1, 2, 3; as many as the charger reports.

    Returns:
        Amperes on L1, L2, L3. A one-phase load of an IT grid is counted in full on both its lines.

    >>> grid_currents(GridType.TN_3_PHASE, (Phase.L2, Phase.L3, Phase.L1), (10.0, 0.0, 0.0))
    (0.0, 10.0, 0.0)
    """
    used = [i for i, a in enumerate(terminals_a[: len(wiring)]) if a > 0.0]
    if len(used) > 1 and len(terminals_a) == len(wiring):  # what is told most, without a table
        one, two, three = (wiring.index(line) for line in PHASES)
        return (terminals_a[one], terminals_a[two], terminals_a[three])
    lines = dict.fromkeys(PHASES, 0.0)
    if len(wiring) == 1 or len(used) <= 1:
        only = used[0] if used else 0
        for line in lines_loaded(grid, (wiring[only],), 1):
            lines[line] = terminals_a[only] if terminals_a else 0.0
    else:
        for line, a in zip(wiring, terminals_a, strict=False):
            lines[line] = a
    return (lines[Phase.L1], lines[Phase.L2], lines[Phase.L3])

"""
How a car's current adds to a line: as a number in one-phase and TN grids, as a phasor in IT grids.

In a TN grid, and in any one-phase grid, whatever stands on a line is in phase at unity power factor, and
amperes add. In a three-phase IT grid a one-phase car stands between two lines. The currents of the two
pairs that meet in a line are 60 degrees apart in it, and the one of a three-phase car lies half-way
between them. Angles are therefore told from that of a three-phase car.

>>> j12_a, j31_a = 10.0, 6.0  # IT: what cars between L1 and L2, and between L3 and L1, draw
>>> on_l1 = [factor(GridType.IT_3_PHASE, pair, Phase.L1) for pair in (PAIRS[0], PAIRS[2])]
>>> round(abs(on_l1[0] * j12_a + on_l1[1] * j31_a), 6)
14.0
>>> round((j12_a**2 + j12_a * j31_a + j31_a**2) ** 0.5, 6)
14.0
"""

import cmath
import math
from collections.abc import Sequence
from typing import Final

from shared.phases import PHASES, GridType, Phase

PAIRS: Final = ((Phase.L1, Phase.L2), (Phase.L2, Phase.L3), (Phase.L1, Phase.L3))
"""The lines of each pair, in the order J12, J23, J31."""
BEGINS: Final = cmath.rect(1.0, math.pi / 6)
"""What a pair's current is on the line that it begins with: L1 of the pair L1-L2."""
ENDS: Final = BEGINS.conjugate()
"""What a pair's current is on the line that it ends with: L1 of the pair L3-L1."""


def factor(grid: GridType, lines: Sequence[Phase], line: Phase) -> complex:
    """
    Name what one ampere of a car is on a line.

    Args:
        grid: how the building is fed.
        lines: all lines that the car loads: as `shared.phases.lines_loaded` names them.
        line: the line in question.

    Returns:
        0 on a line that the car does not load, otherwise a factor of magnitude 1. A three-phase
        car's amperes are those of a line.

    >>> factor(GridType.TN_3_PHASE, (Phase.L2,), Phase.L2), factor(GridType.TN_3_PHASE, PHASES, Phase.L2)
    ((1+0j), (1+0j))
    >>> factor(GridType.IT_3_PHASE, PAIRS[0], Phase.L1) == factor(GridType.IT_3_PHASE, PAIRS[2], Phase.L3)
    True
    >>> factor(GridType.IT_3_PHASE, PAIRS[0], Phase.L3), factor(GridType.IT_3_PHASE, PHASES, Phase.L3)
    (0j, (1+0j))
    """
    if line not in lines:
        return 0j
    if grid is not GridType.IT_3_PHASE or len(lines) != 2:
        return 1 + 0j
    after = PHASES[(PHASES.index(line) + 1) % 3]
    return BEGINS if after in lines else ENDS

"""
What a grid operator's reduction leaves by law in Germany (section 14a EnWG).

Each device keeps 4.2 kW; several behind one energy manager keep 4.2 kW and, for every further one, a part
of it that falls with their number (Bundesnetzagentur, BK6-22-300, annex 1). The factors are cited second
hand. 4.2 kW on three phases are 6.09 A: a car still charges.
"""

from typing import Final

from shared.phases import GridType, PhaseAmperes
from shared.units import three_phase_line_w

DEVICE_W: Final = 4200.0
FACTORS: Final = {1: 1.0, 2: 0.80, 3: 0.75, 4: 0.70, 5: 0.65, 6: 0.60, 7: 0.55, 8: 0.50}
FACTOR_MIN: Final = 0.45
"""For nine devices and more."""


def least_w(devices: int) -> float:
    """
    Name what a reduction leaves some devices together, in watts.

    >>> least_w(1), least_w(2), round(least_w(10))
    (4200.0, 7560.0, 21210)
    """
    factor = FACTORS.get(devices, FACTOR_MIN)
    return DEVICE_W + (devices - 1) * factor * DEVICE_W


def power_of_w(limit_a: PhaseAmperes | None, power_w: float | None, grid: GridType) -> float:
    """Name the power that a limit stands for, in watts; 0 for no limit at all."""
    if power_w is not None:
        return power_w
    lines_a = (limit_a or ())[: len(grid.lines)]
    return sum(lines_a) * three_phase_line_w(between_lines=grid is GridType.IT_3_PHASE)

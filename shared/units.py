"""Electrical quantities: their types, bounds and sources."""

import math
from typing import Annotated, Final

from pydantic import Field

PILOT_MIN_A: Final = 6.0
"""Lowest current an EVSE can offer, in amperes per phase.

IEC 61851-1 Annex A: a control-pilot duty cycle of 10 % announces 6 A, and no duty cycle announces
less. "Less than 6 A" can therefore only mean "pause".
"""

CAR_FOLLOW_S: Final = 5.0
"""How long a car may take to follow a changed offer, in seconds (IEC 61851-1, Table A.6)."""

LINE_TO_NEUTRAL_V: Final = 230.0
"""Nominal voltage across a one-phase car: line to neutral in a TN grid, line to line in a 230 V IT
grid (IEC 60038)."""

STEP_A: Final = 0.1
"""Finest step of a limit: one decimal, as OCPP 2.0.1 ChargingSchedulePeriodType.limit has it."""

TOLERANCE_A: Final = 1e-6
"""How far two sums of amperes may differ and still be equal. No comparison goes without it."""

CHARGER_A_MAX: Final = 80.0
"""Highest current the control pilot can announce, in amperes (IEC 61851-1 Annex A)."""

BREAKER_A_MAX: Final = 6300.0
"""Highest breaker rating accepted, in amperes: the largest frame of IEC 60947-2 breakers."""

Amperes = Annotated[float, Field(ge=0, le=BREAKER_A_MAX, allow_inf_nan=False)]
"""A current per phase, in amperes."""

BreakerAmperes = Annotated[float, Field(ge=PILOT_MIN_A, le=BREAKER_A_MAX, allow_inf_nan=False)]
"""A breaker's rating or set value, in amperes; below 6 A no car could ever charge behind it."""

ChargerAmperes = Annotated[float, Field(ge=PILOT_MIN_A, le=CHARGER_A_MAX, allow_inf_nan=False)]
"""What a charger can offer at most, in amperes per phase."""

ImbalanceAmperes = Annotated[
    float, Field(ge=PILOT_MIN_A, le=BREAKER_A_MAX, allow_inf_nan=False)
]
"""How far the lines of a main breaker may differ, in amperes; below 6 A no car on one phase could charge
alone. VDE-AR-N 4100 has 20 A (4.6 kVA)."""

SignedAmperes = Annotated[
    float, Field(ge=-BREAKER_A_MAX, le=BREAKER_A_MAX, allow_inf_nan=False)
]
"""What a meter shows, in amperes per phase; below 0 where a building feeds the grid."""

MeterErrorAmperes = Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)]
"""How far a meter may be off, in amperes per phase. 20 A is 1 % of the largest current transformer in
common use (2000 A, class 1 of IEC 61869-2)."""

MeterInterval = Annotated[float, Field(ge=0.5, le=60, allow_inf_nan=False)]
"""How often a meter reports, in seconds: Dutch P1 ports every second, Norwegian HAN ports every ten."""

Watts = Annotated[float, Field(gt=0, le=5e6, allow_inf_nan=False)]
"""A power of all phases together, in watts; 5 MW is more than the largest breaker here carries."""


RegisterWattHours = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
"""What a building's meter has counted, in watt-hours; 1 TWh is more than any building takes."""


WattHours = Annotated[int, Field(gt=0, le=1_000_000)]
"""Energy that a car is to have, in watt-hours; 1 MWh is more than the largest lorry's battery holds."""


def offerable(share_a: float) -> float:
    """
    Lower a share of current to the nearest value an EVSE can offer.

    Args:
        share_a: current available to one charger, in amperes per phase.

    Returns:
        Amperes per phase: 0.0 (pause), or 6.0 and up in steps of 0.1 A. Rounded *down*: never
        above *share_a* by more than the tolerance, so offers cannot add up to more than shares.

    >>> offerable(5.9), offerable(16.07), offerable(32.0)
    (0.0, 16.0, 32.0)
    >>> offerable(63 - 46.7)  # 16.299999999999997 to the processor, 16.3 to us
    16.3
    """
    rounded_a = math.floor((share_a + TOLERANCE_A) * 10) / 10
    return rounded_a if rounded_a >= PILOT_MIN_A else 0.0


def exceeds(a: float, limit_a: float) -> bool:
    """
    Tell whether one current is above another one by more than the tolerance.

    >>> exceeds(16.0000001, 16.0), exceeds(16.1, 16.0)
    (False, True)
    """
    return a > limit_a + TOLERANCE_A


def three_phase_line_w(*, between_lines: bool) -> float:
    """
    Name the most power that an ampere on one line of a three-phase grid stands for, in watts.

    Args:
        between_lines: an IT grid, where a one-phase load stands between two lines and counts on both; a
            three-phase load then has 230 V between lines, and 230/sqrt(3) V behind each of them.

    >>> three_phase_line_w(between_lines=False), round(three_phase_line_w(between_lines=True), 1)
    (230.0, 132.8)
    """
    return LINE_TO_NEUTRAL_V / math.sqrt(3) if between_lines else LINE_TO_NEUTRAL_V

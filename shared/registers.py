"""
What an energy register tells between two looks at it: how much went through it, and whether it fell.

A register counts watt-hours upwards for as long as its meter lives. It can roll over where its digits end,
begin anew (another meter, a reset), and go unread for long; what it says is the truth all the same.
"""

from dataclasses import dataclass
from typing import Final

ROLLOVERS_WH: Final = (10**8, 10**9, 2**31, 2**32)
"""Where registers end: meters of 100,000 kWh and of a million, and integers of 32 bits."""
ROLLOVER_SPAN_WH: Final = 500_000
"""How much may go through between two looks, one before a roll-over and one behind it: several times
a large car's battery. Whatever else goes down was reset."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What a register did between two looks, in watt-hours; one of the two is 0."""

    gained_wh: int
    fell_wh: int
    """By how much it went down without having rolled over: how much went through is not known."""


def between(before_wh: int, after_wh: int) -> Movement:
    """
    Tell what a register did between two looks.

    >>> between(1_000, 8_400), between(8_400, 200)
    (Movement(gained_wh=7400, fell_wh=0), Movement(gained_wh=0, fell_wh=8200))
    >>> between(2**31 - 300, 700)
    Movement(gained_wh=1000, fell_wh=0)
    """
    if after_wh >= before_wh:
        return Movement(after_wh - before_wh, 0)
    for end_wh in ROLLOVERS_WH:
        gained_wh = end_wh - before_wh + after_wh
        if before_wh <= end_wh and after_wh >= 0 and gained_wh <= ROLLOVER_SPAN_WH:
            return Movement(gained_wh, 0)
    return Movement(0, before_wh - after_wh)

"""
What an ampere is worth at a car: the more, the less time it has to spare. Weights, never limits.

A car that must leave soon and lacks much can take its energy only now; one that stays can take it later,
when others have left. So little foresight, put into weights of one moment, comes within one or two per cent
of a plan that knows the future (docs/benchmarks.md).
"""

from typing import Final

EMPHASIS: Final = 30.0
"""How much more than 1 an ampere is worth, for each of two reasons. From 10 on results hardly change."""
SPARE_H: Final = 1.0
"""With so many hours to spare the first reason is half as strong."""


def worth(stay_h: float, need_h: float) -> float:
    """
    Weigh an ampere at a car.

    Args:
        stay_h: hours until it leaves.
        need_h: hours at its highest current until it has what it needs.

    Returns:
        1 for a car that needs nothing; the more, the less time it has to spare, and the larger the
        share of its stay is in which it must charge; at most 61.

    >>> round(worth(stay_h=8, need_h=2), 2), round(worth(stay_h=2, need_h=2), 2)
    (12.79, 61.0)
    """
    if need_h <= 0:
        return 1.0
    spare_h = max(0.0, stay_h - need_h)
    short = SPARE_H / (SPARE_H + spare_h)
    share = min(1.0, need_h / stay_h) if stay_h > 0 else 1.0
    return 1.0 + EMPHASIS * (short + share)

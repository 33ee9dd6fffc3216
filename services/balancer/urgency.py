"""
What an ampere is worth at a car: the more, the less time it has to spare. Weights, never limits.

A car that must leave soon and lacks much can take its energy only now; one that stays can take it later,
when others have left. So little foresight, put into weights of one moment, comes within one or two per cent
of a plan that knows the future (docs/benchmarks.md).
"""

import math
from typing import Final

from services.balancer.site import ChargingWish

HOUR_S: Final = 3600.0

EMPHASIS: Final = 30.0
"""How much more than 1 an ampere is worth, for each of two reasons. From 10 on results hardly change."""
SPARE_H: Final = 1.0
"""With so many hours to spare the first reason is half as strong."""


STEPS: Final = 2
"""In so many steps a weight doubles. It changes all the time, and no limit is to change for that."""


def weight_of(
    wish: ChargingWish | None,
    ended_s: float | None,
    delivered_wh: float,
    highest_w: float,
    now_s: float,
) -> float:
    """
    Weigh an ampere at a car by what was wished for it.

    Args:
        wish: what was wished last.
        ended_s: when the latest session that is over was; a wish of before has ended with it.
        delivered_wh: what the present session has taken.
        highest_w: what the car can take at most.
        now_s: the moment, in seconds since 1970.

    Returns:
        1 without a wish, and when it has ended; otherwise what `worth` says, in steps.
    """
    if wish is None or now_s >= wish.departure_s:
        return 1.0
    if ended_s is not None and ended_s >= wish.made_s:
        return 1.0
    stay_h = (wish.departure_s - now_s) / HOUR_S
    weight = worth(stay_h, (wish.energy_wh - delivered_wh) / highest_w)
    return math.exp2(round(STEPS * math.log2(weight)) / STEPS)


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

"""
How much a reading matters. Most say that all is as it was: they are counted with the next round, which
decides everywhere once a second. Those that may ask for other limits are decided on with the next tick.
"""

from enum import Enum
from typing import Final

from services.balancer.behaviour import METER_ERROR_A, STALE_S, Behaviour

CHANGED_A: Final = METER_ERROR_A
"""By less than this currents differ from reading to reading anyway."""


class News(Enum):
    """What a reading has brought."""

    NONE = "it teaches nothing"
    SMALL = "it is counted with the next round"
    GREAT = "it is decided on at once"


def news_of(before: Behaviour, after: Behaviour) -> News:
    """
    Weigh what a reading has taught.

    Args:
        before: what was known of the car.
        after: what is known of it with the reading.
    """
    if before.current_a is None or after.current_a is None:
        return News.GREAT
    if after.read_at_s - before.read_at_s > STALE_S or _traits(before) != _traits(after):
        return News.GREAT
    pairs = zip(before.current_a, after.current_a, strict=True)
    moved_a = max(abs(now_a - then_a) for then_a, now_a in pairs)
    return News.GREAT if moved_a >= CHANGED_A else News.SMALL


def _traits(of: Behaviour) -> tuple[object, ...]:
    """Name what decisions are taken on, besides currents; since when something is so only counts once it
    has lasted."""
    return (
        of.session_id,
        of.one_phase,
        of.keeps_three_phases,
        of.wish_a,
        of.paused,
        of.wakes,
        of.waking_until_s,
        of.finished_at_s is None,
        of.disobeys_a,
    )

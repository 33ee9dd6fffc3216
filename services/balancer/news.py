"""
How much it matters what is heard. Most readings say that all is as it was: they are counted with the next
round. A car that follows its limit asks for nothing, and is seen within a second. What may ask for other
limits is decided on with the next tick.
"""

from enum import Enum
from typing import Final

from services.balancer.behaviour import METER_ERROR_A, STALE_S, Behaviour
from services.balancer.reported import (
    Reported,
)
from shared.messages.telemetry import ChargerEvent, CurrentLimitApplied
from shared.units import TOLERANCE_A

CHANGED_A: Final = METER_ERROR_A
"""By less than this currents differ from reading to reading anyway."""


class News(Enum):
    """What a reading has brought."""

    NONE = "it teaches nothing"
    SMALL = "it is counted with the next round"
    FAIR = "it is counted within a second"
    GREAT = "it is decided on at once"


def news_of(before: Behaviour, after: Behaviour, allowed_a: float | None) -> News:
    """
    Weigh what a reading has taught.

    Args:
        before: what was known of the car.
        after: what is known of it with the reading.
        allowed_a: the most that may be in force at its charger: so much is counted of it anyway, whatever
            it draws. None: that is not known.
    """
    if before.current_a is None or after.current_a is None:
        return News.GREAT
    if after.read_at_s - before.read_at_s > STALE_S or _traits(before) != _traits(after):
        return News.GREAT
    pairs = zip(before.current_a, after.current_a, strict=True)
    moved_a = max(abs(now_a - then_a) for then_a, now_a in pairs)
    if moved_a < CHANGED_A:
        return News.SMALL
    within = allowed_a is not None and max(after.current_a) <= allowed_a + METER_ERROR_A
    return News.FAIR if within else News.GREAT


def news_in(before: Reported | None, event: ChargerEvent) -> News:
    """
    Weigh what a charger tells. Room that a lower limit has made is of use to whoever waits for it, which
    those know who have decided; that a limit goes on, or is higher, leaves room to nobody.

    Args:
        before: what it had told before.
        event: what it tells now, and what changes what is known of it.
    """
    if not isinstance(event, CurrentLimitApplied):
        return News.GREAT
    if before is None or before.confirmed_a is None:
        return News.GREAT
    return News.FAIR if event.limit_a < before.confirmed_a - TOLERANCE_A else News.SMALL


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

"""Who waits at which place, and when their turn is expected."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.balancer.facts import SiteFacts, Timing
from services.balancer.turns import Turn
from shared.ids import ChargerId


@dataclass(frozen=True, slots=True)
class Waiting:
    """A car that is left out."""

    charger_id: ChargerId
    place: int
    """In the queue at the breaker and line that left it out: 1 for the next one."""
    turn_at_s: float | None
    """When its turn is expected, in seconds since 1970; none if nobody there will make room for it."""


def waiting(
    facts: SiteFacts, turns: Sequence[Turn], timing: Timing, now_s: float
) -> Iterator[Waiting]:
    """
    Say of every car that is left out how many are before it, and when its turn is expected.

    Expected is what happens if nobody comes or leaves: whoever has charged for `rotation_s` makes room
    for one that waits, one after another, and is followed by those who came after it.
    """
    left_out = sorted((turn for turn in turns if not turn.share.admitted), key=_queued)
    charging = [turn for turn in turns if turn.share.admitted]
    for number, turn in enumerate(left_out):
        where, priority = turn.share.constraint, turn.car.priority
        before = [it for it in left_out[:number] if where in it.car.rows]
        make_room_at_s = [
            it.car.charging_since_s + timing.rotation_s
            for it in charging
            if it.car.charging_since_s is not None
            and it.car.priority == priority
            and where in it.car.rows
        ]
        equals = sum(it.car.priority == priority for it in before)
        first_s = max(now_s, facts.rotated_at_s + timing.rotation_gap_s)
        yield Waiting(
            turn.car.charger_id,
            len(before) + 1,
            turn_at_s(make_room_at_s, equals + 1, timing, first_s),
        )


def _queued(turn: Turn) -> tuple[int, bool, float, ChargerId]:
    """Higher priorities come first, and last the one that has just made room."""
    car = turn.car
    charges = car.charging_since_s is not None
    return (-car.priority, charges, car.waiting_since_s, car.charger_id)


def turn_at_s(
    make_room_at_s: Sequence[float], place: int, timing: Timing, first_s: float
) -> float | None:
    """
    Work out when the car at a place gets its turn, in seconds since 1970.

    Args:
        make_room_at_s: when those that charge have charged long enough.
        place: 1 for the next one.
        timing: how long a car charges, and how far apart cars make room.
        first_s: before this nobody makes room.

    >>> turn_at_s([100.0, 40.0], 3, Timing(rotation_s=900, rotation_gap_s=60), 0.0)
    940.0
    """
    if not make_room_at_s:
        return None
    leaving = list(make_room_at_s)
    heapq.heapify(leaving)
    at_s = first_s
    for _ in range(place - 1):
        turn_s = max(at_s, heapq.heappop(leaving))
        heapq.heappush(leaving, turn_s + timing.rotation_s)
        at_s = turn_s + timing.rotation_gap_s
    return max(at_s, leaving[0])

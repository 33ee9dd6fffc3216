"""Whose turn it is: the order in which cars are admitted, so that a queue rotates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.balancer.allocation import Demand, Mode, Rules, Share, allocate
from services.balancer.facts import SiteFacts, Timing
from services.balancer.site import LINES, Site
from services.balancer.switching import Way, Ways, ways_of
from shared.ids import ChargerId
from shared.phases import PHASES, GridType, Phase
from shared.units import LINE_TO_NEUTRAL_V, TOLERANCE_A


@dataclass(frozen=True, slots=True)
class Car:
    """A car that wants current."""

    charger_id: ChargerId
    ways: Ways
    """In which it may charge, each with its mode among those of the demand."""
    demand: Demand
    charging_since_s: float | None
    waiting_since_s: float
    lent: bool
    """It was offered more than it can use, so its share is bounded by its draw."""

    @property
    def priority(self) -> int:
        return self.demand.priority


@dataclass(frozen=True, slots=True)
class Turn:
    """What a car gets this time."""

    car: Car
    share: Share

    @property
    def mode(self) -> Mode:
        """How the car is to charge."""
        return self.car.demand.modes[self.share.mode]

    @property
    def way(self) -> Way:
        """What its charger is to be told of that."""
        return self.car.ways.open[self.share.mode]


def take_turns(
    facts: SiteFacts, capacity_a: Sequence[float], timing: Timing, now_s: float
) -> tuple[list[Turn], bool]:
    """
    Divide the capacity over the cars that want some, in the order of their turns.

    Cars of a higher priority come first. Among equals those that charge stay, the oldest first; waiting
    cars follow, longest wait first. While somebody waits, the car among equals that has charged
    longest, and for `rotation_s` at least, makes room, one at a time.

    Returns:
        The turns, and whether a car was asked to make room.
    """
    cars = [car for it in facts.chargers if (car := wanting(facts, it, timing, now_s))]
    cars.sort(key=_turn)
    turns = _allocate(facts, capacity_a, cars)
    if any(turn.car.ways.withheld and not turn.share.admitted for turn in turns):
        cars = [_by_all_means(facts, turn) for turn in turns]
        turns = _allocate(facts, capacity_a, cars)
    left_out = [turn for turn in turns if not turn.share.admitted]
    makes_room = _makes_room(facts, cars, left_out, timing, now_s)
    if makes_room is None:
        return turns, False
    cars.sort(key=lambda car: (-car.priority, car is makes_room))
    return _allocate(facts, capacity_a, cars), True


def _turn(car: Car) -> tuple[int, bool, float, ChargerId]:
    since_s = car.waiting_since_s if car.charging_since_s is None else car.charging_since_s
    return (-car.priority, car.charging_since_s is None, since_s, car.charger_id)


def wanting(
    facts: SiteFacts, charger_id: ChargerId, timing: Timing, now_s: float
) -> Car | None:
    """Describe the car at a charger, if there is one that wants current and can be told a limit."""
    charger, layout = facts.chargers[charger_id], facts.site.chargers[charger_id]
    if (
        not charger.connected
        or charger.session_since_s is None
        or charger.behaviour.finished(now_s)
        or layout.out_of_use is not None
        or layout.highest_a < layout.min_a - TOLERANCE_A
    ):
        return None
    max_a = layout.highest_a
    wish_a = charger.behaviour.wish_a
    wanted_a = max_a if wish_a is None else min(max_a, max(wish_a, layout.min_a))
    ways = ways_of(facts, charger_id, timing, now_s)
    waiting_since_s = charger.waiting_since_s or charger.session_since_s
    return Car(
        charger_id=charger_id,
        ways=ways,
        demand=Demand(
            modes=modes_of(facts.site, charger_id, ways.open, wanted_a),
            present=ways.present,
            min_a=layout.min_a,
            fixed_a=charger.behaviour.disobeys_a,
            priority=layout.priority,
        ),
        charging_since_s=charger.charging_since_s,
        waiting_since_s=waiting_since_s,
        lent=wish_a is not None and wish_a < max_a,
    )


def modes_of(
    site: Site, charger_id: ChargerId, ways: Sequence[Way], max_a: float
) -> tuple[Mode, ...]:
    """Name what each way to charge loads. The current is counted in full on every line."""
    path = site.path(charger_id)
    return tuple(
        Mode(
            way.lines,
            tuple(
                (breaker * LINES + PHASES.index(line), 1 + 0j)
                for breaker in path
                for line in way.lines
            ),
            max_a,
            _power_w_per_a(site.grid, way.lines),
        )
        for way in ways
    )


def _power_w_per_a(grid: GridType, lines: Sequence[Phase]) -> float:
    """
    Name the power of a car's ampere.

    >>> [round(_power_w_per_a(GridType.IT_3_PHASE, it)) for it in (PHASES, PHASES[:2])]
    [398, 230]
    """
    if grid is not GridType.IT_3_PHASE:
        return LINE_TO_NEUTRAL_V * len(lines)
    return LINE_TO_NEUTRAL_V * (math.sqrt(3) if len(lines) == len(PHASES) else 1.0)


def _by_all_means(facts: SiteFacts, turn: Turn) -> Car:
    """Open all its ways to a car that would get nothing otherwise."""
    car = turn.car
    if turn.share.admitted or not car.ways.withheld:
        return car
    ways = replace(car.ways, open=(*car.ways.open, *car.ways.withheld), withheld=())
    max_a = car.demand.modes[0].max_a
    modes = modes_of(facts.site, car.charger_id, ways.open, max_a)
    return replace(car, ways=ways, demand=replace(car.demand, modes=modes))


def _allocate(facts: SiteFacts, capacity_a: Sequence[float], cars: Sequence[Car]) -> list[Turn]:
    rules = Rules(switch_current_a=facts.site.switch_current_a)
    shares = allocate(capacity_a, [car.demand for car in cars], rules=rules)
    return [Turn(car, share) for car, share in zip(cars, shares, strict=True)]


def _makes_room(
    facts: SiteFacts,
    cars: Sequence[Car],
    left_out: Sequence[Turn],
    timing: Timing,
    now_s: float,
) -> Car | None:
    """Find who has charged long enough in the way of the first car that is left out and has an equal
    there; nobody makes room for a car of a lower priority."""
    if not left_out or now_s - facts.rotated_at_s < timing.rotation_gap_s:
        return None
    left_out_ids = {turn.car.charger_id for turn in left_out}
    for turn in left_out:
        for car in cars:
            if (
                car.charging_since_s is not None
                and now_s - car.charging_since_s >= timing.rotation_s
                and car.priority == turn.car.priority
                and any(row == turn.share.constraint for row, _ in car.demand.modes[0].loads)
                and car.charger_id not in left_out_ids
            ):
                return car
    return None

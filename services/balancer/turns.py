"""Whose turn it is: the order in which cars are admitted, so that a queue rotates."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.balancer.allocation import Demand, Mode, Share, allocate
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.site import LINES, Site
from shared.ids import ChargerId
from shared.phases import PHASES, Phase
from shared.units import PILOT_MIN_A, TOLERANCE_A


@dataclass(frozen=True, slots=True)
class Car:
    """A car that wants current."""

    charger_id: ChargerId
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
    cars = [car for it in facts.chargers if (car := wanting(facts, it, now_s)) is not None]
    cars.sort(key=_turn)
    turns = _allocate(capacity_a, cars)
    left_out = [turn for turn in turns if not turn.share.admitted]
    makes_room = _makes_room(facts, cars, left_out, timing, now_s)
    if makes_room is None:
        return turns, False
    cars.sort(key=lambda car: (-car.priority, car is makes_room))
    return _allocate(capacity_a, cars), True


def _turn(car: Car) -> tuple[int, bool, float, ChargerId]:
    since_s = car.waiting_since_s if car.charging_since_s is None else car.charging_since_s
    return (-car.priority, car.charging_since_s is None, since_s, car.charger_id)


def wanting(facts: SiteFacts, charger_id: ChargerId, now_s: float) -> Car | None:
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
    waiting_since_s = charger.waiting_since_s or charger.session_since_s
    return Car(
        charger_id=charger_id,
        demand=Demand(
            modes=modes_of(facts.site, charger_id, lines_of(facts, charger_id), wanted_a),
            present=None if charger.charging_since_s is None else 0,
            min_a=layout.min_a,
            fixed_a=charger.behaviour.disobeys_a,
            priority=layout.priority,
        ),
        charging_since_s=charger.charging_since_s,
        waiting_since_s=waiting_since_s,
        lent=wish_a is not None and wish_a < max_a,
    )


def modes_of(
    site: Site, charger_id: ChargerId, lines: tuple[Phase, ...], max_a: float
) -> tuple[Mode, ...]:
    """Name the ways in which a car can charge, the present one first: no charger changes the lines that
    its car stands on. The current is counted in full on every line."""
    rows = [
        breaker * LINES + PHASES.index(line)
        for breaker in site.path(charger_id)
        for line in lines
    ]
    return (Mode(lines, tuple((row, 1 + 0j) for row in rows), max_a),)


def lines_of(facts: SiteFacts, charger_id: ChargerId) -> tuple[Phase, ...]:
    """Name the lines a charger's car stands on: all its charger has, until one phase is proven."""
    charger = facts.chargers[charger_id]
    if charger.behaviour.one_phase:
        return facts.site.lines(charger_id, terminals=1)
    known_before = (
        _lines_before_restart(charger) if charger.behaviour.one_phase is None else None
    )
    return known_before or facts.site.lines(charger_id)


def _lines_before_restart(charger: ChargerFacts) -> tuple[Phase, ...] | None:
    """While readings tell nothing yet of a car that charges, its last limit tells what was known."""
    newest, session_s = charger.standing.newest, charger.session_since_s
    if newest is None or session_s is None or newest.limit_a < PILOT_MIN_A:
        return None
    same_car = charger.charging_since_s is not None and charger.charging_since_s > session_s
    return newest.lines if same_car else None


def _allocate(capacity_a: Sequence[float], cars: Sequence[Car]) -> list[Turn]:
    shares = allocate(capacity_a, [car.demand for car in cars])
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

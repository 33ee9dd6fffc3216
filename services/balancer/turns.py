"""Whose turn it is: the order in which cars are admitted, so that a queue rotates."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final

from services.balancer.allocation import OWN_MAX, Demand, Mode, Rules, Share
from services.balancer.angles import Capacity
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.phasors import factor
from services.balancer.site import LINES, Site, SiteCharger
from services.balancer.switching import Closing, Closings, closings_of
from services.balancer.urgency import weight_of
from shared.ids import ChargerId
from shared.messages.balancer import MAIN
from shared.phases import PHASES, GridType, Phase
from shared.units import LINE_TO_NEUTRAL_V, TOLERANCE_A

TRIED_MAX: Final = 3
"""For how many cars it is tried whether their turn has come, in one decision."""


@dataclass(frozen=True)
class Car:
    """A car that wants current."""

    charger_id: ChargerId
    closings: Closings
    """In which it may charge, each with its mode among those of the demand."""
    demand: Demand
    charging_since_s: float | None
    waiting_since_s: float
    lent: bool
    """It was offered more than it can use, so its share is bounded by its draw."""

    @property
    def priority(self) -> int:
        return self.demand.priority

    @property
    def lowest_a(self) -> float:
        """What it is admitted with."""
        return self.demand.min_a

    @cached_property
    def rows(self) -> frozenset[int]:
        """The constraints that its current passes in one mode or another."""
        return frozenset(row for mode in self.demand.modes for row, _ in mode.loads)

    def staying(self, *, stays: bool = True) -> "Car":
        """The same car, admitted before others, or not."""
        return replace(self, demand=replace(self.demand, stays=stays))


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
    def closing(self) -> Closing:
        """What its charger is to be told of that."""
        return self.car.closings.allowed[self.share.mode]

    def in_the_way(self) -> set[int]:
        """Of a car that is left out: its lines at those breakers that it does not fit through."""
        full = {self.share.constraint, self.share.runner_up} - {OWN_MAX, None}
        breakers = {row // LINES for row in full if row is not None}
        return {row for row in self.car.rows if row // LINES in breakers}


def take_turns(
    facts: SiteFacts, capacity: Capacity, timing: Timing, now_s: float
) -> tuple[list[Turn], bool]:
    """
    Divide the capacity over the cars that want some, in the order of their turns.

    Cars of a higher priority come first. As many equals as can have their minimum are admitted; who
    has begun to charge stays for `rotation_s`; among the others those that charge come first, the oldest
    first, then waiting cars, longest wait first. While somebody waits, cars among equals that have
    charged for `rotation_s` make room for the one that has waited longest, one turn at a time.

    Returns:
        The turns, and whether cars were asked to make room.
    """
    rules = replace(imbalance_rules(facts.site), switch_current_a=facts.site.switch_current_a)
    wanted = [car for it in facts.chargers if (car := wanting(facts, it, timing, now_s))]
    cars: Sequence[Car] = _staying(sorted(wanted, key=_turn))
    turns = _allocate(capacity, cars, rules)
    if any(turn.car.closings.withheld and not turn.share.admitted for turn in turns):
        cars = [_by_all_means(facts, turn) for turn in turns]
        turns = _allocate(capacity, cars, rules)
    left_out = [turn for turn in turns if not turn.share.admitted]
    if not left_out:
        return turns, False
    if now_s - facts.rotated_at_s >= timing.rotation_gap_s:
        for car in _next_ones(cars, left_out, timing, now_s):
            rotated = _allocate(capacity, _with_turn(cars, car, timing, now_s), rules)
            if any(
                turn.share.admitted and turn.car.charger_id == car.charger_id
                for turn in rotated
            ):
                return rotated, True
    return _keep_places(capacity, cars, turns, rules, timing, now_s), False


def imbalance_rules(site: Site) -> Rules:
    """Say how far the lines of the main breaker may differ."""
    main = site.index[MAIN] * LINES
    return Rules(imbalance_a=site.imbalance_a, main=(main, main + 1, main + 2))


def _turn(car: Car) -> tuple[int, bool, float, ChargerId]:
    since_s = car.waiting_since_s if car.charging_since_s is None else car.charging_since_s
    return (-car.priority, car.charging_since_s is None, since_s, car.charger_id)


def wanting(
    facts: SiteFacts, charger_id: ChargerId, timing: Timing, now_s: float
) -> Car | None:
    """Describe the car at a charger, if there is one that wants current and obeys what it is told."""
    charger, layout = facts.chargers[charger_id], facts.site.chargers[charger_id]
    if (
        not charger.connected
        or charger.session_since_s is None
        or charger.behaviour.disobeys_a is not None
        or charger.behaviour.finished(now_s)
        or layout.out_of_use is not None
        or layout.highest_a < layout.min_a - TOLERANCE_A
        or (not charger.trusted and _untrusted_a(charger, layout) < layout.min_a - TOLERANCE_A)
    ):
        return None
    max_a = layout.highest_a if charger.trusted else _untrusted_a(charger, layout)
    wish_a = charger.behaviour.wish_a
    wanted_a = max_a if wish_a is None else min(max_a, max(wish_a, layout.min_a))
    closings = closings_of(facts, charger_id, timing, now_s)
    waiting_since_s = charger.waiting_since_s or charger.session_since_s
    modes = modes_of(facts, charger_id, closings.allowed, wanted_a)
    highest_w = max(mode.max_a * mode.power_w_per_a for mode in modes)
    return Car(
        charger_id=charger_id,
        closings=closings,
        demand=Demand(
            modes=modes,
            present=closings.present,
            min_a=layout.min_a,
            weight=weight_of(
                layout.wish, charger.session_ended_s, charger.delivered_wh, highest_w, now_s
            ),
            priority=layout.priority,
            stays=_has_begun(charger.charging_since_s, timing, now_s),
        ),
        charging_since_s=charger.charging_since_s,
        waiting_since_s=waiting_since_s,
        lent=wish_a is not None and wish_a < max_a,
    )


def _untrusted_a(charger: ChargerFacts, layout: SiteCharger) -> float:
    return min(layout.highest_a, charger.standing.fail_safe_a)


def modes_of(
    facts: SiteFacts, charger_id: ChargerId, closings: Sequence[Closing], max_a: float
) -> tuple[Mode, ...]:
    """Name what each way to charge loads: where all of a charger's power may flow on one line, so much
    more of it."""
    site, times = facts.site, facts.chargers[charger_id].spread
    path = site.path(charger_id)
    return tuple(
        Mode(
            closing.lines,
            _loads(site.grid, path, closing.lines, times),
            max_a,
            _power_w_per_a(site.grid, closing.lines),
        )
        for closing in closings
    )


@lru_cache(maxsize=4096)
def _loads(
    grid: GridType, path: tuple[int, ...], lines: tuple[Phase, ...], times: float
) -> tuple[tuple[int, complex], ...]:
    """Pair the constraints that a current on some lines passes with so many times its factor there."""
    return tuple(
        (breaker * LINES + PHASES.index(line), times * factor(grid, lines, line))
        for breaker in path
        for line in lines
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
    if turn.share.admitted or not car.closings.withheld:
        return car
    closings = replace(
        car.closings, allowed=(*car.closings.allowed, *car.closings.withheld), withheld=()
    )
    max_a = car.demand.modes[0].max_a
    modes = modes_of(facts, car.charger_id, closings.allowed, max_a)
    return replace(car, closings=closings, demand=replace(car.demand, modes=modes))


def _allocate(capacity: Capacity, cars: Sequence[Car], rules: Rules) -> list[Turn]:
    shares = capacity.share_out([car.demand for car in cars], rules)
    return [Turn(car, share) for car, share in zip(cars, shares, strict=True)]


# --- Who stays ---


def _staying(cars: list[Car]) -> list[Car]:
    """Cars that have begun to charge stay, except where one of a higher priority waits."""
    waiting: dict[int, int] = {}
    for car in cars:
        if not _charges(car):
            for row in car.rows:
                waiting[row] = max(car.priority, waiting.get(row, car.priority))
    if not waiting:
        return cars
    return [
        car.staying(stays=False)
        if car.demand.stays
        and any(waiting.get(row, car.priority) > car.priority for row in car.rows)
        else car
        for car in cars
    ]


def _charges(car: Car) -> bool:
    return car.charging_since_s is not None


def _has_begun(charging_since_s: float | None, timing: Timing, now_s: float) -> bool:
    """Whether its turn still lasts."""
    return charging_since_s is not None and now_s - charging_since_s < timing.rotation_s


def _has_charged(car: Car, timing: Timing, now_s: float) -> bool:
    """Whether it has had its turn."""
    return _charges(car) and not _has_begun(car.charging_since_s, timing, now_s)


# --- Whose turn it is ---


def _next_ones(
    cars: Sequence[Car], left_out: Sequence[Turn], timing: Timing, now_s: float
) -> Iterator[Car]:
    """
    Name those that are left out for whom equals may make room, longest wait first.

    Whoever is passed over, since not all in its way have had their turn, keeps its place: nobody behind it
    is given a turn on the same lines, or else a car that needs three lines would never find all of
    them free at once. Nobody makes room for a car of a lower priority.
    """
    have_charged = [car for car in cars if _has_charged(car, timing, now_s)]
    kept: set[int] = set()
    tried = 0
    for turn in left_out:
        in_the_way = turn.in_the_way()
        equals = any(
            car.priority == turn.car.priority and turn.share.constraint in car.rows
            for car in have_charged
        )
        if equals and not kept & turn.car.rows and tried < TRIED_MAX:
            tried += 1
            yield turn.car
        kept |= in_the_way


def _with_turn(cars: Sequence[Car], turns_to: Car, timing: Timing, now_s: float) -> list[Car]:
    """Admit a car after those that stay, and before its equals that have had their turn."""
    cars = [car.staying() if car is turns_to else car for car in cars]
    return sorted(
        cars,
        key=lambda car: (
            -car.priority,
            car.priority == turns_to.priority and _has_charged(car, timing, now_s),
        ),
    )


def _keep_places(
    capacity: Capacity,
    cars: Sequence[Car],
    turns: list[Turn],
    rules: Rules,
    timing: Timing,
    now_s: float,
) -> list[Turn]:
    """A car that has waited for long keeps its place also where capacity becomes free: those behind it
    that would begin to charge there wait, if they do not fit beside it."""
    first = next(
        (
            turn
            for turn in turns
            if not turn.share.admitted
            and not _charges(turn.car)
            and now_s - turn.car.waiting_since_s >= timing.rotation_s
        ),
        None,
    )
    if first is None:
        return turns
    used_a = dict.fromkeys(first.car.rows, 0.0)
    for turn in turns:
        if turn.share.admitted:
            for row in used_a.keys() & turn.car.rows:
                used_a[row] += turn.car.lowest_a
    tight = {
        row
        for row in first.in_the_way()
        if used_a[row] + first.car.lowest_a
        > capacity.left_a[row] - abs(capacity.base[row]) + TOLERANCE_A
    }
    wait = [
        turn
        for turn in turns[turns.index(first) :]
        if turn.share.admitted and not _charges(turn.car) and tight & turn.car.rows
    ]
    if not wait:
        return turns
    waiting = {turn.car.charger_id for turn in wait}
    others = _allocate(capacity, [car for car in cars if car.charger_id not in waiting], rules)
    return [
        *others,
        *(
            Turn(turn.car, Share(0.0, 0, min(tight & turn.car.rows), admitted=False))
            for turn in wait
        ),
    ]

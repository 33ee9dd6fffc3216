"""
How soon a step of load that is not ours is relieved: from the step until the breaker carries what it may.

The decisions are the balancer's own, on facts folded by its own folds; time, the transport and the cars are
simulated. The building's load is synthetic: steps, because no public record of a building's currents second
by second was found. A meter reports every second, messages take 0.1 to 0.3 s, cars follow within up to 5 s.

The fastest breaker that is lawful trips after `k / (M^2 - 1.13^2)` seconds at M times its rating, with
k = 5.2 s (IEC 60898-1: 1 s at 2.55 In); parts of that time add up while the current changes.
"""

import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final

from cli.audit import audit
from cli.bench.steps_site import RATING_A, TICK_S, SteppedSite
from cli.figures import Figures, figure
from simulator.breakers import HOLDS_RATIO, K_S, Breaker

STEP_S: Final = 0.05
CARS: Final = 6
LAG_S: Final = (1.0, 5.0)
DELAY_S: Final = (0.1, 0.3)
METER_EVERY_S: Final = 1.0
CHARGER_EVERY_S: Final = 10.0
SETTLE_S: Final = 70.0
"""How long cars have to fill the breaker again before the next step."""
WATCHED_S: Final = 20.0
RATIO: Final = (1.05, 1.35)
"""What the breaker carries right after a step, as a multiple of its rating."""
BASE_A: Final = 12.0
EXCESS_A: Final = 0.05
"""What a relieved breaker may carry above its rating: rounding."""


@dataclass(slots=True)
class Relief:
    """What became of one step."""

    ratio: float
    relief_s: float
    worn: float
    """How much of the time that the fastest lawful breaker gives was used; it trips at 1."""
    tripped_with_memory: bool
    """Whether a breaker would have tripped that remembers the heat of what it carried before, too, which
    is harsher than the formula."""
    settled: float
    """What the breaker carried in the end, over its rating."""


@dataclass(slots=True)
class _Car:
    """A car at its slowest: nothing happens until its lag is over, and then everything at once."""

    lag_s: float = LAG_S[1]
    draw_a: float = 0.0
    seen_a: float = 0.0
    unseen: deque[tuple[float, float]] = field(default_factory=deque)

    def step(self, offered_a: float, now_s: float) -> None:
        """Take notice of what is offered, and follow what was offered before."""
        if offered_a != self.seen_a:
            self.seen_a = offered_a
            self.unseen.append((now_s + self.lag_s, offered_a))
        while self.unseen and self.unseen[0][0] <= now_s:
            _, self.draw_a = self.unseen.popleft()


@dataclass(slots=True)
class _Run:
    """The world around the site: its clock, its cars, and what is on the way."""

    chance: Random
    now_s: float = 0.0
    house_a: float = BASE_A
    site: SteppedSite = field(default_factory=lambda: SteppedSite(CARS))
    on_the_way: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    next_tick_s: float = 0.0
    next_meter_s: float = 0.0
    cars: list[_Car] = field(default_factory=lambda: [_Car() for _ in range(CARS)])
    next_charger_s: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.next_charger_s = [self.chance.uniform(0, CHARGER_EVERY_S) for _ in range(CARS)]

    def other_cars(self) -> None:
        """Let cars be slow to follow otherwise than before; one is as slow as it may be."""
        for car in self.cars:
            car.lag_s = self.chance.uniform(*LAG_S)
        self.chance.choice(self.cars).lag_s = LAG_S[1]

    @property
    def total_a(self) -> float:
        return self.house_a + sum(car.draw_a for car in self.cars)

    def later(self, act: Callable[[], None]) -> None:
        self.on_the_way.append((self.now_s + self.chance.uniform(*DELAY_S), act))

    def step(self) -> None:
        """Let a moment pass."""
        self.now_s += STEP_S
        for index, car in enumerate(self.cars):
            car.step(self.site.offered_a(index, self.now_s), self.now_s)
        due = [it for it in self.on_the_way if it[0] <= self.now_s]
        self.on_the_way = [it for it in self.on_the_way if it[0] > self.now_s]
        for _, act in due:
            act()
        self._read()
        if self.now_s >= self.next_tick_s:
            self.next_tick_s = self.now_s + TICK_S
            for index, sequence in self.site.decide(self.now_s):
                self.later(partial(self._apply, index, sequence))

    def _apply(self, index: int, sequence: int) -> None:
        confirmed = self.site.apply(index, sequence, self.now_s)
        self.later(lambda: self.site.hear(confirmed, self.now_s))

    def _heard(self, index: int, drawn_a: float) -> None:
        self.site.read_charger(index, drawn_a, self.now_s)

    def _read(self) -> None:
        if self.now_s >= self.next_meter_s:
            self.next_meter_s += METER_EVERY_S
            total_a, at_s = self.total_a, self.now_s
            self.later(lambda: self.site.read_breaker(total_a, at_s, self.now_s))
        for index, car in enumerate(self.cars):
            if self.now_s >= self.next_charger_s[index]:
                self.next_charger_s[index] += CHARGER_EVERY_S
                self.later(partial(self._heard, index, car.draw_a))


def measure_steps(steps: int = 120, seed: int = 1) -> Figures:
    """
    Measure how soon steps of other load are relieved, in simulated time.

    Args:
        steps: how many.
        seed: what chance they come from.
    """
    run = _Run(Random(seed))  # noqa: S311  # a model of misfortune
    reliefs = [_one(run) for _ in range(steps)]
    times_s = [it.relief_s for it in reliefs]
    reference = (
        f"{steps} synthetic steps to 1.05-1.35 x rating; 1 s meter, cars follow in 1-5 s"
    )
    return {
        "step_relief_p50_s": figure(statistics.median(times_s), "s", reference),
        "step_relief_p99_s": figure(_p99(times_s), "s", f"{reference}; aim: 8 s at most"),
        "step_relief_max_s": figure(max(times_s), "s", reference),
        "step_ratio_max": figure(max(it.ratio for it in reliefs), "1", "right after the step"),
        "step_trips": figure(
            sum(it.worn >= 1.0 for it in reliefs),
            "1",
            "fastest lawful breaker, k = 5.2; aim: 0",
        ),
        "step_worn_max": figure(
            max(it.worn for it in reliefs), "1", "of the time that breaker gives; it trips at 1"
        ),
        "step_trips_with_memory": figure(
            sum(it.tripped_with_memory for it in reliefs),
            "1",
            "a breaker harsher than the formula, warm from its full rating",
        ),
        "step_planned_overload_as": figure(
            audit([run.site.recorded()]).planned_overload_as,
            "A*s",
            "limits given above what was left, replayed from the log; aim: 0",
        ),
        "step_settled_share": figure(
            statistics.fmean(it.settled for it in reliefs),
            "1",
            f"of the rating, {WATCHED_S:g} s after the step",
        ),
    }


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def _one(run: _Run) -> Relief:
    """Let cars fill the breaker, then let the other load step up."""
    run.house_a = BASE_A
    run.other_cars()
    ready_s = run.now_s + SETTLE_S + run.chance.uniform(0, METER_EVERY_S)
    warm = Breaker("main", RATING_A, RATING_A, lines=1)
    while run.now_s < ready_s:
        run.step()
        warm.step([run.total_a], STEP_S)
    warm.tripped = False
    ratio = run.chance.uniform(*RATIO)
    run.house_a += max(0.0, ratio * RATING_A - run.total_a)
    stepped_s, relief_s, worn = run.now_s, 0.0, 0.0
    while run.now_s < stepped_s + WATCHED_S:
        run.step()
        if run.total_a > RATING_A + EXCESS_A:
            relief_s = run.now_s - stepped_s
        multiple = run.total_a / RATING_A
        worn += max(0.0, multiple**2 - HOLDS_RATIO**2) / K_S * STEP_S
        warm.step([run.total_a], STEP_S)
    return Relief(ratio, relief_s, worn, warm.tripped, run.total_a / RATING_A)

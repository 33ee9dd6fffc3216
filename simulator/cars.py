"""
How a car follows the current it is offered.

A car sees a changed offer after a delay and then moves linearly, all of it within its `lag_s`,
which lies below the 5 s of IEC 61851-1 (Table A.6). It draws a little less than it is offered,
nothing below 6 A, less and less when its battery is nearly full, and nothing once it is full.
One car, the rogue, takes its own maximum as long as the contactor is closed, whatever it is
offered. Some cars fall asleep when they are offered nothing for a while, and pass over the next
offer; when that is taken away and comes back, they charge.
"""

import hashlib
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Final

from shared.units import PILOT_MIN_A

LAG_S_MIN: Final = 1.0
LAG_S_MAX: Final = 4.8
DELAY_SHARE: Final = 0.6
"""How much of its lag a car waits before it moves."""

DRAWS_SHARE_MIN: Final = 0.985
"""Cars stay a little below what they are offered: 0 to 1.5 %."""

TAPER_SHARE: Final = 0.04
"""Over the last share of its energy a car takes less and less, down to 6 A."""

SLEEPY_SHARE: Final = 0.05
"""How many cars fall asleep in a pause."""
ASLEEP_AFTER_S: Final = 10.0
"""How long a pause must last for that."""

FULL_KWH: Final = 1e-9
"""Less than this is rounding, not energy."""


@dataclass(frozen=True, slots=True)
class CarModel:
    """A kind of car: how many phases it charges on, and how much at most on each."""

    name: str
    phases: int
    max_a: float


THREE_PHASE_16 = CarModel("three-phase 11 kW", 3, 16.0)

MODELS: Final = (
    (20, CarModel("one-phase 7.4 kW", 1, 32.0)),
    (15, CarModel("one-phase 3.7 kW", 1, 16.0)),
    (5, CarModel("one-phase 2.3 kW", 1, 10.0)),
    (44, THREE_PHASE_16),
    (8, CarModel("three-phase 22 kW", 3, 32.0)),
    (4, CarModel("three-phase 9 kW", 3, 13.0)),
    (4, CarModel("three-phase 7.6 kW", 3, 11.0)),
)
"""Percent of all cars, and the model: 40 % one-phase, 60 % three-phase; about one in eight
takes less than the 16 A its plug would allow."""


def model_of(session_id: str) -> CarModel:
    """
    Choose a session's kind of car: always the same one for the same session.

    >>> model_of("1_1_194_826_2019-05-01 12:04:06.017353").name
    'one-phase 3.7 kW'
    """
    place = int.from_bytes(hashlib.sha256(session_id.encode()).digest()[:4]) % 100
    for percent, model in MODELS:
        place -= percent
        if place < 0:
            return model
    raise AssertionError("the models' percentages add up to 100")


@dataclass(slots=True)
class Car:
    """One car at a charger."""

    model: CarModel
    phases: int
    """On how many phases it can charge here."""
    need_kwh: float
    """What its battery still takes."""
    lag_s: float
    draws_share: float = 1.0
    rogue: bool = False
    sleepy: bool = False
    asleep: bool = False
    got_kwh: float = 0.0
    draw_a: float = 0.0
    """Amperes in each conductor, at the end of the latest step."""
    _level_a: float = 0.0
    """The offer as far as the car has followed it: 0, or 6 A and up."""
    _target_a: float = 0.0
    _seen_a: float = 0.0
    _age_s: float = 0.0
    _offered: bool = False
    _paused_s: float = 0.0
    """For how long it has been offered nothing."""
    _unseen: deque[tuple[float, float]] = field(default_factory=deque)
    """Changes that the car has not reacted to yet: at what age it will, and to what."""

    @property
    def full(self) -> bool:
        return self.need_kwh - self.got_kwh < FULL_KWH

    def wish_a(self, charger_max_a: float) -> float:
        """Tell what the car would take if it were offered everything."""
        highest_a = min(self.model.max_a, charger_max_a)
        if self.full or highest_a < PILOT_MIN_A:
            return 0.0
        return min(highest_a * self.draws_share, self._taper_a())

    def cut(self) -> None:
        """Lose the supply, this instant."""
        self._level_a = self._target_a = self._seen_a = self.draw_a = 0.0
        self._unseen.clear()

    def step(self, offered_a: float, charger_max_a: float, dt_s: float) -> float:
        """
        Follow the offer for a while.

        Args:
            offered_a: what the charger offers meanwhile; below 6 A its contactor is open.
            charger_max_a: what the charger could offer at most, to which a rogue helps itself.
            dt_s: for how many seconds.

        Returns:
            Amperes in each conductor at the end of the step.
        """
        self._sleep(offered_a >= PILOT_MIN_A, dt_s)
        wanted_a = 0.0 if self.asleep else self._wanted_a(offered_a, charger_max_a)
        if wanted_a != self._seen_a:
            self._seen_a = wanted_a
            self._unseen.append((self._age_s + self.lag_s * DELAY_SHARE, wanted_a))
        now_s, end_s = self._age_s, self._age_s + dt_s
        while self._unseen and self._unseen[0][0] <= end_s:
            seen_s, target_a = self._unseen.popleft()
            self._move(seen_s - now_s)
            now_s, self._target_a = seen_s, target_a
        self._move(end_s - now_s)
        self._age_s = end_s
        self.draw_a = self._drawn_a()
        return self.draw_a

    def fill(self, power_w: float, battery_s: float) -> float:
        """Take energy at some power for a while of the battery's time; return it in kWh."""
        kwh = min(power_w * battery_s / 3.6e6, self.need_kwh - self.got_kwh)
        self.got_kwh += kwh
        return kwh

    def _sleep(self, offered: bool, dt_s: float) -> None:
        """Fall asleep in a long pause; wake up when an offer that was slept through comes back."""
        if not offered:
            self._paused_s += dt_s
        elif not self._offered:
            self.asleep = self.sleepy and not self.asleep and self._paused_s >= ASLEEP_AFTER_S
            self._paused_s = 0.0
        self._offered = offered

    def _wanted_a(self, offered_a: float, charger_max_a: float) -> float:
        if offered_a < PILOT_MIN_A or self.model.max_a < PILOT_MIN_A:
            return 0.0
        return min(self.model.max_a, charger_max_a if self.rogue else offered_a)

    def _move(self, dt_s: float) -> None:
        """
        Move towards the target, at a pace that leads from one end to the other within the rest
        of the lag; so wherever it starts, a decrease is complete in time.
        """
        step_a = self.model.max_a * dt_s / (self.lag_s * (1.0 - DELAY_SHARE))
        if self._level_a < self._target_a:
            from_a = max(self._level_a, PILOT_MIN_A)
            self._level_a = min(from_a + step_a, self._target_a)
        else:
            self._level_a = max(self._level_a - step_a, self._target_a)
            if self._level_a < PILOT_MIN_A:
                self._level_a = 0.0

    def _drawn_a(self) -> float:
        if self.full:
            return 0.0
        return min(self._level_a * self.draws_share, self._taper_a())

    def _taper_a(self) -> float:
        left = (self.need_kwh - self.got_kwh) / (self.need_kwh * TAPER_SHARE)
        span_a = max(0.0, self.model.max_a - PILOT_MIN_A)
        return PILOT_MIN_A + span_a * min(1.0, left)


def new_car(
    model: CarModel, phases: int, need_kwh: float, rng: Random, *, rogue: bool = False
) -> Car:
    """Build a car whose habits are drawn from `rng`."""
    return Car(
        model=model,
        phases=min(model.phases, phases),
        need_kwh=need_kwh,
        lag_s=rng.uniform(LAG_S_MIN, LAG_S_MAX),
        draws_share=rng.uniform(DRAWS_SHARE_MIN, 1.0),
        rogue=rogue,
        sleepy=not rogue and rng.random() < SLEEPY_SHARE,
    )

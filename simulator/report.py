"""
The figures of a run, counted step by step from what the breakers really carried.

Overload. Ampere-seconds above a breaker's set value, summed over lines and breakers. A car that
ignores its limit can overload a breaker before anybody can know; so what it causes within its
reaction window, beginning when its draw comes to exceed its limit by more than 0.5 A, stands
under a name of its own. On one line of one breaker that is at most what it draws too much; the
rest is ordinary overload.

Used capacity. What flowed through the main breaker, over what could have at most: per line and
breaker the lower of the set value and the sum of what is below, down to what each car would
take without limits. Only such steps count in which this bound reaches the main breaker's set
value on all lines, that is, in which enough cars want current; and none in the first seconds,
while the first limits go out. In an IT grid the bound adds amperes as magnitudes, which no sum
of phasors exceeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.units import TOLERANCE_A
from simulator.breakers import Breaker
from simulator.grid import ROOT

REACTION_S: Final = 15.0
"""How long a system may take to notice, and make room for, a car that ignores its limit."""

IGNORES_A: Final = 0.5
"""How far a car has to be above its limit to count as ignoring it."""

SETTLING_S: Final = 20.0
"""Seconds after the first limit took effect in which used capacity is not counted."""

Figures = dict[str, dict[str, dict[str, Any]]]


@dataclass(slots=True)
class ReactionWindow:
    """The time in which what a disobedient car causes is put down to the car."""

    ignoring: bool = False
    left_s: float = 0.0

    def step(self, excess_a: float, dt_s: float) -> float:
        """
        Let a while pass in which the car draws so much more than its limit.

        Returns:
            How many seconds of the while lie inside the window.
        """
        onset = excess_a > IGNORES_A and not self.ignoring
        self.ignoring = excess_a > IGNORES_A
        if onset:
            self.left_s = REACTION_S
        if not self.ignoring:
            self.left_s = 0.0
        inside_s = min(self.left_s, dt_s)
        self.left_s -= inside_s
        return inside_s


@dataclass(slots=True)
class Tally:
    """Everything that is counted during a run."""

    elapsed_s: float = 0.0
    energy_kwh: float = 0.0
    all_overload_as: float = 0.0
    rogue_overload_as: float = 0.0
    breaker_trips: int = 0
    ratio_max: float = 0.0
    cars_seen: int = 0
    sessions_finished: int = 0
    first_limits_s: float | None = None
    counted_s: float = 0.0
    share_now: float | None = None
    _used_as: float = 0.0
    _usable_as: float = 0.0
    _window: ReactionWindow = field(default_factory=ReactionWindow)

    def count_overload(self, over_as: Sequence[Sequence[float]]) -> None:
        """
        Count what was above the set values during a step.

        Args:
            over_as: for every breaker, ampere-seconds on each of its lines.
        """
        self.all_overload_as += sum(sum(lines_as) for lines_as in over_as)

    def excuse_rogue(
        self,
        over_as: Sequence[Sequence[float]],
        above: Sequence[int],
        lines: Sequence[int],
        excess_a: float,
        dt_s: float,
    ) -> None:
        """
        Put what a disobedient car caused within its window under its own name.

        Args:
            over_as: as in `count_overload`.
            above: the breakers the car hangs behind.
            lines: the lines it loads.
            excess_a: how far it is above its limit.
            dt_s: how long the step was.
        """
        most_as = excess_a * self._window.step(excess_a, dt_s)
        self.rogue_overload_as += sum(
            min(over_as[node][line], most_as) for node in above for line in lines
        )

    def count_capacity(
        self, carried_a: Sequence[float], bound_a: Sequence[float], set_a: float, dt_s: float
    ) -> None:
        """
        Count how much of the main breaker was used during a step.

        Args:
            carried_a: amperes on its lines.
            bound_a: the most that could have flowed there.
            set_a: what may be used of it.
            dt_s: how long the step was.
        """
        usable_a = sum(bound_a)
        self.share_now = sum(carried_a) / usable_a if usable_a > 0.0 else None
        if self.first_limits_s is None or self.elapsed_s < self.first_limits_s + SETTLING_S:
            return
        if all(a >= set_a - TOLERANCE_A for a in bound_a):
            self.counted_s += dt_s
            self._used_as += sum(carried_a) * dt_s
            self._usable_as += usable_a * dt_s

    @property
    def overload_as(self) -> float:
        """All overload but what the rogue caused within its window."""
        return max(0.0, self.all_overload_as - self.rogue_overload_as)

    @property
    def used_share(self) -> float | None:
        """Used capacity, over all steps that count; None if there were none."""
        return self._used_as / self._usable_as if self._usable_as > 0.0 else None

    def count_breakers(self, breakers: Sequence[Breaker]) -> None:
        self.ratio_max = max(it.ratio_max for it in breakers)
        self.breaker_trips = sum(it.tripped for it in breakers)

    def figures(
        self, breakers: Sequence[Breaker], cars_filled: int, phase_switches: int = 0
    ) -> Figures:
        """Write the report; `cars_filled` cars got all they needed."""
        main = breakers[ROOT]
        mains = f"main breaker set to {main.set_a:g} A on {main.lines} line(s)"
        rows: list[tuple[str, float | None, str, str]] = [
            (
                "energy_kwh",
                self.energy_kwh,
                "kWh",
                "what the batteries got in the drivers' day",
            ),
            (
                "capacity_used_share",
                self.used_share,
                "1",
                f"{mains}, while enough cars want it",
            ),
            (
                "capacity_counted_s",
                self.counted_s,
                "s",
                f"of {self.elapsed_s:.0f} s of the run",
            ),
            ("breaker_trips", self.breaker_trips, "1", "fastest curve of IEC 60898-1; aim: 0"),
            ("overload_as", self.overload_as, "A*s", "above set values, all lines; aim: 0"),
            (
                "rogue_overload_as",
                self.rogue_overload_as,
                "A*s",
                f"caused within {REACTION_S:g} s of a car's ignoring its limit",
            ),
            ("peak_load_ratio", self.ratio_max, "1", "over the rating; never trips up to 1.13"),
            ("first_limits_s", self.first_limits_s, "s", "from start to a car under a limit"),
            ("cars_seen", self.cars_seen, "1", "cars plugged in so far"),
            ("cars_filled", cars_filled, "1", "cars that got all they needed"),
            ("sessions_finished", self.sessions_finished, "1", "cars that have left"),
            ("phase_switches", phase_switches, "1", "three phases to one, or back"),
        ]
        return {
            "figures": {
                name: {"value": _rounded(value), "unit": unit, "reference": reference}
                for name, value, unit, reference in rows
            }
        }


def _rounded(value: float | None) -> float | None:
    return value if value is None or isinstance(value, int) else round(value, 4)

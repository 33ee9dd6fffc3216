"""
Which mode each car is to charge in: on three lines, or on one, and on which one.

A car that can switch is better off on one line where it would have less than its minimum on three, or
where one line gives it more power than three: 3 * x3 < x1. Installations set a *switch current*: a car
that has as much on three lines keeps them, one that has less leaves them unless it would lose by that.
Since cars that leave make room for one another, all of them are moved together, and whoever lost comes
back. Modes in use change for a gain only, so that contactors and cars are spared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from services.balancer.demands import Demand, Rules
from services.balancer.nets import Amps, Division, Numbers
from services.balancer.tables import Table
from shared.units import LINE_TO_NEUTRAL_V, STEP_A, TOLERANCE_A

RETURNS_MAX: Final = 4
"""How often those that lost come back to three lines."""
TRIALS_MAX: Final = 60
"""How many single changes of a mode are tried."""
EQUAL_W: Final = 3 * LINE_TO_NEUTRAL_V * STEP_A + TOLERANCE_A
"""Powers that differ by less are equal: one step on three lines, which rounding may cost."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Modes for all demands, by their places among all modes, and what follows from them."""

    modes: Numbers
    division: Division
    admitted: tuple[int, ...]
    """How many, by falling priority."""
    power_w: Amps
    """By demand, in proportion to its weight."""

    def beats(self, other: "Choice", by_w: float) -> bool:
        """Whether more cars are admitted, or the worst-off that is not served alike is served better."""
        if self.admitted != other.admitted:
            return self.admitted > other.admitted
        gains_w = np.sort(self.power_w) - np.sort(other.power_w)
        unlike = np.flatnonzero(np.abs(gains_w) > EQUAL_W)
        return len(unlike) > 0 and bool(gains_w[unlike[0]] > by_w)


def choose(table: Table, demands: Sequence[Demand], rules: Rules) -> tuple[Numbers, Division]:
    """
    Choose a mode for each demand, by its place among all modes, and divide.

    Demands of one mode have it. Among several the one with the most power per ampere is the widest.
    """
    if len(table.mode_max_a) == len(demands):
        only = table.first_mode[:-1]
        return only, table.divide(only)
    choice = _Chooser(table, demands, rules).choose()
    return choice.modes, choice.division


class _Chooser:
    def __init__(self, table: Table, demands: Sequence[Demand], rules: Rules) -> None:
        self._table = table
        self._demands = demands
        self._rules = rules
        self._gain_w = rules.switch_gain_a * 3 * LINE_TO_NEUTRAL_V
        self._priorities = np.array([demand.priority for demand in demands])
        first = table.first_mode
        self._widest = np.array(
            [
                begin + int(table.mode_w_per_a[begin:end].argmax())
                for begin, end in pairwise(first)
            ]
        )
        self._present = np.array(
            [
                -1 if demand.present is None else first[i] + demand.present
                for i, demand in enumerate(demands)
            ]
        )

    def choose(self) -> Choice:
        wide = self._choice(self._widest)
        movable = self._movable(wide)
        choice = self._narrowed(wide, movable)
        if wide.beats(choice, 0.0) or not (self._asked() or choice.beats(wide, 0.0)):
            choice = wide
        choice = self._improved(choice, movable)
        return self._kept(choice, wide)

    def _asked(self) -> bool:
        """Whether cars below some current are to leave three lines even if they gain nothing."""
        return self._rules.switch_current_a is not None

    def _choice(self, modes: Numbers) -> Choice:
        division = self._table.divide(modes)
        admitted = tuple(
            int(division.admitted[self._priorities == priority].sum())
            for priority in np.unique(self._priorities)[::-1]
        )
        power_w = division.shares_a * self._table.mode_w_per_a[modes] / self._table.weight
        return Choice(modes, division, admitted, power_w)

    # --- Who leaves three lines ---

    def _movable(self, wide: Choice) -> list[int]:
        """Who may leave the widest mode: whoever has less than the switch current in it, or not enough
        more to come back."""
        switch_a = self._rules.switch_current_a
        return [
            car
            for car, demand in enumerate(self._demands)
            if len(demand.modes) > 1
            and (
                switch_a is None
                or wide.division.shares_a[car]
                < self._stays_above_a(car, switch_a) - TOLERANCE_A
            )
        ]

    def _stays_above_a(self, car: int, switch_a: float) -> float:
        returns = self._present[car] not in {-1, self._widest[car]}
        return switch_a + self._rules.switch_gain_a if returns else switch_a

    def _narrowed(self, wide: Choice, movable: list[int]) -> Choice:
        """Move all that may to one line; whoever loses power by that comes back."""
        choice = wide
        for _ in range(RETURNS_MAX):
            if not movable:
                return wide
            choice = self._choice(self._spread(movable))
            lost = choice.power_w < wide.power_w - EQUAL_W
            if not lost[movable].any():
                break
            movable = [car for car in movable if not lost[car]]
        return choice

    def _spread(self, movable: list[int]) -> Numbers:
        """Put each car on the line where it finds the most, given those that were put before."""
        table, modes = self._table, self._widest.copy()
        sharing = np.zeros(len(table.capacity_a))
        left_a = table.capacity_a - np.abs(table.base)
        moving = set(movable)
        for car in range(len(self._demands)):
            if car not in moving:
                sharing[self._rows(modes[car])] += table.weight[car]
        for car in movable:
            best_a = -np.inf
            begin, end = table.first_mode[car : car + 2]
            for mode in range(begin, end):
                if mode == self._widest[car]:
                    continue
                rows = self._rows(mode)
                level_a = float((left_a[rows] / (sharing[rows] + table.weight[car])).min())
                if mode == self._present[car]:
                    level_a += self._rules.switch_gain_a
                if level_a > best_a + TOLERANCE_A:
                    best_a, modes[car] = level_a, mode
            sharing[self._rows(modes[car])] += table.weight[car]
        return modes

    def _rows(self, mode: int) -> Numbers:
        begins = self._table.mode_begins
        return self._table.rows[begins[mode] : begins[mode + 1]]

    # --- What is changed after that ---

    def _improved(self, choice: Choice, movable: list[int]) -> Choice:
        """Try other modes one by one, for those that have least first."""
        trials = 0
        for car in sorted(movable, key=lambda it: (choice.power_w[it], it)):
            for mode in range(*self._table.first_mode[car : car + 2]):
                if mode == choice.modes[car] or trials >= TRIALS_MAX:
                    continue
                trials += 1
                modes = choice.modes.copy()
                modes[car] = mode
                trial = self._choice(modes)
                if trial.beats(choice, self._gain_w):
                    choice = trial
        return choice

    def _kept(self, choice: Choice, wide: Choice) -> Choice:
        """Keep the modes in use, unless the switch current forbids it or others are worth it."""
        switch_a = self._rules.switch_current_a
        keeps = self._present >= 0
        if switch_a is not None:
            has_a = wide.division.shares_a
            is_wide = self._present == self._widest
            keeps &= np.where(
                is_wide,
                has_a >= switch_a - TOLERANCE_A,
                has_a < switch_a + self._rules.switch_gain_a - TOLERANCE_A,
            )
            # A car that lost by leaving three lines has come back to them.
            keeps |= (choice.modes == self._widest) & is_wide
        modes = np.where(keeps, self._present, choice.modes)
        if (modes == choice.modes).all():
            return choice
        kept = self._choice(modes)
        return choice if choice.beats(kept, self._gain_w) else kept

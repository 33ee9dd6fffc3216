"""Demands as arrays, checked; and back again."""

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import numpy as np

from services.balancer.demands import Demand, Mode, Rules, Unallocatable
from services.balancer.loops import admit, fill, hand_out
from services.balancer.nets import (
    NOTHING,
    OWN_MAX,
    Amps,
    Division,
    Net,
    Numbers,
    Phasors,
    Wants,
)
from services.balancer.site import LINES
from shared.units import STEP_A, TOLERANCE_A

BALANCINGS_MAX: Final = 20
"""How often bounds of unequal loads are lowered, before they are what surely holds."""
UNBOUNDED_A: Final = 1e6
LOAD: Final = np.dtype([("row", np.int64), ("factor", np.complex128)])


@dataclass(frozen=True, slots=True)
class Table:
    """
    Everything that is asked, in arrays.

    Modes of all demands stand one after the other: those of demand i from `first_mode[i]` on.
    """

    capacity_a: Amps
    base: Phasors
    rows: Numbers
    factors: Phasors
    mode_begins: Numbers
    mode_max_a: Amps
    mode_w_per_a: Amps
    first_mode: Numbers
    lowest_a: Amps
    weight: Amps
    order: Numbers
    ends: Numbers
    imbalance_a: float | None
    """If it is bounded, the last constraints carry what loads the main breaker's lines unequally."""

    def divide(self, modes: Numbers) -> Division:
        """
        Divide with a mode for each demand, by its place among all modes.

        What is more on one line than on another is taken from cars that can be adjusted: those on fewer
        than three lines. Lowering some lines may lower the least loaded one, where other cars take
        what became free; the bounds are lowered until they hold.
        """
        capacity_a = self.capacity_a.copy()
        division = self._divide(modes, capacity_a)
        if self.imbalance_a is None:
            return division
        for balancing in range(BALANCINGS_MAX + 1):
            carried_a = self._unequal_a(modes, division)
            bound_a = carried_a.min() + self.imbalance_a
            if carried_a.max() <= bound_a + TOLERANCE_A:
                break
            if balancing == BALANCINGS_MAX:
                bound_a = self.base[-LINES:].real.min() + self.imbalance_a
            capacity_a[-LINES:] = np.minimum(capacity_a[-LINES:], bound_a)
            division = self._divide(modes, capacity_a)
        return division

    def _unequal_a(self, modes: Numbers, division: Division) -> Amps:
        """Add up what is on each line of the main breaker, three-phase cars aside."""
        carried = self.base[-LINES:].real.copy()
        first = len(self.capacity_a) - LINES
        for car, mode in enumerate(modes):
            for k in range(self.mode_begins[mode], self.mode_begins[mode + 1]):
                if self.rows[k] >= first:
                    carried[self.rows[k] - first] += (
                        self.factors[k].real * division.shares_a[car]
                    )
        return carried

    def _divide(self, modes: Numbers, capacity_a: Amps) -> Division:
        highest_a = self.mode_max_a[modes]
        net = Net(
            capacity_a,
            self.rows,
            self.factors,
            self.mode_begins[modes],
            self.mode_begins[modes + 1],
        )
        order, ends = self.order, self.ends
        possible = highest_a >= self.lowest_a - TOLERANCE_A
        if not possible.all():
            kept = possible[order]
            order, ends = order[kept], np.concatenate(([0], np.cumsum(kept)))[ends]
        wants = Wants(self.lowest_a, highest_a, self.weight)
        cars, loads = len(highest_a), self.base.copy()
        division = Division(
            np.zeros(cars),
            np.full(cars, OWN_MAX, np.int64),
            np.full(cars, NOTHING, np.int64),
            np.zeros(cars, np.bool_),
        )
        admit(net, wants, loads, order, ends, division)
        fill(net, wants, loads, division)
        hand_out(net, wants, self.base, division)
        return division


def table_of(
    capacity_a: Sequence[float],
    demands: Sequence[Demand],
    base: Sequence[complex] | None,
    rules: Rules,
) -> Table:
    """
    Put demands into arrays.

    Raises:
        Unallocatable: a number means nothing, or a constraint does not exist.
    """
    capacity, flows = _constraints(capacity_a, base)
    modes = list(chain.from_iterable(demand.modes for demand in demands))
    if rules.imbalance_a is not None:
        _check_imbalance(rules, len(capacity))
        modes = [_unequal(mode, rules.main, len(capacity)) for mode in modes]
        lines = list(rules.main)
        capacity = np.concatenate((capacity, np.full(LINES, UNBOUNDED_A)))
        flows = np.concatenate((flows, np.abs(flows[lines])))
    loads = np.fromiter(chain.from_iterable(mode.loads for mode in modes), dtype=LOAD)
    min_a = np.array([demand.min_a for demand in demands], float)
    stays = np.array([demand.stays for demand in demands], bool)
    priority = np.array([demand.priority for demand in demands], np.int64)
    order = np.lexsort((-priority, ~stays))
    groups = np.stack((stays, priority * ~stays))[:, order]
    changes = np.flatnonzero((groups[:, 1:] != groups[:, :-1]).any(axis=0)) + 1
    table = Table(
        capacity_a=capacity,
        base=flows,
        rows=np.ascontiguousarray(loads["row"]),
        factors=np.ascontiguousarray(loads["factor"]),
        mode_begins=_begins([len(mode.loads) for mode in modes]),
        mode_max_a=_whole_steps(np.array([mode.max_a for mode in modes], float), np.floor),
        mode_w_per_a=np.array([mode.power_w_per_a for mode in modes], float),
        first_mode=_begins([len(demand.modes) for demand in demands]),
        lowest_a=_whole_steps(min_a, np.ceil),
        weight=np.array([demand.weight for demand in demands], float),
        order=order,
        imbalance_a=rules.imbalance_a,
        ends=np.concatenate((changes, [len(demands)])).astype(np.int64),
    )
    _check(table, demands, min_a)
    return table


def _constraints(
    capacity_a: Sequence[float], base: Sequence[complex] | None
) -> tuple[Amps, Phasors]:
    capacity = np.array(capacity_a, dtype=np.float64)
    if not np.isfinite(capacity).all():
        at = int(np.flatnonzero(~np.isfinite(capacity))[0])
        raise Unallocatable(
            f"constraint {at} has a capacity of {capacity[at]} A: give a finite number; a negative one "
            "lets nobody charge there"
        )
    flows = np.zeros(len(capacity), np.complex128) if base is None else np.array(base, complex)
    if len(flows) != len(capacity):
        raise Unallocatable(
            f"what flows anyway is given for {len(flows)} of {len(capacity)} constraints: give "
            "one number for each"
        )
    if not np.isfinite(flows).all():
        at = int(np.flatnonzero(~np.isfinite(flows))[0])
        raise Unallocatable(f"{flows[at]} A flow at constraint {at}: give a finite number")
    return capacity, flows


def _check_imbalance(rules: Rules, constraints: int) -> None:
    imbalance_a = rules.imbalance_a
    if imbalance_a is None or not (math.isfinite(imbalance_a) and imbalance_a > 0):
        raise Unallocatable(
            f"lines may differ by {imbalance_a} A: give a finite number above 0, or none"
        )
    if len(set(rules.main)) != LINES or not all(0 <= it < constraints for it in rules.main):
        raise Unallocatable(
            f"the main breaker has the constraints {rules.main}: for an imbalance limit name one that "
            "exists for each of three lines"
        )


def _unequal(mode: Mode, main: tuple[int, ...], constraints: int) -> Mode:
    """Have a mode on fewer than three lines pass a constraint more for each, that three-phase cars do
    not pass: they load all lines alike."""
    on_main = [(main.index(row), factor) for row, factor in mode.loads if row in main]
    if any(factor.imag or factor.real < 1 for _, factor in on_main):
        raise Unallocatable(
            "an imbalance limit is one of amperes per line: leave it out where currents add as phasors"
        )
    if len(on_main) >= LINES:
        return mode
    unequal = tuple((constraints + line, factor) for line, factor in on_main)
    return replace(mode, loads=(*mode.loads, *unequal))


def _begins(lengths: Sequence[int]) -> Numbers:
    begins = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=begins[1:])
    return begins


def _whole_steps(amps: Amps, towards: np.ufunc) -> Amps:
    """Round to whole steps of what can be offered; a sum of floats may be off by the tolerance."""
    off = TOLERANCE_A if towards is np.floor else -TOLERANCE_A
    whole: Amps = np.round(towards((amps + off) / STEP_A) * STEP_A, 1)
    return whole


# --- What is refused ---


def _check(table: Table, demands: Sequence[Demand], min_a: Amps) -> None:
    """Look at all numbers at once; only when something is wrong look for what to say."""
    sound = (
        np.isfinite(min_a).all()
        and (min_a > 0).all()
        and np.isfinite(table.weight).all()
        and (table.weight > 0).all()
        and np.isfinite(table.mode_max_a).all()
        and np.isfinite(table.mode_w_per_a).all()
        and (np.diff(table.mode_begins) > 0).all()
        and (np.diff(table.first_mode) > 0).all()
        and (table.rows >= 0).all()
        and (table.rows < len(table.capacity_a)).all()
        and np.isfinite(table.factors).all()
        and all(it.present is None or 0 <= it.present < len(it.modes) for it in demands)
        and (table.mode_max_a >= np.repeat(min_a, np.diff(table.first_mode)) - STEP_A).all()
    )
    if not sound:
        for number, demand in enumerate(demands):
            _refuse(number, demand, len(table.capacity_a))


def _refuse(number: int, demand: Demand, constraints: int) -> None:
    def unless(right: bool, what: str) -> None:
        if not right:
            raise Unallocatable(f"demand {number} {what}")

    lowest_a, modes = demand.min_a, demand.modes
    unless(len(modes) > 0, "has no mode: name at least one way in which it can charge")
    unless(
        demand.present is None or 0 <= demand.present < len(modes),
        f"charges in mode {demand.present} of {len(modes)}: name one that it has, or none",
    )
    unless(
        math.isfinite(lowest_a) and lowest_a > 0,
        f"wants at least {lowest_a} A: give a finite number above 0",
    )
    unless(
        math.isfinite(demand.weight) and demand.weight > 0,
        f"has the weight {demand.weight}: give a finite number above 0",
    )
    for mode in modes:
        _refuse_mode(unless, mode, constraints)
        unless(
            mode.max_a > lowest_a - STEP_A,
            f"wants at least {lowest_a} A and at most {mode.max_a} A: leave it out while its "
            "minimum is above its maximum",
        )


def _refuse_mode(unless: Callable[[bool, str], None], mode: Mode, constraints: int) -> None:
    unless(math.isfinite(mode.max_a), f"wants at most {mode.max_a} A: give a finite number")
    unless(
        math.isfinite(mode.power_w_per_a),
        f"draws {mode.power_w_per_a} W with one ampere: give a finite number",
    )
    unless(len(mode.loads) > 0, "passes no constraint: name the breakers above it")
    for row, factor in mode.loads:
        unless(
            0 <= row < constraints,
            f"passes constraint {row}: there are {constraints}, counted from 0",
        )
        unless(cmath.isfinite(factor), f"has the factor {factor}: give a finite number")

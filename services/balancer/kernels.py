"""
The loops of an allocation, compiled to machine code.

All of them are here and nowhere else, since a compiled loop is kept on disk and is not noticed to be
outdated when one that it calls changes in another file. What they work out is told in `allocation`.
"""

import heapq
from collections.abc import Callable
from typing import Final, NamedTuple, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from shared.units import STEP_A, TOLERANCE_A

Amps = npt.NDArray[np.float64]
Phasors = npt.NDArray[np.complex128]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
P = ParamSpec("P")
R = TypeVar("R")

OWN_MAX: Final = -1
"""In place of a constraint: a car's own maximum."""
NOTHING: Final = -2
"""In place of a constraint: none is known."""
PRICINGS_MAX: Final = 40
"""How often the room on constraints is priced anew, to find a set of cars with more in it."""
WORK_MAX: Final = 400_000
"""How many cars are looked at to exchange some for others."""
CUTS_MAX: Final = 1_000
"""How often shares are cut where currents that cancelled one another no longer do."""


class Net(NamedTuple):
    """Constraints, and which of them each car passes: of `rows` and `factors` the entries from
    `start` to `stop`. A constraint's load is the magnitude of a sum of phasors."""

    capacity_a: Amps
    rows: Numbers
    factors: Phasors
    start: Numbers
    stop: Numbers


class Wants(NamedTuple):
    """What each car wants: between `lowest_a` and `highest_a`, or nothing; above the lowest in
    proportion to its weight."""

    lowest_a: Amps
    highest_a: Amps
    weight: Amps


class Division(NamedTuple):
    """What each car gets, what stopped it, and what would have been next."""

    shares_a: Amps
    stopped: Numbers
    runner_up: Numbers
    admitted: Flags


def compiled(loop: Callable[P, R]) -> Callable[P, R]:
    """Have a loop compiled when it is first called, and kept beside its source."""
    return cast("Callable[P, R]", numba.njit(cache=True)(loop))


@compiled
def divide(net: Net, wants: Wants, base: Phasors, order: Numbers, ends: Numbers) -> Division:
    """
    Admit cars, raise them together, and round what they get.

    Args:
        net: the constraints.
        wants: what the cars want.
        base: what flows on each constraint anyway.
        order: cars in the order in which they are admitted.
        ends: where each group of them ends; a group is served before the next one.
    """
    cars = len(wants.lowest_a)
    admitted = np.zeros(cars, np.bool_)
    loads = base.copy()
    begin = 0
    for end in ends:
        _admit(net, wants.lowest_a, loads, order[begin:end], admitted)
        begin = end
    stopped = np.full(cars, OWN_MAX, np.int64)
    runner_up = np.full(cars, NOTHING, np.int64)
    for car in order:
        if not admitted[car]:
            stopped[car], runner_up[car] = _fullest(net, loads, car, wants.lowest_a[car])
    shares_a = _fill(net, wants, loads, admitted, stopped, runner_up)
    _round(net, wants, base, admitted, shares_a)
    return Division(shares_a, stopped, runner_up, admitted)


@compiled
def excess_a(net: Net, loads: Phasors, k: int, by_a: float) -> float:
    """How far the constraint of an entry would be above its capacity with so much more."""
    after = loads[net.rows[k]] + net.factors[k] * by_a
    return float(np.sqrt(after.real**2 + after.imag**2) - net.capacity_a[net.rows[k]])


@compiled
def _fits(net: Net, loads: Phasors, car: int, by_a: float) -> bool:
    for k in range(net.start[car], net.stop[car]):
        if excess_a(net, loads, k, by_a) > TOLERANCE_A:
            return False
    return True


@compiled
def _add(net: Net, loads: Phasors, car: int, by_a: float) -> None:
    for k in range(net.start[car], net.stop[car]):
        loads[net.rows[k]] += net.factors[k] * by_a


@compiled
def _fullest(net: Net, loads: Phasors, car: int, by_a: float) -> tuple[int, int]:
    """The constraint that is most in a car's way, and the next one that is in its way."""
    first, second = OWN_MAX, NOTHING
    first_a = second_a = -np.inf
    for k in range(net.start[car], net.stop[car]):
        over_a = excess_a(net, loads, k, by_a)
        if over_a > first_a + TOLERANCE_A:
            first, second, first_a, second_a = net.rows[k], first, over_a, first_a
        elif over_a > second_a:
            second, second_a = net.rows[k], over_a
    return first, second if second_a > TOLERANCE_A else NOTHING


# --- Admission ---


@compiled
def _admit(net: Net, lowest_a: Amps, loads: Phasors, members: Numbers, into: Flags) -> None:
    """Admit as many of a group as can be found to fit together; among sets with as many cars prefer
    the one whose members come first."""
    empty = loads.copy()
    taken = _greedy(net, lowest_a, loads, members)
    if not taken.all():
        most, most_loads = _most(net, lowest_a, empty, members, taken)
        if most.sum() > taken.sum():
            _prefer_first(net, lowest_a, most_loads, members, most)
            taken = most
            loads[:] = most_loads
    for i, car in enumerate(members):
        into[car] = taken[i]


@compiled
def _greedy(net: Net, lowest_a: Amps, loads: Phasors, members: Numbers) -> Flags:
    taken = np.zeros(len(members), np.bool_)
    for i, car in enumerate(members):
        if _fits(net, loads, car, lowest_a[car]):
            _add(net, loads, car, lowest_a[car])
            taken[i] = True
    return taken


@compiled
def _most(
    net: Net, lowest_a: Amps, empty: Phasors, members: Numbers, taken: Flags
) -> tuple[Flags, Phasors]:
    """
    Look for a larger set than the one found by taking cars in turn.

    Constraints are given prices; a set is built of the cars that use the least at those prices, and the
    prices of overused constraints rise (Lagrangian relaxation, by Polyak's subgradient steps). Prices
    also tell how many cars can be admitted at most, so that the search ends when it has found those.
    """
    best = taken.copy()
    best_loads = np.zeros_like(empty)
    prices = np.zeros(len(empty))
    costs = np.zeros(len(members))
    at_most = float(len(members))
    for pricing in range(PRICINGS_MAX):
        over = np.real(empty) - net.capacity_a
        value = -(prices * over).sum()
        for i, car in enumerate(members):
            costs[i] = 0.0
            for k in range(net.start[car], net.stop[car]):
                costs[i] += prices[net.rows[k]] * net.factors[k].real * lowest_a[car]
            if costs[i] < 1.0:
                value += 1.0 - costs[i]
                for k in range(net.start[car], net.stop[car]):
                    over[net.rows[k]] += net.factors[k].real * lowest_a[car]
        at_most = min(at_most, value)
        if best.sum() + 1 > at_most + TOLERANCE_A:
            break
        if pricing == 0:
            for i, car in enumerate(members):
                costs[i] = lowest_a[car] * (net.stop[car] - net.start[car])
        trial_order = np.argsort(costs, kind="mergesort")
        trial_loads = empty.copy()
        trial = _greedy(net, lowest_a, trial_loads, members[trial_order])
        if trial.sum() > best.sum():
            best[trial_order] = trial
            best_loads = trial_loads
        over[(prices <= 0.0) & (over < 0.0)] = 0.0
        prices += over * (value - best.sum()) / max((over**2).sum(), TOLERANCE_A)
        prices = np.maximum(prices, 0.0)
    return best, best_loads


@compiled
def _prefer_first(
    net: Net, lowest_a: Amps, loads: Phasors, members: Numbers, taken: Flags
) -> None:
    """Let whoever comes earlier take the place of one that comes later, as far as that fits."""
    looked_at = 0
    for i, car in enumerate(members):
        if taken[i]:
            continue
        for j in range(len(members) - 1, i, -1):
            if not taken[j]:
                continue
            looked_at += 1
            other = members[j]
            _add(net, loads, other, -lowest_a[other])
            if _fits(net, loads, car, lowest_a[car]):
                _add(net, loads, car, lowest_a[car])
                taken[i], taken[j] = True, False
                break
            _add(net, loads, other, lowest_a[other])
        if looked_at > WORK_MAX:
            return


# --- Filling ---


@compiled
def _level(load: complex, slope: complex, capacity_a: float, from_level: float) -> float:
    """The level, not below the present one, at which |load + slope * level| reaches the capacity."""
    a = slope.real**2 + slope.imag**2
    if a <= TOLERANCE_A**2:
        return np.inf
    b = load.real * slope.real + load.imag * slope.imag
    c = load.real**2 + load.imag**2 - capacity_a**2
    discriminant = b * b - a * c
    if discriminant < 0.0 or capacity_a < 0.0:
        return from_level
    root = np.sqrt(discriminant)
    # Of two ways to write the same root the one that subtracts no nearly equal numbers.
    level = -c / (b + root) if b > 0.0 else (root - b) / a
    return max(level, from_level)


class Water(NamedTuple):
    """What flows at level 0, how fast it rises with the level, and how many free cars make it rise."""

    loads: Phasors
    slopes: Phasors
    sharing: Numbers


@compiled
def _level_at(net: Net, water: Water, row: int, level: float) -> float:
    if water.sharing[row] == 0:
        return np.inf
    return _level(water.loads[row], water.slopes[row], net.capacity_a[row], level)


@compiled
def _fill(
    net: Net, wants: Wants, loads: Phasors, admitted: Flags, stopped: Numbers, next_up: Numbers
) -> Amps:
    """
    Raise the admitted together until a constraint or their own maximum stops each of them.

    Cars stop by rising level. A constraint's level is worked out again when its turn comes, since it has
    risen by what stopped elsewhere; it is brought forward where it has fallen, as it may where currents
    cancel one another.
    """
    shares_a = np.where(admitted, wants.lowest_a, 0.0)
    free = admitted & (wants.highest_a > wants.lowest_a + TOLERANCE_A)
    water = Water(loads, np.zeros_like(loads), np.zeros(len(loads), np.int64))
    for car in np.flatnonzero(free):
        _release(net, wants, water, car)
    members, begins = _members(net, free, water.sharing)
    own = np.where(free, (wants.highest_a - wants.lowest_a) / wants.weight, np.inf)
    by_own = np.argsort(own, kind="mergesort")
    levels = np.array([_level_at(net, water, row, 0.0) for row in range(len(loads))])
    heap = [(levels[row], row) for row in range(len(loads))]
    heap.append((np.inf, NOTHING))
    heapq.heapify(heap)
    here, level = 0, 0.0
    while here < len(by_own) and own[by_own[here]] < np.inf:
        car = by_own[here]
        if not free[car]:
            here += 1
            continue
        known, row = heap[0]
        if known > own[car] + TOLERANCE_A:
            level = own[car]
            _, next_up[car] = _stops(net, water, car, np.inf, level)
            shares_a[car], free[car] = wants.highest_a[car], False
            _freeze(net, wants, water, car, level, levels, heap)
            continue
        heapq.heappop(heap)
        present = _level_at(net, water, row, level)
        if known > levels[row] + TOLERANCE_A or present == np.inf:
            continue
        if present > known + TOLERANCE_A:
            levels[row] = present
            heapq.heappush(heap, (present, row))
            continue
        level = present
        here_too = members[begins[row] : begins[row + 1]]
        for car in here_too:
            if free[car]:
                stopped[car], next_up[car] = _stops(net, water, car, own[car], level)
        for car in here_too:
            if free[car]:
                raised_a = wants.lowest_a[car] + wants.weight[car] * level
                shares_a[car], free[car] = min(raised_a, wants.highest_a[car]), False
                _freeze(net, wants, water, car, level, levels, heap)
    return shares_a


@compiled
def _release(net: Net, wants: Wants, water: Water, car: int) -> None:
    for k in range(net.start[car], net.stop[car]):
        water.slopes[net.rows[k]] += net.factors[k] * wants.weight[car]
        water.sharing[net.rows[k]] += 1


@compiled
def _freeze(
    net: Net,
    wants: Wants,
    water: Water,
    car: int,
    level: float,
    levels: Amps,
    heap: list[tuple[float, int]],
) -> None:
    for k in range(net.start[car], net.stop[car]):
        row, slope = net.rows[k], net.factors[k] * wants.weight[car]
        water.loads[row] += slope * level
        water.slopes[row] -= slope
        water.sharing[row] -= 1
        present = _level_at(net, water, row, level)
        if present < levels[row] - TOLERANCE_A:
            levels[row] = present
            heapq.heappush(heap, (present, row))


@compiled
def _members(net: Net, free: Flags, sharing: Numbers) -> tuple[Numbers, Numbers]:
    """For each constraint the free cars that pass it, one constraint after the other."""
    begins = np.zeros(len(sharing) + 1, np.int64)
    begins[1:] = np.cumsum(sharing)
    members = np.empty(begins[-1], np.int64)
    ends = begins.copy()
    for car in np.flatnonzero(free):
        for k in range(net.start[car], net.stop[car]):
            members[ends[net.rows[k]]] = car
            ends[net.rows[k]] += 1
    return members, begins


@compiled
def _stops(net: Net, water: Water, car: int, own: float, level: float) -> tuple[int, int]:
    """The constraint, or the car's own maximum, with the lowest level, and the next one; of several
    that are equal the one that comes first."""
    first, second = NOTHING, OWN_MAX
    first_level, second_level = np.inf, own
    for k in range(net.start[car], net.stop[car]):
        row = net.rows[k]
        present = _level_at(net, water, row, level)
        sooner = present < first_level - TOLERANCE_A
        if sooner or (present <= first_level + TOLERANCE_A and row < first):
            first, row = row, first
            first_level, present = present, first_level
        if present < second_level - TOLERANCE_A or (
            present <= second_level + TOLERANCE_A and 0 <= row < second
        ):
            second, second_level = row, present
    return first, second


# --- Rounding ---


@compiled
def _round(net: Net, wants: Wants, base: Phasors, admitted: Flags, shares_a: Amps) -> None:
    """Lower shares to whole steps, then hand the lost steps out, always to whoever has least."""
    loads = base.copy()
    heap = [(np.inf, 0)]
    for car in np.flatnonzero(admitted):
        if wants.highest_a[car] > wants.lowest_a[car] + TOLERANCE_A:
            whole_a = np.floor((shares_a[car] + TOLERANCE_A) / STEP_A + TOLERANCE_A) * STEP_A
            shares_a[car] = max(whole_a, wants.lowest_a[car])
            heap.append(((shares_a[car] - wants.lowest_a[car]) / wants.weight[car], car))
        _add(net, loads, car, shares_a[car])
    _cut(net, wants, loads, admitted, shares_a)
    heapq.heapify(heap)
    while len(heap) > 1:
        _, car = heapq.heappop(heap)
        more_a = shares_a[car] + STEP_A
        if more_a > wants.highest_a[car] + TOLERANCE_A or not _fits(net, loads, car, STEP_A):
            continue
        shares_a[car] = more_a
        _add(net, loads, car, STEP_A)
        heapq.heappush(heap, ((more_a - wants.lowest_a[car]) / wants.weight[car], car))
    for car in np.flatnonzero(admitted):
        if wants.highest_a[car] > wants.lowest_a[car] + TOLERANCE_A:
            shares_a[car] = np.round(shares_a[car], 1)


@compiled
def _cut(net: Net, wants: Wants, loads: Phasors, admitted: Flags, shares_a: Amps) -> None:
    """Where currents cancel one another, less of one may be more of the sum: cut down whoever adds to
    what is too much, and everybody to the lowest if that does not end."""
    for _ in range(CUTS_MAX):
        over = np.abs(loads) > net.capacity_a + TOLERANCE_A
        if not over.any():
            return
        for car in np.flatnonzero(admitted):
            if shares_a[car] < wants.lowest_a[car] + STEP_A - TOLERANCE_A:
                continue
            for k in range(net.start[car], net.stop[car]):
                load, factor = loads[net.rows[k]], net.factors[k]
                if over[net.rows[k]] and (load * np.conj(factor)).real > 0.0:
                    shares_a[car] -= STEP_A
                    _add(net, loads, car, -STEP_A)
                    break
    for car in np.flatnonzero(admitted):
        _add(net, loads, car, wants.lowest_a[car] - shares_a[car])
        shares_a[car] = wants.lowest_a[car]

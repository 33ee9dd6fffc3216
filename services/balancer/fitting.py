"""What fits: who is admitted with the minimum, and how whole steps are handed out."""

import heapq
import math
from typing import Final

import numpy as np

from services.balancer.nets import (
    NOTHING,
    OWN_MAX,
    Amps,
    Division,
    Flags,
    Net,
    Numbers,
    Phasors,
    Wants,
    compiled,
)
from shared.units import STEP_A, TOLERANCE_A

PRICINGS_MAX: Final = 40
"""How often the room on constraints is priced anew, to find a set of cars with more in it."""
PRICINGS_FEW: Final = 10
PRICED_MAX: Final = 150_000
"""How many passages of cars through constraints are priced in all, before few pricings must do."""
EXCHANGES_MAX: Final = 100_000
"""How many pairs of cars are looked at, to let the one that comes first have the place."""
CUTS_MAX: Final = 1_000
"""How often shares are cut where currents that cancelled one another no longer do."""


# --- Admission ---


@compiled
def admit(
    net: Net, wants: Wants, loads: Phasors, order: Numbers, ends: Numbers, division: Division
) -> None:
    """
    Admit as many cars as can have their lowest, and say what is in the way of the others.

    Args:
        net: the constraints.
        wants: what the cars want.
        loads: what flows on each constraint anyway; the lowest of the admitted is added.
        order: cars in the order in which they are admitted.
        ends: where each group of them ends; a group is served before the next one.
        division: is told who is admitted.
    """
    begin = 0
    for end in ends:
        _admit(net, wants.lowest_a, loads, order[begin:end], division.admitted)
        begin = end
    for car in order:
        if not division.admitted[car]:
            full, next_full = _fullest(net, loads, car, wants.lowest_a[car])
            division.stopped[car], division.runner_up[car] = full, next_full


@compiled
def _admit(net: Net, lowest_a: Amps, loads: Phasors, members: Numbers, into: Flags) -> None:
    """Admit as many of a group as can be found to fit together; among sets with as many cars prefer
    the one whose members come first."""
    empty = loads.copy()
    taken = np.zeros(len(members), np.bool_)
    count = 0
    for i in range(len(members)):
        count += _take(net, lowest_a, loads, members, taken, i)
    if count < len(members):
        taken, most_loads = _most(net, lowest_a, empty, members, taken, loads.copy())
        for row in range(len(loads)):
            loads[row] = most_loads[row]
    for i in range(len(members)):
        into[members[i]] = taken[i]


@compiled
def _take(
    net: Net, lowest_a: Amps, loads: Phasors, members: Numbers, taken: Flags, i: int
) -> int:
    """Take a member if it fits; how many were taken."""
    car = members[i]
    if not _fits(net, loads, car, lowest_a[car]):
        return 0
    _add(net, loads, car, lowest_a[car])
    taken[i] = True
    return 1


@compiled
def _most(
    net: Net,
    lowest_a: Amps,
    empty: Phasors,
    members: Numbers,
    most: Flags,
    most_loads: Phasors,
) -> tuple[Flags, Phasors]:
    """
    Look for a larger set than the one found by taking cars in turn.

    Constraints are given prices. A set is built of the cars that cost least, and the prices of
    constraints that those worth their cost would overrun rise (Lagrangian relaxation, with Polyak's
    steps). Prices also tell how many cars can be admitted at most: then the search ends.
    """
    prices, over = np.zeros(len(empty)), np.zeros(len(empty))
    at_most = float(len(members))
    in_turn = count = _count(most)
    for pricing in range(_pricings(net, members)):
        value, queue = _price(net, lowest_a, empty, members, prices, over)
        at_most = min(at_most, value)
        if count + 1 > at_most + TOLERANCE_A:
            break
        if pricing == 0:
            queue = [
                (lowest_a[members[i]] * (net.stop[members[i]] - net.start[members[i]]), i)
                for i in range(len(members))
            ]
        heapq.heapify(queue)
        trial = np.zeros(len(members), np.bool_)
        trial_loads = empty.copy()
        tried = 0
        while len(queue) > 0:
            _, i = heapq.heappop(queue)
            tried += _take(net, lowest_a, trial_loads, members, trial, i)
        if tried > count:
            count, most, most_loads = tried, trial, trial_loads
        _reprice(prices, over, value - count)
    if count > in_turn:
        _prefer_first(net, lowest_a, most_loads, members, most)
    return most, most_loads


@compiled
def _pricings(net: Net, members: Numbers) -> int:
    """How many pricings a group may have: the larger it is, the fewer."""
    passages = 1
    for i in range(len(members)):
        passages += net.stop[members[i]] - net.start[members[i]]
    return min(PRICINGS_MAX, max(PRICINGS_FEW, PRICED_MAX // passages))


@compiled
def _reprice(prices: Amps, over: Amps, gap: float) -> None:
    """Raise the prices of what is overrun, lower the others, by Polyak's step for a gap."""
    norm = TOLERANCE_A
    for row in range(len(over)):
        if prices[row] > 0.0 or over[row] > 0.0:
            norm += over[row] ** 2
    for row in range(len(over)):
        prices[row] = max(0.0, prices[row] + over[row] * gap / norm)


@compiled
def _count(flags: Flags) -> int:
    count = 0
    for i in range(len(flags)):
        if flags[i]:
            count += 1
    return count


@compiled
def _price(
    net: Net, lowest_a: Amps, empty: Phasors, members: Numbers, prices: Amps, over: Amps
) -> tuple[float, list[tuple[float, int]]]:
    """What each member costs at some prices, how many can be admitted at most by them, and how far those
    worth their cost would overrun each constraint."""
    value = 0.0
    for row in range(len(over)):
        over[row] = empty[row].real - net.capacity_a[row]
        value -= prices[row] * over[row]
    queue = [(0.0, 0) for _ in range(0)]
    for i in range(len(members)):
        car = members[i]
        cost = 0.0
        for k in range(net.start[car], net.stop[car]):
            cost += prices[net.rows[k]] * net.factors[k].real * lowest_a[car]
        queue.append((cost, i))
        if cost < 1.0:
            value += 1.0 - cost
            for k in range(net.start[car], net.stop[car]):
                over[net.rows[k]] += net.factors[k].real * lowest_a[car]
    return value, queue


@compiled
def _prefer_first(
    net: Net, lowest_a: Amps, loads: Phasors, members: Numbers, taken: Flags
) -> None:
    """Let whoever comes earlier take the place of one that comes later, as far as that fits."""
    looked_at = 0
    for i in range(len(members)):
        for j in range(len(members) - 1, i, -1):
            if taken[i] or looked_at > EXCHANGES_MAX:
                break
            if not taken[j]:
                continue
            looked_at += 1
            other = members[j]
            _add(net, loads, other, -lowest_a[other])
            if _take(net, lowest_a, loads, members, taken, i) > 0:
                taken[j] = False
            else:
                _add(net, loads, other, lowest_a[other])


# --- Rounding ---


@compiled
def hand_out(net: Net, wants: Wants, base: Phasors, division: Division) -> None:
    """Lower shares to whole steps, then hand the lost steps out, always to whoever has least."""
    shares_a, loads = division.shares_a, base.copy()
    for car in range(len(shares_a)):
        if division.admitted[car]:
            if wants.highest_a[car] > wants.lowest_a[car] + TOLERANCE_A:
                steps = math.floor((shares_a[car] + TOLERANCE_A) / STEP_A + TOLERANCE_A)
                shares_a[car] = max(_steps_a(steps), wants.lowest_a[car])
            _add(net, loads, car, shares_a[car])
    _cut(net, wants, loads, division)
    queue = [
        ((shares_a[car] - wants.lowest_a[car]) / wants.weight[car], car)
        for car in range(len(shares_a))
        if division.admitted[car] and wants.highest_a[car] > shares_a[car] + TOLERANCE_A
    ]
    heapq.heapify(queue)
    while len(queue) > 0:
        _, car = heapq.heappop(queue)
        if not _fits(net, loads, car, STEP_A):
            continue
        _add(net, loads, car, STEP_A)
        shares_a[car] = _steps_a(math.floor(shares_a[car] / STEP_A + 1.5))
        if wants.highest_a[car] > shares_a[car] + TOLERANCE_A:
            above_a = shares_a[car] - wants.lowest_a[car]
            heapq.heappush(queue, (above_a / wants.weight[car], car))


@compiled
def _steps_a(steps: int) -> float:
    """Steps of 0.1 A in amperes: 163 of them are 16.3 to everybody, 163 * 0.1 is not."""
    return steps / 10.0


@compiled
def _cut(net: Net, wants: Wants, loads: Phasors, division: Division) -> None:
    """Where currents cancel one another, less of one may be more of the sum: cut down whoever adds to
    what is too much, and everybody to the lowest if that does not end."""
    shares_a = division.shares_a
    for attempt in range(CUTS_MAX + 1):
        over = False
        for row in range(len(loads)):
            over = over or abs(loads[row]) > net.capacity_a[row] + TOLERANCE_A
        if not over:
            return
        for car in range(len(shares_a)):
            if not division.admitted[car] or wants.lowest_a[car] >= shares_a[car]:
                continue
            to_a = max(wants.lowest_a[car], shares_a[car] - STEP_A)
            if attempt == CUTS_MAX:
                to_a = wants.lowest_a[car]
            elif not _adds(net, loads, car):
                continue
            _add(net, loads, car, to_a - shares_a[car])
            shares_a[car] = to_a


@compiled
def _adds(net: Net, loads: Phasors, car: int) -> bool:
    """Whether a constraint carries too much, and a car adds to it."""
    for k in range(net.start[car], net.stop[car]):
        load, factor = loads[net.rows[k]], net.factors[k]
        adds = load.real * factor.real + load.imag * factor.imag > 0.0
        if adds and _over_a(net, loads, k, 0.0) > TOLERANCE_A:
            return True
    return False


# --- What fits ---


@compiled
def _over_a(net: Net, loads: Phasors, k: int, by_a: float) -> float:
    """How far the constraint of an entry would be above its capacity with so much more."""
    after = loads[net.rows[k]] + net.factors[k] * by_a
    over_a: float = math.sqrt(after.real**2 + after.imag**2) - net.capacity_a[net.rows[k]]
    return over_a


@compiled
def _fits(net: Net, loads: Phasors, car: int, by_a: float) -> bool:
    for k in range(net.start[car], net.stop[car]):  # noqa: SIM110  (no generators here)
        if _over_a(net, loads, k, by_a) > TOLERANCE_A:
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
    first_a, second_a = -np.inf, TOLERANCE_A
    for k in range(net.start[car], net.stop[car]):
        over_a = _over_a(net, loads, k, by_a)
        if over_a > first_a + TOLERANCE_A:
            if first_a > TOLERANCE_A:
                second, second_a = first, first_a
            first, first_a = net.rows[k], over_a
        elif over_a > second_a:
            second, second_a = net.rows[k], over_a
    return first, second

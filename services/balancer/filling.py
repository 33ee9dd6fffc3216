"""
How shares rise together, as water fills connected basins, until each of them is stopped.

Max-min fairness by progressive filling: Bertsekas and Gallager, Data Networks, 6.5.2.
"""

import heapq
import math
from typing import NamedTuple

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
from shared.units import TOLERANCE_A


class Water(NamedTuple):
    """
    How a filling stands.

    What each constraint carries at level 0, how fast that rises with the level, how many free cars
    make it rise, the level at which it is thought to be full, and which cars are free.
    """

    loads: Phasors
    slopes: Phasors
    sharing: Numbers
    levels: Amps
    free: Flags


@compiled
def fill(net: Net, wants: Wants, loads: Phasors, division: Division) -> None:
    """
    Raise the admitted together until a constraint or their own maximum stops each of them.

    Events are taken by rising level: a constraint is full, or a car has all it wants. A constraint's
    level is worked out again when its turn comes, since it has risen by what stopped elsewhere; it is
    brought forward where it has fallen, as it may where currents cancel one another.
    """
    rows = len(loads)
    water = Water(
        loads,
        np.zeros(rows, np.complex128),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.float64),
        np.zeros(len(division.admitted), np.bool_),
    )
    events = _release(net, wants, water, division)
    begins, members = _members(net, water)
    for row in range(rows):
        water.levels[row] = _level(net, water, row, 0.0)
        events.append((water.levels[row], row))
    heapq.heapify(events)
    level = 0.0
    while len(events) > 0:
        known, which = heapq.heappop(events)
        if which >= rows:
            if water.free[which - rows]:
                level = known
                _stop(net, wants, water, division, which - rows, level)
                _freeze(net, wants, water, which - rows, level, events)
        elif known <= water.levels[which] + TOLERANCE_A:  # otherwise it was brought forward
            present = _level(net, water, which, level)
            if present > known + TOLERANCE_A:
                water.levels[which] = present
                heapq.heappush(events, (present, which))
            elif present < np.inf:
                level = present
                _stop_all(
                    net,
                    wants,
                    water,
                    division,
                    members[begins[which] : begins[which + 1]],
                    level,
                )
                for car in members[begins[which] : begins[which + 1]]:
                    if water.free[car]:
                        _freeze(net, wants, water, car, level, events)


@compiled
def _stop_all(
    net: Net, wants: Wants, water: Water, division: Division, members: Numbers, level: float
) -> None:
    """Stop all free cars of a constraint, while all of them still rise."""
    for car in members:
        if water.free[car]:
            _stop(net, wants, water, division, car, level)


@compiled
def _release(
    net: Net, wants: Wants, water: Water, division: Division
) -> list[tuple[float, int]]:
    """Let the admitted rise from their lowest; the levels at which they have all they want."""
    events = [(0.0, 0) for _ in range(0)]
    for car in range(len(division.admitted)):
        if not division.admitted[car]:
            continue
        division.shares_a[car] = wants.lowest_a[car]
        above_a = wants.highest_a[car] - wants.lowest_a[car]
        if above_a > TOLERANCE_A:
            water.free[car] = True
            events.append((above_a / wants.weight[car], len(water.loads) + car))
            for k in range(net.start[car], net.stop[car]):
                water.slopes[net.rows[k]] += net.factors[k] * wants.weight[car]
                water.sharing[net.rows[k]] += 1
    return events


@compiled
def _members(net: Net, water: Water) -> tuple[Numbers, Numbers]:
    """For each constraint the free cars that pass it, one constraint after the other."""
    begins = np.zeros(len(water.sharing) + 1, np.int64)
    for row in range(len(water.sharing)):
        begins[row + 1] = begins[row] + water.sharing[row]
    members = np.zeros(begins[len(water.sharing)], np.int64)
    ends = begins.copy()
    for car in range(len(water.free)):
        if water.free[car]:
            for k in range(net.start[car], net.stop[car]):
                members[ends[net.rows[k]]] = car
                ends[net.rows[k]] += 1
    return begins, members


@compiled
def _level(net: Net, water: Water, row: int, from_level: float) -> float:
    """The level, not below the present one, at which |load + slope * level| reaches the capacity."""
    load, slope, capacity_a = water.loads[row], water.slopes[row], net.capacity_a[row]
    a = slope.real**2 + slope.imag**2
    if water.sharing[row] == 0 or a <= TOLERANCE_A**2:
        return np.inf
    b = load.real * slope.real + load.imag * slope.imag
    c = load.real**2 + load.imag**2 - capacity_a**2
    discriminant = b * b - a * c
    if discriminant < 0.0 or capacity_a < 0.0:
        return from_level
    root = math.sqrt(discriminant)
    # Of two ways to write the same root the one that subtracts no nearly equal numbers.
    level: float = -c / (b + root) if b > 0.0 else (root - b) / a
    return max(level, from_level)


@compiled
def _stop(
    net: Net, wants: Wants, water: Water, division: Division, car: int, level: float
) -> None:
    """Say what stops a car at a level, and what would be next; of several that are equal the one that
    comes first."""
    own = (wants.highest_a[car] - wants.lowest_a[car]) / wants.weight[car]
    first, first_level, second, second_level = OWN_MAX, own, NOTHING, np.inf
    for k in range(net.start[car], net.stop[car]):
        row = net.rows[k]
        present = _level(net, water, row, level)
        tied = abs(present - first_level) <= TOLERANCE_A and (row < first or first < 0)
        if present < first_level - TOLERANCE_A or tied:
            first, first_level, row, present = row, present, first, first_level
        tied = abs(present - second_level) <= TOLERANCE_A and (row < second or second < 0)
        if present < second_level - TOLERANCE_A or tied:
            second, second_level = row, present
    division.stopped[car], division.runner_up[car] = first, second
    raised_a = wants.lowest_a[car] + wants.weight[car] * level
    division.shares_a[car] = min(raised_a, wants.highest_a[car])


@compiled
def _freeze(
    net: Net,
    wants: Wants,
    water: Water,
    car: int,
    level: float,
    events: list[tuple[float, int]],
) -> None:
    water.free[car] = False
    for k in range(net.start[car], net.stop[car]):
        row, slope = net.rows[k], net.factors[k] * wants.weight[car]
        water.loads[row] += slope * level
        water.slopes[row] -= slope
        water.sharing[row] -= 1
        present = _level(net, water, row, level)
        if present < water.levels[row] - TOLERANCE_A:
            water.levels[row] = present
            heapq.heappush(events, (present, row))

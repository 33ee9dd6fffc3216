"""
Shares of a tree of breakers: who is admitted, and how much each admitted car gets.

First every car, in order, is admitted if its minimum fits all breakers above it; then the admitted are
raised together, as water fills connected basins, until a breaker or their own maximum stops each of them.
The result is the max-min fair point: nobody can get more without somebody who has less getting less
still (Bertsekas and Gallager, Data Networks, 6.5.2; Radunovic and Le Boudec, 2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.units import PILOT_MIN_A, STEP_A, TOLERANCE_A, offerable

Amps = npt.NDArray[np.float64]

OWN_MAX: Final = -1
"""In place of a constraint: the car's own maximum stopped it."""


@dataclass(frozen=True, slots=True)
class Demand:
    """
    A car that wants current, and the constraints its current passes.

    `fixed_a` is set for a car that draws what it wants: it is counted at that, or not admitted.
    """

    constraints: tuple[int, ...]
    max_a: float
    min_a: float = PILOT_MIN_A
    fixed_a: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What a car gets, in amperes on each of its lines, and the constraint that stopped it."""

    share_a: float
    constraint: int
    admitted: bool


def allocate(capacity_a: Sequence[float], demands: Sequence[Demand]) -> list[Share]:
    """
    Divide what the breakers can carry.

    Args:
        capacity_a: amperes left for cars at each constraint; may be negative after a fault.
        demands: in the order in which they are to be admitted.

    Returns:
        A share for each demand: 0, or at least its minimum, in steps of 0.1 A, rounded down; the
        remaining steps are handed out again, so that nothing usable is left.
    """
    left = np.asarray(capacity_a, dtype=np.float64).copy()
    uses = np.zeros((len(left), len(demands)))
    for car, demand in enumerate(demands):
        uses[list(demand.constraints), car] = 1.0
    blocked = _admit(left, demands)
    admitted = np.array([constraint is None for constraint in blocked], dtype=bool)
    lowest = np.array([_lowest_a(demand) for demand in demands]) * admitted
    highest = np.array([_highest_a(demand) for demand in demands]) * admitted
    shares, stopped = _fill(left, uses, lowest, highest)
    rounded = _round(left, uses, shares, lowest, highest)
    return [
        Share(float(rounded[car]), int(stopped[car]), admitted=True)
        if constraint is None
        else Share(0.0, constraint, admitted=False)
        for car, constraint in enumerate(blocked)
    ]


def _lowest_a(demand: Demand) -> float:
    return demand.min_a if demand.fixed_a is None else demand.fixed_a


def _highest_a(demand: Demand) -> float:
    return max(demand.max_a, demand.min_a) if demand.fixed_a is None else demand.fixed_a


def _admit(left: Amps, demands: Sequence[Demand]) -> list[int | None]:
    """Take the minimum of each car from what is left; name what stops those it does not fit.
    Leaves `left` as what remains above nobody: the minimums are given back to the filling."""
    remaining = left.copy()
    blocked: list[int | None] = []
    for demand in demands:
        rows = list(demand.constraints)
        after = remaining[rows] - _lowest_a(demand)
        if demand.max_a < demand.min_a or (after < -TOLERANCE_A).any():
            blocked.append(rows[int(after.argmin())])
        else:
            remaining[rows] = after
            blocked.append(None)
    return blocked


def _fill(
    left: Amps, uses: Amps, lowest: Amps, highest: Amps
) -> tuple[Amps, npt.NDArray[np.int64]]:
    """Raise all free cars together; freeze those that something stops; at most one round for each
    constraint and each car."""
    shares = lowest.copy()
    stopped = np.full(len(shares), OWN_MAX, dtype=np.int64)
    free = highest > lowest + TOLERANCE_A
    for _ in range(len(left) + len(shares)):
        if not free.any():
            break
        slack = np.maximum(left - uses @ shares, 0.0)
        sharing = uses @ free
        levels = np.divide(slack, sharing, out=np.full(len(slack), np.inf), where=sharing > 0)
        raised = min(levels.min(), (highest - shares)[free].min())
        shares[free] += raised
        full = levels <= raised + TOLERANCE_A
        for car in np.flatnonzero(free):
            rows = np.flatnonzero(full & (uses[:, car] > 0))
            if len(rows):
                stopped[car], free[car] = rows[0], False
            elif shares[car] >= highest[car] - TOLERANCE_A:
                free[car] = False
    return shares, stopped


def _round(left: Amps, uses: Amps, shares: Amps, lowest: Amps, highest: Amps) -> Amps:
    """Lower shares to what can be offered, then hand the lost steps out, largest loss first."""
    fixed = highest <= lowest + TOLERANCE_A
    rounded = np.array(
        [
            share if fixed[car] else max(offerable(share), lowest[car])
            for car, share in enumerate(shares)
        ]
    )
    slack = left - uses @ rounded
    for car in np.argsort(rounded - shares):
        if fixed[car]:
            continue
        rows = np.flatnonzero(uses[:, car])
        room = min(slack[rows].min() if len(rows) else 0.0, highest[car] - rounded[car])
        steps = int((room + TOLERANCE_A) / STEP_A)
        if steps > 0 and rounded[car] - shares[car] < -TOLERANCE_A:
            rounded[car] = round(rounded[car] + STEP_A, 1)
            slack[rows] -= STEP_A
    return rounded

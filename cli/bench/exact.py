"""
The best allocation there is, by mathematical programming: as many cars as can be, and max-min fair shares.

With HiGHS, through scipy, a development dependency. For trees on which amperes add.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cli.bench.trees import Tree

Amps = npt.NDArray[np.float64]

BLOCKED_MIN: Final = 1e-7
"""A car whose wish for more has a price above this cannot have more."""


class SolverMissing(Exception):
    """The solver is a development dependency, and is not installed."""


class Unsolved(Exception):
    """The solver found no answer."""


def _optimize() -> Any:
    try:
        from scipy import optimize
    except ImportError as error:
        raise SolverMissing(f"{error}: bring it with uv sync, or make setup") from error
    return optimize


def uses_of(tree: Tree) -> Amps:
    """Say which car passes which constraint: a row for each constraint."""
    uses = np.zeros((len(tree.capacity_a), len(tree.demands)))
    for car, demand in enumerate(tree.demands):
        for row, factor in demand.modes[0].loads:
            uses[row, car] = abs(factor)
    return uses


def most_admitted(tree: Tree) -> int:
    """
    Count how many cars can have their minimum at once, by a mixed-integer programme.

    Raises:
        SolverMissing: the solver is not installed.
        Unsolved: it found no answer.
    """
    optimize = _optimize()
    least_a = uses_of(tree) * np.array([it.min_a for it in tree.demands])
    answer = optimize.milp(
        -np.ones(len(tree.demands)),
        constraints=optimize.LinearConstraint(least_a, ub=np.array(tree.capacity_a)),
        integrality=np.ones(len(tree.demands)),
        bounds=optimize.Bounds(0, 1),
    )
    if not answer.success:
        raise Unsolved(answer.message)
    return round(float(-answer.fun))


def max_min_a(tree: Tree, admitted: Sequence[int]) -> Amps:
    """
    Find the max-min fair shares of some cars above their minima, by one linear programme after another.

    Each raises those that are still free as far as all of them can be raised together; the prices of
    that tell who cannot have more.

    Raises:
        SolverMissing: the solver is not installed.
        Unsolved: it found no answer.
    """
    optimize = _optimize()
    cars = [tree.demands[it] for it in admitted]
    uses = uses_of(tree)[:, list(admitted)]
    least_a = np.array([it.min_a for it in cars])
    most_a = np.array([max(it.min_a, it.modes[0].max_a) for it in cars])
    shares_a = least_a.copy()
    free = np.ones(len(cars), dtype=bool)
    while free.any():
        # Shares, and the level to which the free ones rise above their minima.
        rows = -np.eye(len(cars))[free]
        above = np.hstack((rows, np.ones((int(free.sum()), 1))))
        lines = np.hstack((uses, np.zeros((len(uses), 1))))
        answer = optimize.linprog(
            np.append(np.zeros(len(cars)), -1.0),
            A_ub=np.vstack((above, lines)),
            b_ub=np.concatenate((-least_a[free], tree.capacity_a)),
            bounds=[
                *zip(
                    np.where(free, least_a, shares_a),
                    np.where(free, most_a, shares_a),
                    strict=True,
                ),
                (0, None),
            ],
        )
        if not answer.success:
            raise Unsolved(answer.message)
        level_a = answer.x[-1]
        stopped = -answer.ineqlin.marginals[: int(free.sum())] > BLOCKED_MIN
        who = np.flatnonzero(free)[stopped]
        shares_a[who] = least_a[who] + level_a
        free[who] = False
    return shares_a

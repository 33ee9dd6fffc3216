"""The most energy that cars could get if the future were known: a cone programme over all of a week."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cli.bench.acn_garage import AcnMissing, Garage
from cli.bench.acn_sessions import CAR_A_MAX, KWH_PER_A_STEP, Stay


class NotSolved(Exception):
    """The solver found no optimum."""


def optimum_kwh(stays: Sequence[Stay], place: Garage) -> float:
    """
    Find the most energy that all cars together could get.

    Currents are a variable for each car and step; each constraint in each step is a second-order cone.
    Whatever could never be full is left out.

    Raises:
        AcnMissing: the solver is not installed.
        NotSolved: it found no optimum.
    """
    try:
        import clarabel
        from scipy import sparse
    except ImportError as error:
        raise AcnMissing(f"{error}: bring it with uv sync, or make setup") from error
    steps = [np.arange(it.arrives, it.leaves) for it in stays]
    car = np.repeat(np.arange(len(stays)), [len(it) for it in steps])
    count = len(car)
    most = np.array([it.need_kwh / KWH_PER_A_STEP / CAR_A_MAX for it in stays])
    per_car = sparse.csr_matrix((np.ones(count), (car, np.arange(count))))
    cones, limits, matrix = _lines(stays, place, np.concatenate(steps), car)
    equations = sparse.vstack(
        [per_car, sparse.identity(count), -sparse.identity(count), matrix]
    ).tocsc()
    right = np.concatenate([most, np.ones(count), np.zeros(count), limits])
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    solved = clarabel.DefaultSolver(
        sparse.csc_matrix((count, count)),
        -np.ones(count),
        equations,
        right,
        [
            clarabel.NonnegativeConeT(len(stays) + 2 * count),
            *(clarabel.SecondOrderConeT(3) for _ in range(cones)),
        ],
        settings,
    ).solve()
    if str(solved.status) not in {"Solved", "AlmostSolved"}:
        raise NotSolved(f"the solver says {solved.status}")
    return float(-solved.obj_val) * CAR_A_MAX * KWH_PER_A_STEP


def _lines(stays: Sequence[Stay], place: Garage, step: Any, car: Any) -> tuple[int, Any, Any]:
    """Lay three rows for each constraint in each step: its capacity, and what flows in two directions."""
    from scipy import sparse

    station = {it: number for number, it in enumerate(place.station_ids)}
    column = np.array([station[stays[it].station_id] for it in car])
    rows: list[Any] = []
    columns: list[Any] = []
    values: list[Any] = []
    limits: list[float] = []
    for now in np.unique(step):
        here = np.flatnonzero(step == now)
        factors = place.factors[:, column[here]] * CAR_A_MAX
        for constraint in np.flatnonzero(np.abs(factors).sum(axis=1) > place.capacity_a):
            flowing = factors[constraint] / place.capacity_a[constraint]
            row = len(limits)
            rows += [np.full(len(here), row + 1), np.full(len(here), row + 2)]
            columns += [here, here]
            values += [-flowing.real, -flowing.imag]
            limits += [1.0, 0.0, 0.0]
    shape = (len(limits), len(car))
    if not limits:
        return 0, np.zeros(0), sparse.csr_matrix(shape)
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return len(limits) // 3, np.array(limits), sparse.csr_matrix(entries, shape=shape)

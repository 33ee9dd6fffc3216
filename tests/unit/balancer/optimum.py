"""Random sites, and what an exact solver makes of them (HiGHS: Huangfu and Hall, 2018)."""

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from services.balancer.allocation import Demand, Mode
from shared.phases import PHASES


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What there is to divide, and among whom."""

    capacity_a: list[float]
    demands: list[Demand]


def puzzle(seed: int, cars_max: int = 60) -> Puzzle:
    """A main breaker, sub-distributions, circuits below them; cars on one line or on three."""
    draw = np.random.default_rng(seed)
    cars = int(draw.integers(3, cars_max + 1))
    scarce = draw.uniform(0.3, 1.2)
    capacity_a: list[float] = []

    def breaker(share: float) -> int:
        set_a = max(16.0, round(cars * 5 * scarce * share * draw.uniform(0.6, 1.6)))
        capacity_a.extend([set_a] * 3)
        return len(capacity_a) // 3 - 1

    paths = [(breaker(1.0),)]
    subs = int(draw.integers(1, 5))
    for _ in range(subs):
        sub = (*paths[0], breaker(1 / subs))
        paths.append(sub)
        circuits = int(draw.integers(0, 4))
        paths.extend((*sub, breaker(1 / subs / circuits)) for _ in range(circuits))
    return Puzzle(
        capacity_a, [_car(draw, paths[draw.integers(len(paths))]) for _ in range(cars)]
    )


def _car(draw: np.random.Generator, path: Sequence[int]) -> Demand:
    lines = PHASES if draw.random() < 0.4 else (PHASES[draw.integers(3)],)
    rows = [breaker * 3 + PHASES.index(line) for breaker in path for line in lines]
    mode = Mode(
        lines,
        tuple((row, 1 + 0j) for row in rows),
        max_a=float(draw.choice([10.0, 13.0, 16.0, 20.0, 32.0])),
    )
    return Demand(
        (mode,),
        min_a=round(float(draw.uniform(6, 10)), 1),
        weight=float(draw.choice([1.0, 1.0, 2.0])),
    )


def most_cars(it: Puzzle) -> int:
    """The number of cars that can have their minimum at once: a mixed-integer programme."""
    solver = _solver()
    admitted = [solver.addBinary() for _ in it.demands]
    for row, capacity_a in enumerate(it.capacity_a):
        used = [
            demand.min_a * admitted[i]
            for i, demand in enumerate(it.demands)
            if any(at == row for at, _ in demand.modes[0].loads)
        ]
        if used:
            solver.addConstr(solver.qsum(used) <= capacity_a + 1e-6)
    solver.maximize(solver.qsum(admitted))
    return round(solver.getInfo().objective_function_value)


def fairest(it: Puzzle, cars: Sequence[int]) -> dict[int, float]:
    """
    The max-min optimum of some cars, by one linear programme after the other.

    Each raises the common level of all that are not settled as far as it goes; those that cannot be
    above it are settled, which its dual values tell: they bind (Ogryczak, 2005).
    """
    settled: dict[int, float] = {}
    while len(settled) < len(cars):
        level, binding = _raised(it, cars, settled)
        settled.update(dict.fromkeys(binding, level))
    return {
        car: it.demands[car].min_a + it.demands[car].weight * level
        for car, level in settled.items()
    }


def _raised(
    it: Puzzle, cars: Sequence[int], settled: dict[int, float]
) -> tuple[float, list[int]]:
    solver = _solver()
    level = solver.addVariable(lb=0)
    constraints = {}
    for row, capacity_a in enumerate(it.capacity_a):
        passing = [
            car for car in cars if any(at == row for at, _ in it.demands[car].modes[0].loads)
        ]
        slope = sum(it.demands[car].weight for car in passing if car not in settled)
        load_a = sum(
            it.demands[car].min_a + it.demands[car].weight * settled.get(car, 0.0)
            for car in passing
        )
        if slope > 0:
            constraints[row] = (solver.addConstr(slope * level <= capacity_a - load_a), passing)
    for car in cars:
        if car not in settled:
            demand = it.demands[car]
            highest = (demand.modes[0].max_a - demand.min_a) / demand.weight
            constraints[-1 - car] = (solver.addConstr(1.0 * level <= highest), [car])
    solver.maximize(1.0 * level)
    reached = solver.getInfo().objective_function_value
    row_duals = solver.getSolution().row_dual
    binding = {
        car
        for constraint, passing in constraints.values()
        if abs(row_duals[constraint.index]) > 1e-9
        for car in passing
        if car not in settled
    }
    return reached, sorted(binding)


def _solver() -> highspy.Highs:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", 0.0)
    return solver

"""
A day of a garage behind 63 A: on an IT grid counted by phasors, by sums of amperes, and on a TN grid.

Real arrivals and needs (see simulator/data), simple cars that take all they are given, shares by our
allocation alone, anew every quarter of an hour; whoever has waited longest comes first.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cli.figures import Figures, figure
from services.balancer.allocation import Demand, Mode, allocate
from services.balancer.phasors import factor
from shared.phases import PHASES, GridType, Phase, lines_loaded
from shared.units import LINE_TO_NEUTRAL_V, PILOT_MIN_A
from simulator.sessions import Visit, load_sessions, visits

Say = Callable[[str], None]

BAYS: Final = 60
MAIN_A: Final = 63.0
CIRCUIT_A: Final = 40.0
BAYS_PER_CIRCUIT: Final = 20
CAR_A: Final = 32.0
THREE_PHASE_EVERY: Final = 4
"""In 230 V IT grids most cars charge on one phase."""
DAY_S: Final = 86_400.0
STEP_S: Final = 900.0
WIRINGS: Final = (
    (Phase.L1, Phase.L2, Phase.L3),
    (Phase.L2, Phase.L3, Phase.L1),
    (Phase.L3, Phase.L1, Phase.L2),
)


@dataclass(slots=True)
class _Car:
    visit: Visit
    lacks_kwh: float
    served_s: float
    """When it was last given anything."""


def measure_day(say: Say) -> Figures:
    """
    Play the day on both grids.

    Args:
        say: told what is going on.
    """
    played = visits(load_sessions(), BAYS)
    say("a day of a garage on an IT grid and on a TN grid")
    it_kwh = delivered_kwh(played, GridType.IT_3_PHASE, by_phasors=True)
    sum_kwh = delivered_kwh(played, GridType.IT_3_PHASE, by_phasors=False)
    tn_kwh = delivered_kwh(played, GridType.TN_3_PHASE, by_phasors=True)
    said = f"{BAYS} bays behind {MAIN_A:.0f} A, a day of real arrivals, one car in four on three phases"
    return {
        "it_day_kwh": figure(it_kwh, "kWh", f"{said}; IT 230 V, by phasors"),
        "it_day_sum_kwh": figure(sum_kwh, "kWh", f"{said}; IT 230 V, by sums of amperes"),
        "it_day_vs_sum": figure(it_kwh / sum_kwh, "1", "1.155 if all cars were on one phase"),
        "tn_day_kwh": figure(tn_kwh, "kWh", f"{said}; TN 400 V"),
    }


def delivered_kwh(played: Sequence[Visit], grid: GridType, *, by_phasors: bool) -> float:
    """
    Add up what cars get in a day.

    Args:
        played: who comes when, and needs what.
        grid: how the building is fed.
        by_phasors: whether currents are added as phasors, or their amperes are.
    """
    circuits = -(-BAYS // BAYS_PER_CIRCUIT)
    capacity_a = [it for it in (MAIN_A, *[CIRCUIT_A] * circuits) for _ in PHASES]
    cars = [_Car(it, it.need_kwh, it.arrives_s) for it in played]
    delivered = 0.0
    for step in range(int(DAY_S / STEP_S)):
        now_s = step * STEP_S
        there = [
            car
            for car in cars
            if car.visit.arrives_s <= now_s < car.visit.leaves_s and car.lacks_kwh > 0
        ]
        there.sort(key=lambda car: (car.served_s, car.visit.arrives_s))
        demands = [_demand(car, grid, by_phasors=by_phasors) for car in there]
        for car, share in zip(there, allocate(capacity_a, demands), strict=True):
            if share.admitted:
                hours = min(STEP_S, car.visit.leaves_s - now_s) / 3600
                given = min(car.lacks_kwh, share.share_a * _kw_per_a(car, grid) * hours)
                car.lacks_kwh -= given
                car.served_s = now_s + STEP_S
                delivered += given
    return delivered


def _terminals(car: _Car) -> int:
    return 3 if car.visit.bay % THREE_PHASE_EVERY == 0 else 1


def _kw_per_a(car: _Car, grid: GridType) -> float:
    if _terminals(car) == 1:
        return LINE_TO_NEUTRAL_V / 1000
    times = math.sqrt(3) if grid is GridType.IT_3_PHASE else 3
    return times * LINE_TO_NEUTRAL_V / 1000


def _demand(car: _Car, grid: GridType, *, by_phasors: bool) -> Demand:
    lines = lines_loaded(grid, WIRINGS[car.visit.bay % 3], _terminals(car))
    way = (0, 1 + car.visit.bay // BAYS_PER_CIRCUIT)
    loads = tuple(
        (
            breaker * len(PHASES) + PHASES.index(line),
            factor(grid, lines, line) if by_phasors else 1 + 0j,
        )
        for breaker in way
        for line in lines
    )
    return Demand(modes=(Mode(lines, loads, max_a=CAR_A),), min_a=PILOT_MIN_A)

"""Our balancer as an algorithm of ACN-Sim: fast, by its `handout`, and fair, by its `allocation`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cli.bench.acn_garage import Garage
from cli.bench.acn_sessions import CAR_A_MAX, KWH_PER_A_STEP, STEP_MINUTES
from services.balancer.allocation import Demand, Mode, allocate
from services.balancer.handout import handed_out
from services.balancer.throughput import Room
from services.balancer.urgency import worth


@dataclass(frozen=True, slots=True)
class Waiting:
    """A car that is there and lacks something."""

    station: int
    weight: float
    max_a: float


Decide = Callable[[Garage, Sequence[Waiting]], Sequence[float]]


class Ours:
    """
    Asks one of our objectives for currents.

    Args:
        place: the garage.
        decide: gives each waiting car its amperes.
    """

    def __init__(self, place: Garage, decide: Decide) -> None:
        self._place = place
        self._decide = decide
        self._station = {it: number for number, it in enumerate(place.station_ids)}
        self._interface: Any = None

    def register_interface(self, interface: Any) -> None:
        self._interface = interface

    def schedule(self, active_sessions: list[Any]) -> Mapping[str, Sequence[float]]:
        waiting = [self._waiting(it) for it in active_sessions]
        currents_a = self._decide(self._place, waiting) if waiting else []
        return {
            session.station_id: [float(current_a)]
            for session, current_a in zip(active_sessions, currents_a, strict=True)
        }

    def _waiting(self, session: Any) -> Waiting:
        lacking = session.remaining_demand / KWH_PER_A_STEP
        steps_left = session.estimated_departure - session.current_time
        per_h = 60 / STEP_MINUTES
        weight = worth(steps_left / per_h, lacking / CAR_A_MAX / per_h)
        return Waiting(self._station[session.station_id], weight, min(CAR_A_MAX, lacking))


def fast(min_a: float) -> Decide:
    """
    Make the objective that hands out as much as fits.

    Args:
        min_a: what a car needs to charge at all; one step for the library's ideal chargers.
    """

    def decide(place: Garage, waiting: Sequence[Waiting]) -> Sequence[float]:
        room = Room(
            place.factors[:, [it.station for it in waiting]],
            place.capacity_a,
            np.zeros(len(place.capacity_a), np.complex128),
        )
        weights = np.array([it.weight for it in waiting])
        max_a = np.array([max(it.max_a, min_a) for it in waiting])
        shares: Sequence[float] = handed_out(
            room, weights, np.full(len(waiting), min_a), max_a
        ).tolist()
        return shares

    return decide


def fair(min_a: float) -> Decide:
    """
    Make the objective that divides fairly, in proportion to the same weights.

    Args:
        min_a: what a car needs to charge at all.
    """

    def decide(place: Garage, waiting: Sequence[Waiting]) -> Sequence[float]:
        demands = [
            Demand(
                modes=(Mode((), loads_of(place, it.station), max_a=max(it.max_a, min_a)),),
                min_a=min_a,
                weight=it.weight,
            )
            for it in waiting
        ]
        return [it.share_a for it in allocate(place.capacity_a.tolist(), demands)]

    return decide


def loads_of(place: Garage, station: int) -> tuple[tuple[int, complex], ...]:
    """Name what an ampere at a station is at each constraint that it passes."""
    return tuple(
        (row, complex(factor))
        for row, factor in enumerate(place.factors[:, station])
        if factor != 0
    )

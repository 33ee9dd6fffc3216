"""
ACN-Sim, the simulator of Caltech's Adaptive Charging Network, and the garage it models there.

Both are of the library acnportal, a development dependency: what is measured is its network, its cars
and its algorithms, with ours plugged in beside them.
"""

import contextlib
import io
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from cli.bench.acn_sessions import CAR_A_MAX, GARAGE_V, STEP_MINUTES, Stay

BEGINS_AT: Final = datetime(2019, 1, 1)  # noqa: DTZ001  # the library wants one; nothing depends on it
WHOLE: Final = 0.999
"""From this share of what it needs on a car counts as served."""


class AcnMissing(Exception):
    """The library is a development dependency, and is not installed."""


class Algorithm(Protocol):
    """What ACN-Sim asks for currents."""

    def register_interface(self, interface: Any) -> None: ...

    def schedule(self, active_sessions: list[Any]) -> Mapping[str, Sequence[float]]: ...


@dataclass(frozen=True, slots=True)
class Garage:
    """The garage's wires: constraints by stations, as phasors."""

    station_ids: tuple[str, ...]
    factors: npt.NDArray[np.complex128]
    capacity_a: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation came to."""

    needed_kwh: float
    delivered_kwh: float
    served: float
    """The share of cars that got all they needed."""
    excess_as: float
    """Ampere-seconds above what constraints carry, more than the simulator itself tolerates."""
    took_ms: tuple[float, ...]
    """Of the processor, for each decision."""


def garage(transformer_kw: float) -> Garage:
    """
    Describe the garage with a transformer of some size.

    Raises:
        AcnMissing: the library is not installed.
    """
    network = _network(transformer_kw)
    turned = np.exp(1j * np.deg2rad(network._phase_angles))
    return Garage(
        tuple(network.station_ids),
        np.asarray(network.constraint_matrix * turned, dtype=np.complex128),
        np.asarray(network.magnitudes, dtype=np.float64),
    )


def _network(transformer_kw: float) -> Any:
    try:
        with _quiet():
            from acnportal.acnsim.network.sites import caltech_acn
    except ImportError as error:
        raise AcnMissing(f"{error}: bring it with uv sync, or make setup") from error
    with _quiet():
        return caltech_acn(basic_evse=True, voltage=GARAGE_V, transformer_cap=transformer_kw)


def played(stays: Sequence[Stay], transformer_kw: float, algorithm: Algorithm) -> Outcome:
    """
    Let an algorithm charge the cars of some stays, in steps of five minutes.

    Args:
        stays: who comes when, and needs what.
        transformer_kw: how large the garage's transformer is.
        algorithm: decides in every step; it knows when cars leave and what they lack.
    """
    network = _network(transformer_kw)
    from acnportal.acnsim import EV, Battery, EventQueue, PluginEvent, Simulator

    cars = [
        EV(
            it.arrives,
            it.leaves,
            it.need_kwh,
            it.station_id,
            it.session_id,
            Battery(it.need_kwh, 0.0, CAR_A_MAX * GARAGE_V / 1000),
        )
        for it in stays
    ]
    timed = _Timed(algorithm)
    with _quiet():
        events = EventQueue([PluginEvent(car.arrival, car) for car in cars])
        simulator = Simulator(
            network, timed, events, BEGINS_AT, period=STEP_MINUTES, verbose=False
        )
        simulator.run()
    flowing = np.abs(network.constraint_current(simulator.charging_rates))
    above = flowing - network.magnitudes[:, np.newaxis] - network.violation_tolerance
    got = [(car.energy_delivered, car.requested_energy) for car in cars]
    return Outcome(
        needed_kwh=float(sum(needed for _, needed in got)),
        delivered_kwh=float(sum(delivered for delivered, _ in got)),
        served=float(np.mean([delivered >= WHOLE * needed for delivered, needed in got])),
        excess_as=float(np.maximum(above, 0.0).sum()) * STEP_MINUTES * 60,
        took_ms=tuple(timed.took_ms),
    )


class _Timed:
    """Measures an algorithm alone, without what the simulator does to ask it."""

    max_recompute = 1

    def __init__(self, algorithm: Algorithm) -> None:
        self._algorithm = algorithm
        self._interface: Any = None
        self.took_ms: list[float] = []

    def register_interface(self, interface: Any) -> None:
        self._interface = interface
        self._algorithm.register_interface(interface)

    def run(self) -> Mapping[str, Sequence[float]]:
        sessions = self._interface.active_sessions()
        began_s = time.process_time()
        currents = self._algorithm.schedule(sessions)
        self.took_ms.append((time.process_time() - began_s) * 1e3)
        return currents


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Spare people the library's deprecations and progress."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield

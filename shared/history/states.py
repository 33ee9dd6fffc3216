"""
What an installation was at one moment: its layout, what its chargers reported, and what they were
allotted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from shared.ids import (
    ChargerId,
    CircuitId,
    InstallationId,
    LimitId,
    MeterId,
    Serial,
    SessionId,
)
from shared.messages.balancer import MAIN, LimitedBy, LoadBasis
from shared.messages.installation_terms import PriceWindow, ScheduleRule, WeeklyWindow
from shared.phases import GridType, Phase, PhaseCurrents, PhaseSwitching, Wiring


@dataclass(frozen=True, slots=True)
class Building:
    """The installation itself."""

    name: str
    address: str
    category: str
    country: str
    type: str
    grid_type: GridType
    breaker_a: float
    time_zone: str
    in_use: bool = True
    authentication_required: bool = False
    available_a: PhaseCurrents | None = None
    available_until: datetime | None = None
    switch_current_a: float | None = None
    imbalance_a: float | None = None
    schedule: tuple[ScheduleRule, ...] = ()
    """What all chargers together may draw at which times of the week."""
    otherwise_a: PhaseCurrents | None = None


@dataclass(frozen=True, slots=True)
class Circuit:
    """A breaker beneath the main one, or beneath another circuit."""

    name: str
    parent_id: CircuitId
    breaker_a: float
    set_a: float
    in_use: bool = True
    """By itself; something above it may be out of use all the same."""


@dataclass(frozen=True, slots=True)
class LockedWith:
    """What a serial went down with: a circuit, or (none) the whole installation."""

    circuit_id: CircuitId | None


@dataclass(frozen=True, slots=True)
class Charger:
    """A charger where it stands."""

    name: str
    serial: Serial
    circuit_id: CircuitId
    wiring: Wiring
    max_a: float
    min_a: float
    breaker_a: float | None
    fail_safe_a: float
    fail_safe_wished: bool = False
    priority: int = 0
    phase_switching: PhaseSwitching = PhaseSwitching.NONE
    departure_at: datetime | None = None
    energy_wh: int | None = None
    """What was wished last for its car, and until when."""
    locked: LockedWith | None = None
    """What it is locked with; none, if it is not locked."""
    authentication_required: bool | None = None
    """Of its drivers; none: as the installation has it."""


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter at a breaker, which reports load that is not ours."""

    circuit_id: CircuitId
    kind: str
    measures: str
    phases: tuple[Phase, ...]
    highest_a: float
    error_a: float
    interval_s: float


@dataclass(frozen=True, slots=True)
class Limit:
    """What somebody else allows at a breaker."""

    circuit_id: CircuitId
    owner: str
    limit_a: PhaseCurrents | None
    power_w: float | None
    includes_load: bool
    begins: datetime | None
    until: datetime | None
    windows: tuple[WeeklyWindow, ...]


@dataclass(frozen=True, slots=True)
class Peak:
    """What the mean power at a breaker is to stay below."""

    peak_w: float
    per: str


@dataclass(frozen=True, slots=True)
class Prices:
    """What charging costs from a day on."""

    currency: str
    price_per_kwh: Decimal
    windows: tuple[PriceWindow, ...]
    price_per_session: Decimal
    vat_percent: Decimal


@dataclass(frozen=True, slots=True)
class UnmanagedLoad:
    """What the balancer sets aside at a breaker for load that is not ours."""

    load_a: PhaseCurrents
    basis: LoadBasis


@dataclass(frozen=True, slots=True)
class Reported:
    """What a charger said of itself last."""

    online: bool = False
    remote: str | None = None
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    status: str | None = None
    error_code: str | None = None
    session_id: SessionId | None = None
    fail_safe_a: float | None = None
    limit_a: float | None = None


@dataclass(frozen=True, slots=True)
class Allotted:
    """What the balancer decided for a charger last."""

    limit_a: float | None = None
    limited_by: LimitedBy | None = None
    waiting_since: datetime | None = None


Circuits = Mapping[CircuitId, Circuit]
Chargers = Mapping[ChargerId, Charger]


def _none() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything at one moment; `building` is none before the installation was created."""

    installation_id: InstallationId
    building: Building | None = None
    circuits: Circuits = field(default_factory=_none)
    chargers: Chargers = field(default_factory=_none)
    reported: Mapping[ChargerId, Reported] = field(default_factory=_none)
    allotted: Mapping[ChargerId, Allotted] = field(default_factory=_none)
    meters: Mapping[MeterId, Meter] = field(default_factory=_none)
    limits: Mapping[LimitId, Limit] = field(default_factory=_none)
    peaks: Mapping[CircuitId, Peak] = field(default_factory=_none)
    tariffs: Mapping[str, Prices] = field(default_factory=_none)
    """By the day from which they hold, as ISO 8601 spells it."""
    unmanaged: Mapping[CircuitId, UnmanagedLoad] = field(default_factory=_none)

    @property
    def name(self) -> str:
        return self.installation_id if self.building is None else self.building.name

    def circuit_name(self, circuit_id: CircuitId | None) -> str:
        """Name a circuit as people know it; the main breaker has no name of its own."""
        if circuit_id is None or circuit_id == MAIN:
            return "the main breaker"
        known = self.circuits.get(circuit_id)
        return circuit_id if known is None else known.name

    def above(self, circuit_id: CircuitId) -> Iterator[tuple[CircuitId, Circuit]]:
        """Go from a circuit up to the main breaker, which is not among them."""
        passed: set[CircuitId] = set()
        while circuit_id in self.circuits and circuit_id not in passed:
            passed.add(circuit_id)
            circuit = self.circuits[circuit_id]
            yield circuit_id, circuit
            circuit_id = circuit.parent_id

    def out_of_use(self, circuit_id: CircuitId) -> list[CircuitId | None]:
        """Name what takes a circuit out of use, from the top; none stands for the installation."""
        found: list[CircuitId | None] = [
            it for it, circuit in self.above(circuit_id) if not circuit.in_use
        ]
        if self.building is not None and not self.building.in_use:
            found.append(None)
        return found[::-1]

    def beneath(self, circuit_id: CircuitId) -> list[CircuitId]:
        """Name the circuits right beneath one, in the order in which they were added."""
        return [it for it, circuit in self.circuits.items() if circuit.parent_id == circuit_id]

    def chargers_on(self, circuit_id: CircuitId) -> list[ChargerId]:
        """Name the chargers right on a circuit, in the order in which they were assigned."""
        return [it for it, charger in self.chargers.items() if charger.circuit_id == circuit_id]

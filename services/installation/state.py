"""What must be known of an installation to decide about it; folded from its log alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from shared.ids import ChargerId, CircuitId, InstallationId, LimitId, MeterId, Serial
from shared.messages.balancer import MAIN
from shared.messages.installation_terms import (
    Category,
    InstallationType,
    LimitOwner,
    Measures,
    MeterKind,
    PeakPeriod,
    Tariff,
    WeeklyWindow,
)
from shared.phases import GridType, Phase, PhaseAmperes, PhaseSwitching
from shared.weekly import CurrentSchedule


@dataclass(frozen=True, slots=True)
class Description:
    """What an installation is, as its people say it."""

    name: str
    address: str
    category: Category
    country: str
    type: InstallationType
    grid_type: GridType
    breaker_a: float
    time_zone: str


@dataclass(frozen=True, slots=True)
class Circuit:
    """
    A breaker and where it stands.

    `active` is its own flag; it is in use when everything above it is active as well.
    """

    parent_id: CircuitId | None
    name: str
    breaker_a: float
    set_a: float
    active: bool = True


@dataclass(frozen=True, slots=True)
class Lock:
    """What a serial went down with: a circuit, or the whole installation (none)."""

    circuit_id: CircuitId | None


class ChargingWish(NamedTuple):
    """Until when a car is to have how much energy."""

    departure_at: datetime
    energy_wh: int


def wish_of(departure_at: datetime | None, energy_wh: int | None) -> ChargingWish | None:
    """Read a wish as messages tell it; none, where they tell that there is none."""
    if departure_at is None or energy_wh is None:
        return None
    return ChargingWish(departure_at, energy_wh)


class Charger(NamedTuple):
    """
    A charger and where it stands. Most of a history is about chargers, and a named tuple is several
    times as fast to make as a frozen dataclass.

    `wished_a` is the fail-safe an installer asked for, also while it is not in force.
    """

    circuit_id: CircuitId
    serial: Serial
    name: str
    wiring: tuple[Phase, ...]
    max_a: float
    min_a: float
    breaker_a: float | None
    fail_safe_a: float
    wished_a: float | None = None
    priority: int = 0
    lock: Lock | None = None
    phase_switching: PhaseSwitching = PhaseSwitching.NONE
    wish: ChargingWish | None = None
    authentication_required: bool | None = None
    """Whether its drivers must show who they are; none: as the installation has it."""

    @property
    def called(self) -> str:
        """Its name, and the serial that is printed on it."""
        return f"{self.name!r} ({self.serial})"

    @property
    def ceiling_a(self) -> float:
        """What it can offer at most behind a breaker of its own, in amperes per phase."""
        return self.max_a if self.breaker_a is None else min(self.max_a, self.breaker_a)


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter at a breaker; the load it watches is at most `highest_a` on any phase."""

    circuit_id: CircuitId
    kind: MeterKind
    measures: Measures
    phases: tuple[Phase, ...]
    highest_a: float
    error_a: float
    interval_s: float


@dataclass(frozen=True, slots=True)
class ExternalLimit:
    """What somebody else allows at a breaker."""

    owner: LimitOwner
    circuit_id: CircuitId
    limit_a: PhaseAmperes | None
    power_w: float | None
    includes_load: bool
    begins: datetime | None
    until: datetime | None
    windows: tuple[WeeklyWindow, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Peak:
    """What the mean power at a breaker is to stay below."""

    peak_w: float
    per: PeakPeriod


@dataclass(frozen=True, slots=True)
class Installation:
    """
    An installation; the main breaker stands among the circuits as `MAIN`, and its flag is that of the
    whole installation. Chargers are in the order of their assignment.
    """

    installation_id: InstallationId = ""
    description: Description | None = None
    circuits: Mapping[CircuitId, Circuit] = field(default_factory=lambda: MappingProxyType({}))
    chargers: Mapping[ChargerId, Charger] = field(default_factory=lambda: MappingProxyType({}))
    gone: Mapping[ChargerId, InstallationId | None] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """Chargers that were here, and the installation they were moved to: a wish to remove one that
    is repeated is no mistake."""
    freed: frozenset[Serial] = frozenset()
    """Serials that support has unlocked and that have not come back."""
    authentication_required: bool = False
    available_a: PhaseAmperes | None = None
    available_until: datetime | None = None
    switch_current_a: float | None = None
    imbalance_a: float | None = None
    meters: Mapping[MeterId, Meter] = field(default_factory=lambda: MappingProxyType({}))
    meters_gone: frozenset[MeterId] = frozenset()
    limits: Mapping[LimitId, ExternalLimit] = field(
        default_factory=lambda: MappingProxyType({})
    )
    limits_lifted: frozenset[LimitId] = frozenset()
    peaks: Mapping[CircuitId, Peak] = field(default_factory=lambda: MappingProxyType({}))
    tariffs: Mapping[date, Tariff] = field(default_factory=lambda: MappingProxyType({}))
    """By the day from which each is valid."""
    schedule: CurrentSchedule | None = None

    def unmanaged_a(self, circuit_id: CircuitId) -> float:
        """
        Name the most that load which is not ours may be at a breaker, in amperes per phase.

        A meter that measures all of a breaker speaks for what hangs beneath it as well.
        """
        here = [it for it in self.meters.values() if it.circuit_id == circuit_id]
        total = next((it for it in here if it.measures is Measures.TOTAL), None)
        if total is not None:
            return total.highest_a
        beneath = (
            it for it, circuit in self.circuits.items() if circuit.parent_id == circuit_id
        )
        own_a = sum(it.highest_a for it in here if it.kind is not MeterKind.SOLAR)
        return own_a + sum(self.unmanaged_a(it) for it in beneath)

    def path(self, circuit_id: CircuitId | None) -> Iterator[tuple[CircuitId, Circuit]]:
        """Go from a circuit up to the main breaker."""
        while circuit_id is not None:
            circuit = self.circuits[circuit_id]
            yield circuit_id, circuit
            circuit_id = circuit.parent_id

    def inactive(self, circuit_id: CircuitId) -> CircuitId | None:
        """Name the nearest circuit, from here up, that is out of use on its own; none: in use."""
        return next((it for it, circuit in self.path(circuit_id) if not circuit.active), None)

    def children(self, circuit_id: CircuitId) -> list[Circuit]:
        """List the circuits directly beneath one."""
        return [it for it in self.circuits.values() if it.parent_id == circuit_id]

    def beneath(self, circuit_id: CircuitId) -> dict[ChargerId, Charger]:
        """Find the chargers on a circuit and on all circuits beneath it."""
        circuits = {it for it in self.circuits if circuit_id in dict(self.path(it))}
        return {it: one for it, one in self.chargers.items() if one.circuit_id in circuits}

    def called(self, circuit_id: CircuitId) -> str:
        """Name a circuit as people know it."""
        name = self.circuits[circuit_id].name
        return f"the main breaker of {name!r}" if circuit_id == MAIN else f"circuit {name!r}"

"""
What the installation service announces: the electrical layout.

The event of a change tells all of what was changed as it is from then on, so that no reader needs the
history to apply one.
"""

from typing import Any, ClassVar

from shared.ids import ChargerId, CircuitId, InstallationId, LimitId, MeterId, Serial
from shared.messages import InstallationEvent, Moment, Upcast
from shared.messages.installation_terms import (
    Category,
    InstallationType,
    LimitOwner,
    Measures,
    MeteredPhases,
    MeterKind,
    PeakPeriod,
    Priority,
    ScheduleRule,
    Tariff,
    WeeklyWindow,
)
from shared.phases import GridType, PhaseAmperes, PhaseSwitching, Wiring
from shared.units import (
    PILOT_MIN_A,
    Amperes,
    BreakerAmperes,
    ChargerAmperes,
    ImbalanceAmperes,
    MeterErrorAmperes,
    MeterInterval,
    WattHours,
    Watts,
)

# --- Events of the installation ---


def _created_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"time_zone": "Etc/UTC"}


class InstallationCreated(InstallationEvent):
    """An installation exists; it has no circuits yet."""

    service: ClassVar[str] = "installation"
    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _created_2}
    name: str
    address: str
    category: Category
    country: str
    type: InstallationType
    grid_type: GridType
    breaker_a: BreakerAmperes
    time_zone: str


class InstallationChanged(InstallationEvent):
    """What an installation is from now on; it does not say which of it is new."""

    service: ClassVar[str] = "installation"
    name: str
    address: str
    category: Category
    country: str
    type: InstallationType
    grid_type: GridType
    breaker_a: BreakerAmperes
    time_zone: str


class InstallationDeactivated(InstallationEvent):
    """Out of use: nobody charges there, nothing can be added."""

    service: ClassVar[str] = "installation"
    reason: str | None = None


class InstallationReactivated(InstallationEvent):
    """In use again; circuits that were deactivated on their own stay so."""

    service: ClassVar[str] = "installation"


def _authentication_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"charger_id": None}


class AuthenticationRequiredSet(InstallationEvent):
    """Whether drivers must show who they are before they charge."""

    service: ClassVar[str] = "installation"
    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _authentication_2}
    brought: ClassVar[dict[int, tuple[str, ...]]] = {2: ("charger_id",)}
    required: bool
    charger_id: ChargerId | None = None
    """At this charger, whatever holds for the installation; none: at the installation."""


class AvailableCurrentSet(InstallationEvent):
    """What all chargers together may draw, per phase; none: as much as the breakers allow."""

    service: ClassVar[str] = "installation"
    available_a: PhaseAmperes | None
    until: Moment | None


class CurrentScheduleSet(InstallationEvent):
    """What all chargers together may draw, per phase, at times of the week; no rule: no schedule."""

    service: ClassVar[str] = "installation"
    rules: tuple[ScheduleRule, ...]
    otherwise_a: PhaseAmperes | None
    """When no rule holds; none: as much as the breakers allow."""
    time_zone: str
    """Of the installation, by which the times are meant; `InstallationChanged` may change it later."""


class SwitchCurrentSet(InstallationEvent):
    """Below how much current a three-phase session goes on with one phase; none: it never does."""

    service: ClassVar[str] = "installation"
    switch_current_a: ChargerAmperes | None


class ImbalanceLimitSet(InstallationEvent):
    """How far the phases of the main breaker may differ by what cars draw; none: by any current."""

    service: ClassVar[str] = "installation"
    imbalance_a: ImbalanceAmperes | None


# --- Events of circuits ---


class CircuitAdded(InstallationEvent):
    """A circuit was added beneath the main breaker (`parent_id` is none) or another circuit."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    parent_id: CircuitId | None = None
    name: str
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes


class CircuitChanged(InstallationEvent):
    """What a circuit is from now on; it stands where it stood."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    name: str
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes


class CircuitMoved(InstallationEvent):
    """A circuit, with all beneath it, hangs beneath another one; none: the main breaker."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    parent_id: CircuitId | None


class CircuitDeactivated(InstallationEvent):
    """A circuit, and with it all beneath it, is out of use; those beneath get no event of their
    own.
    """

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    reason: str | None = None


class CircuitReactivated(InstallationEvent):
    """A circuit is in use again; circuits beneath it that were deactivated on their own stay so."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId


# --- Events of chargers ---


def _assigned_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"min_a": PILOT_MIN_A, "breaker_a": None, "moved_from": None}


def _without_switching(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"phase_switching": PhaseSwitching.NONE}


class ChargerAssigned(InstallationEvent):
    """A charger belongs to a circuit; its serial is taken, wherever else it is asked for."""

    service: ClassVar[str] = "installation"
    schema_version: ClassVar[int] = 3
    upcasts: ClassVar[dict[int, Upcast]] = {1: _assigned_2, 2: _without_switching}
    circuit_id: CircuitId
    charger_id: ChargerId
    serial: Serial
    name: str
    wiring: Wiring
    max_a: ChargerAmperes
    min_a: ChargerAmperes
    breaker_a: BreakerAmperes | None
    fail_safe_a: Amperes
    """What the charger falls back to by itself when nobody tells it a limit: 0 or at least 6 A.
    The fail-safes of an installation fit within every breaker together."""
    moved_from: InstallationId | None
    """The installation that it was moved here from, at the same moment."""
    phase_switching: PhaseSwitching = PhaseSwitching.NONE
    """Whether it can be told to charge on one phase or on three."""


class ChargerChanged(InstallationEvent):
    """What a charger is from now on; it stands where it stood, and its serial stays."""

    service: ClassVar[str] = "installation"
    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _without_switching}
    brought: ClassVar[dict[int, tuple[str, ...]]] = {2: ("phase_switching",)}
    charger_id: ChargerId
    name: str
    wiring: Wiring
    max_a: ChargerAmperes
    min_a: ChargerAmperes
    breaker_a: BreakerAmperes | None
    phase_switching: PhaseSwitching = PhaseSwitching.NONE


class ChargerMoved(InstallationEvent):
    """A charger stands on another circuit of the same installation."""

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    from_circuit_id: CircuitId
    circuit_id: CircuitId


class ChargerRemoved(InstallationEvent):
    """A charger is gone from this installation; its serial is free, unless it was moved."""

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    serial: Serial
    moved_to: InstallationId | None = None
    """The installation that it was moved to, at the same moment."""


class FailSafeSet(InstallationEvent):
    """What a charger is to fall back to when nobody tells it a limit. Until the charger has
    confirmed it, the one before may be in force.
    """

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    fail_safe_a: Amperes
    wished: bool
    """An installer asked for it; we compute it otherwise."""


class ChargingWishSet(InstallationEvent):
    """Until when a charger's car is to have how much energy; both none: there is no wish."""

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    departure_at: Moment | None
    energy_wh: WattHours | None


class PrioritySet(InstallationEvent):
    """Who charges first when not all can: 9 before 0."""

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    priority: Priority


class SerialLocked(InstallationEvent):
    """A charger went down with its circuit, or with the whole installation (`circuit_id` is none):
    it gets 0 A, and its serial can be assigned nowhere.
    """

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    serial: Serial
    circuit_id: CircuitId | None


class SerialUnlocked(InstallationEvent):
    """A serial is locked no more: what it went down with is in use again, or support says so, with
    a reason. In the latter case the charger is removed at the same moment.
    """

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    serial: Serial
    reason: str
    ticket: str | None = None


# --- Events of meters and limits ---


class MeterEvent(InstallationEvent):
    """A fact about a meter at a breaker."""

    service: ClassVar[str] = "installation"
    meter_id: MeterId
    circuit_id: CircuitId | None
    """The circuit whose breaker it is at; none: the main breaker."""


class MeterAdded(MeterEvent):
    """A meter reports load that is not ours; until it has, and whenever it is silent, `highest_a` is
    set aside."""

    kind: MeterKind
    measures: Measures
    phases: MeteredPhases
    highest_a: Amperes
    error_a: MeterErrorAmperes
    interval_s: MeterInterval


class MeterChanged(MeterEvent):
    """What a meter is from now on; it is where it was."""

    kind: MeterKind
    measures: Measures
    phases: MeteredPhases
    highest_a: Amperes
    error_a: MeterErrorAmperes
    interval_s: MeterInterval


class MeterRemoved(MeterEvent):
    """A meter is gone; nothing is set aside for what it watched."""


class ExternalLimitSet(InstallationEvent):
    """What a breaker is limited to by somebody else, from when on, until when, at what times."""

    service: ClassVar[str] = "installation"
    limit_id: LimitId
    owner: LimitOwner
    circuit_id: CircuitId | None
    limit_a: PhaseAmperes | None
    power_w: Watts | None
    includes_load: bool
    begins: Moment | None
    until: Moment | None
    windows: tuple[WeeklyWindow, ...]
    time_zone: str
    """Of the installation, by which windows are meant; `InstallationChanged` may change it later."""
    reason: str | None


class ExternalLimitLifted(InstallationEvent):
    """A limit holds no more."""

    service: ClassVar[str] = "installation"
    limit_id: LimitId
    owner: LimitOwner
    circuit_id: CircuitId | None


class ContractPeakSet(InstallationEvent):
    """Below what the mean power of every quarter of an hour, or hour, is to stay; none: no peak."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId | None
    peak_w: Watts | None
    per: PeakPeriod


class TariffSet(InstallationEvent, Tariff):
    """What charging costs from a day on, whatever was said for that day before."""

    service: ClassVar[str] = "installation"

"""
What the installation service takes and announces: the electrical layout.

A command that changes something names only what it changes; the event it leads to tells all of it as
it is from then on, so that no reader needs the history to apply one.
"""

from enum import StrEnum
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from shared.ids import ChargerId, CircuitId, InstallationId, Serial
from shared.messages import Command, InstallationEvent, Message, Moment, Upcast
from shared.phases import PHASES, GridType, PhaseAmperes, PhaseSwitching, Wiring
from shared.units import PILOT_MIN_A, Amperes, BreakerAmperes, ChargerAmperes

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500)]
"""Why somebody did it, in their own words."""
Ticket = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._#-]{1,64}$")]
"""The case in the support staff's own system."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
Priority = Annotated[int, Field(ge=0, le=9)]
"""Who charges first when not all can: 9 before 0, which is what everybody has."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is not a time zone; enter one of the tz database, such as Europe/Oslo"
        ) from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""A name of the IANA time zone database."""


class Category(StrEnum):
    """Who the installation is for."""

    COMMUNITY = "COMMUNITY"
    COMPANY = "COMPANY"
    PRIVATE = "PRIVATE"
    PUBLIC = "PUBLIC"


class InstallationType(StrEnum):
    """A garage of any size, or a home with one circuit and up to three chargers."""

    GARAGE = "GARAGE"
    HOME = "HOME"


class InstallationCommand(Command):
    """A wish about one installation."""

    service: ClassVar[str] = "installation"
    installation_id: InstallationId


# --- Commands ---


class CreateInstallation(InstallationCommand):
    """Set up an installation: the building's charging system behind one main breaker."""

    name: Name
    address: Name
    category: Category
    country: Country
    type: InstallationType
    grid_type: GridType
    breaker_a: BreakerAmperes
    time_zone: TimeZone = "Etc/UTC"


class ChangeInstallation(InstallationCommand):
    """Change what is given, and leave the rest."""

    name: Name | None = None
    address: Name | None = None
    category: Category | None = None
    country: Country | None = None
    type: InstallationType | None = None
    grid_type: GridType | None = None
    breaker_a: BreakerAmperes | None = None
    time_zone: TimeZone | None = None


class DeactivateInstallation(InstallationCommand):
    """Take an installation out of use. With chargers, only if their serials are knowingly locked."""

    lock_serials: bool = False
    reason: Reason | None = None


class ReactivateInstallation(InstallationCommand):
    """Take an installation into use again; what went down with it comes back with it."""


class SetAuthenticationRequired(InstallationCommand):
    """Say whether drivers must show who they are before they charge."""

    required: bool


class SetAvailableCurrent(InstallationCommand):
    """
    Limit what all chargers together may draw, per phase, below the main breaker.

    None lifts the limit; with `until` it lifts itself.
    """

    available_a: PhaseAmperes | None
    until: Moment | None = None


class SetSwitchCurrent(InstallationCommand):
    """Below how much current a three-phase session goes on with one phase; none: it never does."""

    switch_current_a: ChargerAmperes | None


class AddCircuit(InstallationCommand):
    """Add a circuit beneath the main breaker, or beneath another circuit."""

    circuit_id: CircuitId
    parent_id: CircuitId | None = None
    name: Name
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes | None = None
    """What may be used of the breaker, at or below its rating; the rating itself if left out."""


class ChangeCircuit(InstallationCommand):
    """Change what is given, and leave the rest."""

    circuit_id: CircuitId
    name: Name | None = None
    breaker_a: BreakerAmperes | None = None
    set_a: BreakerAmperes | None = None


class MoveCircuit(InstallationCommand):
    """Put a circuit, with all beneath it, beneath another one; none: the main breaker."""

    circuit_id: CircuitId
    parent_id: CircuitId | None


class DeactivateCircuit(InstallationCommand):
    """Take a circuit, and all beneath it, out of use. With chargers, only if their serials are
    knowingly locked.
    """

    circuit_id: CircuitId
    lock_serials: bool = False
    reason: Reason | None = None


class ReactivateCircuit(InstallationCommand):
    """Take a circuit into use again; the serials that went down with it are unlocked."""

    circuit_id: CircuitId


class NewCharger(Message):
    """A charger as an installer describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    charger_id: ChargerId
    serial: Serial
    name: Name
    wiring: Wiring = PHASES
    max_a: ChargerAmperes = 32.0
    min_a: ChargerAmperes = PILOT_MIN_A
    """The lowest current its cars charge with; below it they are paused."""
    breaker_a: BreakerAmperes | None = None
    """Of its own breaker, if it has one."""
    phase_switching: PhaseSwitching = PhaseSwitching.NONE


class AssignChargers(InstallationCommand):
    """Put one or more chargers on a circuit: all of them, or none."""

    circuit_id: CircuitId
    chargers: Annotated[tuple[NewCharger, ...], Field(min_length=1, max_length=500)]


class ChangeCharger(InstallationCommand):
    """Change what is given, and leave the rest."""

    charger_id: ChargerId
    name: Name | None = None
    wiring: Wiring | None = None
    max_a: ChargerAmperes | None = None
    min_a: ChargerAmperes | None = None
    breaker_a: BreakerAmperes | None = None
    without_breaker: bool = False
    """It has no breaker of its own (any more)."""
    phase_switching: PhaseSwitching | None = None


class SetFailSafe(InstallationCommand):
    """Wish for another fail-safe than the one we compute; refused when it does not fit."""

    charger_id: ChargerId
    fail_safe_a: Amperes | None
    """0, or at least 6 A; none: what we compute."""


class SetPriority(InstallationCommand):
    """Say who charges first when not all can."""

    charger_id: ChargerId
    priority: Priority


class MoveCharger(InstallationCommand):
    """Put a charger on another circuit, of this installation or of another one."""

    charger_id: ChargerId
    circuit_id: CircuitId
    to_installation_id: InstallationId | None = None


class RemoveCharger(InstallationCommand):
    """Take a charger away; its serial can be assigned anywhere from then on."""

    charger_id: ChargerId


class UnlockSerial(InstallationCommand):
    """Support frees a locked serial: it is unlocked and removed, to be assigned anywhere."""

    serial: Serial
    reason: Reason
    ticket: Ticket | None = None


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


class AuthenticationRequiredSet(InstallationEvent):
    """Whether drivers must show who they are before they charge."""

    service: ClassVar[str] = "installation"
    required: bool


class AvailableCurrentSet(InstallationEvent):
    """What all chargers together may draw, per phase; none: as much as the breakers allow."""

    service: ClassVar[str] = "installation"
    available_a: PhaseAmperes | None
    until: Moment | None


class SwitchCurrentSet(InstallationEvent):
    """Below how much current a three-phase session goes on with one phase; none: it never does."""

    service: ClassVar[str] = "installation"
    switch_current_a: ChargerAmperes | None


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

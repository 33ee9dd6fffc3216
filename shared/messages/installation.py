"""What the installation service takes and announces: the electrical layout."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StringConstraints

from shared.ids import ChargerId, CircuitId, InstallationId, Serial
from shared.messages import Command, InstallationEvent, Message
from shared.phases import PHASES, GridType, Wiring
from shared.units import Amperes, BreakerAmperes, ChargerAmperes

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""


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


class CreateInstallation(InstallationCommand):
    """Set up an installation: the building's charging system behind one main breaker."""

    name: Name
    address: Name
    category: Category
    country: Country
    type: InstallationType
    grid_type: GridType
    breaker_a: BreakerAmperes


class AddCircuit(InstallationCommand):
    """Add a circuit beneath the main breaker, or beneath another circuit."""

    circuit_id: CircuitId
    parent_id: CircuitId | None = None
    name: Name
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes | None = None
    """What may be used of the breaker, at or below its rating; the rating itself if left out."""


class NewCharger(Message):
    """A charger as an installer describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    charger_id: ChargerId
    serial: Serial
    name: Name
    wiring: Wiring = PHASES
    max_a: ChargerAmperes = 32.0


class AssignChargers(InstallationCommand):
    """Put one or more chargers on a circuit: all of them, or none."""

    circuit_id: CircuitId
    chargers: Annotated[tuple[NewCharger, ...], Field(min_length=1, max_length=500)]


class InstallationCreated(InstallationEvent):
    """An installation exists; it has no circuits yet."""

    service: ClassVar[str] = "installation"
    name: str
    address: str
    category: Category
    country: str
    type: InstallationType
    grid_type: GridType
    breaker_a: BreakerAmperes


class CircuitAdded(InstallationEvent):
    """A circuit was added beneath the main breaker (`parent_id` is none) or another circuit."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    parent_id: CircuitId | None = None
    name: str
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes


class ChargerAssigned(InstallationEvent):
    """A charger belongs to a circuit; its serial is taken, wherever else it is asked for."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    charger_id: ChargerId
    serial: Serial
    name: str
    wiring: Wiring
    max_a: ChargerAmperes
    fail_safe_a: Amperes
    """What the charger falls back to by itself when nobody tells it a limit: 0 or at least 6 A.
    The fail-safes of an installation fit within every breaker together."""

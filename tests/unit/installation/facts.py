"""An installation to tell of: commands and events with everything that does not matter filled in."""

from typing import Any, TypeVar

from shared.messages import InstallationEvent
from shared.messages.installation import (
    ChargerAssigned,
    ChargerRemoved,
    CircuitAdded,
    CircuitDeactivated,
    FailSafeSet,
    InstallationChanged,
    InstallationCreated,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    CreateInstallation,
    InstallationCommand,
    NewCharger,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import PHASES, GridType

GARAGE = "harbour-garage"
OTHER = "hill-garage"

W = TypeVar("W", bound=InstallationCommand)
F = TypeVar("F", bound=InstallationEvent)

_BUILDING: dict[str, Any] = {
    "installation_id": GARAGE,
    "name": "Harbour garage",
    "address": "Strandgata 1",
    "category": Category.COMMUNITY,
    "country": "NO",
    "type": InstallationType.GARAGE,
    "grid_type": GridType.TN_3_PHASE,
    "breaker_a": 160.0,
    "time_zone": "Europe/Oslo",
}


def wish(kind: type[W], /, **fields: Any) -> W:
    """Wish for something in the garage."""
    return kind(**{"command_id": "wish", "installation_id": GARAGE, **fields})


def fact(kind: type[F], /, **fields: Any) -> F:
    """Something has happened in the garage."""
    return kind(**{"installation_id": GARAGE, **fields})


def create(**changes: Any) -> CreateInstallation:
    return CreateInstallation(command_id="create", **(_BUILDING | changes))


def created(**changes: Any) -> InstallationCreated:
    return InstallationCreated(**(_BUILDING | changes))


def changed(**changes: Any) -> InstallationChanged:
    return InstallationChanged(**(_BUILDING | changes))


def add(circuit_id: str = "level-1", breaker_a: float = 63.0, **changes: Any) -> AddCircuit:
    given = {"name": circuit_id, **changes}
    return AddCircuit(
        command_id=f"add-{circuit_id}",
        installation_id=GARAGE,
        circuit_id=circuit_id,
        breaker_a=breaker_a,
        **given,
    )


def added(circuit_id: str = "level-1", breaker_a: float = 63.0, **changes: Any) -> CircuitAdded:
    given = {"name": circuit_id, "set_a": breaker_a, **changes}
    return CircuitAdded(
        installation_id=GARAGE, circuit_id=circuit_id, breaker_a=breaker_a, **given
    )


def charger(number: int = 1, **changes: Any) -> NewCharger:
    given = {
        "charger_id": f"bay-{number}",
        "serial": f"ZAP{number:06}",
        "name": f"Bay {number}",
        **changes,
    }
    return NewCharger(**given)


def assign(*chargers: NewCharger, circuit_id: str = "level-1") -> AssignChargers:
    return AssignChargers(
        command_id="assign", installation_id=GARAGE, circuit_id=circuit_id, chargers=chargers
    )


def assigned(
    number: int = 1, fail_safe_a: float = 6.0, circuit_id: str = "level-1", **changes: Any
) -> ChargerAssigned:
    given = {
        "charger_id": f"bay-{number}",
        "serial": f"ZAP{number:06}",
        "name": f"Bay {number}",
        "wiring": PHASES,
        "max_a": 32.0,
        "min_a": 6.0,
        "breaker_a": None,
        "moved_from": None,
        "installation_id": GARAGE,
        **changes,
    }
    return ChargerAssigned(
        circuit_id=circuit_id,
        fail_safe_a=fail_safe_a,
        **given,
    )


def fail_safe(number: int, fail_safe_a: float, *, wished: bool = False) -> FailSafeSet:
    return fact(FailSafeSet, charger_id=f"bay-{number}", fail_safe_a=fail_safe_a, wished=wished)


def locked(number: int = 1, circuit_id: str | None = "level-1") -> SerialLocked:
    return fact(
        SerialLocked,
        charger_id=f"bay-{number}",
        serial=f"ZAP{number:06}",
        circuit_id=circuit_id,
    )


def unlocked(number: int, reason: str, ticket: str | None = None) -> SerialUnlocked:
    return fact(
        SerialUnlocked,
        charger_id=f"bay-{number}",
        serial=f"ZAP{number:06}",
        reason=reason,
        ticket=ticket,
    )


def removed(number: int = 1, moved_to: str | None = None) -> ChargerRemoved:
    return fact(
        ChargerRemoved,
        charger_id=f"bay-{number}",
        serial=f"ZAP{number:06}",
        moved_to=moved_to,
    )


def deactivated(circuit_id: str = "level-1", reason: str | None = None) -> CircuitDeactivated:
    return fact(CircuitDeactivated, circuit_id=circuit_id, reason=reason)

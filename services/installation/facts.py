"""Events that more than one decision leads to, each made here and nowhere else."""

from services.installation.state import Charger
from shared.ids import ChargerId, CircuitId, InstallationId
from shared.messages.installation import (
    AuthenticationRequiredSet,
    ChargerAssigned,
    ChargerRemoved,
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.installation_commands import NewCharger


def assigned(
    installation_id: InstallationId,
    circuit_id: CircuitId,
    charger: NewCharger,
    moved_from: InstallationId | None = None,
    fail_safe_a: float = 0.0,
) -> ChargerAssigned:
    """Say that a charger belongs to a circuit."""
    return ChargerAssigned(
        installation_id=installation_id,
        circuit_id=circuit_id,
        **dict(charger),
        fail_safe_a=fail_safe_a,
        moved_from=moved_from,
    )


def removed(
    installation_id: InstallationId,
    charger_id: ChargerId,
    charger: Charger,
    moved_to: InstallationId | None = None,
) -> ChargerRemoved:
    """Say that a charger is gone."""
    return ChargerRemoved(
        installation_id=installation_id,
        charger_id=charger_id,
        serial=charger.serial,
        moved_to=moved_to,
    )


def priority_set(
    installation_id: InstallationId, charger_id: ChargerId, priority: int
) -> PrioritySet:
    """Say who charges first when not all can."""
    return PrioritySet(
        installation_id=installation_id, charger_id=charger_id, priority=priority
    )


def authentication_required_set(
    installation_id: InstallationId, charger_id: ChargerId | None, *, required: bool
) -> AuthenticationRequiredSet:
    """Say whether drivers must show who they are, at one charger or at the installation."""
    return AuthenticationRequiredSet(
        installation_id=installation_id, charger_id=charger_id, required=required
    )


def locked(
    installation_id: InstallationId,
    charger_id: ChargerId,
    charger: Charger,
    circuit_id: CircuitId | None,
) -> SerialLocked:
    """Say that a serial is locked, and with what it went down."""
    return SerialLocked(
        installation_id=installation_id,
        charger_id=charger_id,
        serial=charger.serial,
        circuit_id=circuit_id,
    )


def unlocked(
    installation_id: InstallationId,
    charger_id: ChargerId,
    charger: Charger,
    reason: str,
    ticket: str | None = None,
) -> SerialUnlocked:
    """Say that a serial is locked no more, and why."""
    return SerialUnlocked(
        installation_id=installation_id,
        charger_id=charger_id,
        serial=charger.serial,
        reason=reason,
        ticket=ticket,
    )


def as_described(charger_id: ChargerId, charger: Charger) -> NewCharger:
    """Describe a charger as an installer would describe it to assign it."""
    return NewCharger(
        charger_id=charger_id,
        serial=charger.serial,
        name=charger.name,
        wiring=charger.wiring,
        max_a=charger.max_a,
        min_a=charger.min_a,
        breaker_a=charger.breaker_a,
        phase_switching=charger.phase_switching,
    )

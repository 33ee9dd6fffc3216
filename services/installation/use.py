"""
Decisions about what is in use: installations, circuits, and with them serials.

What is deactivated takes everything beneath it out of use, and only it gets an event. Its chargers
are locked with it, and unlocked with it. So a charger is unlocked exactly while it is in use.
"""

from collections.abc import Iterator
from typing import assert_never

from services.installation import facts
from services.installation.checks import described, existing_circuit, listed
from services.installation.language import UseWish
from services.installation.refusals import (
    CircuitAboveInactive,
    CircuitInUse,
    InstallationInUse,
    SerialNotLocked,
)
from services.installation.state import Charger, Installation, Lock
from shared.ids import ChargerId, CircuitId, InstallationId
from shared.messages.balancer import MAIN
from shared.messages.installation import (
    ChargerRemoved,
    CircuitDeactivated,
    CircuitReactivated,
    InstallationDeactivated,
    InstallationReactivated,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.installation_commands import (
    DeactivateCircuit,
    DeactivateInstallation,
    ReactivateCircuit,
    ReactivateInstallation,
    UnlockSerial,
)

UseEvent = (
    InstallationDeactivated
    | InstallationReactivated
    | CircuitDeactivated
    | CircuitReactivated
    | SerialLocked
    | SerialUnlocked
    | ChargerRemoved
)


def decide(command: UseWish, state: Installation) -> tuple[UseEvent, ...]:
    """Turn a wish into events; none when it is already so."""
    described(state, command.installation_id)
    match command:
        case DeactivateInstallation():
            return _deactivate_installation(command, state)
        case ReactivateInstallation():
            return _reactivate_installation(command, state)
        case DeactivateCircuit():
            return _deactivate_circuit(command, state)
        case ReactivateCircuit():
            return _reactivate_circuit(command, state)
        case UnlockSerial():
            return _unlock(command, state)
        case _:
            assert_never(command)


# --- Out of use ---


def _deactivate_installation(
    command: DeactivateInstallation, state: Installation
) -> tuple[UseEvent, ...]:
    main = state.circuits[MAIN]
    if not main.active:
        return ()
    chargers = _unlocked_beneath(state, MAIN)
    if chargers and not command.lock_serials:
        raise InstallationInUse(_ways_on(f"installation {main.name!r}", chargers))
    locked = (
        facts.locked(command.installation_id, it, charger, None)
        for it, charger in chargers.items()
    )
    return (
        *locked,
        InstallationDeactivated(installation_id=command.installation_id, reason=command.reason),
    )


def _deactivate_circuit(
    command: DeactivateCircuit, state: Installation
) -> tuple[UseEvent, ...]:
    circuit = existing_circuit(state, command.circuit_id)
    if not circuit.active:
        return ()
    chargers = _unlocked_beneath(state, command.circuit_id)
    if chargers and not command.lock_serials:
        raise CircuitInUse(_ways_on(f"circuit {circuit.name!r}", chargers))
    locked = (
        facts.locked(command.installation_id, it, charger, command.circuit_id)
        for it, charger in chargers.items()
    )
    return (
        *locked,
        CircuitDeactivated(
            installation_id=command.installation_id,
            circuit_id=command.circuit_id,
            reason=command.reason,
        ),
    )


def _unlocked_beneath(state: Installation, circuit_id: CircuitId) -> dict[ChargerId, Charger]:
    return {it: one for it, one in state.beneath(circuit_id).items() if one.lock is None}


def _ways_on(what: str, chargers: dict[ChargerId, Charger]) -> str:
    return (
        f"{what} has chargers in use: {listed(it.called for it in chargers.values())}; move them, "
        "remove them, or lock them (lock_serials): locked serials can be assigned nowhere until "
        "it is reactivated or support unlocks them"
    )


# --- In use again ---


def _reactivate_installation(
    command: ReactivateInstallation, state: Installation
) -> tuple[UseEvent, ...]:
    main = state.circuits[MAIN]
    if main.active:
        return ()
    return (
        InstallationReactivated(installation_id=command.installation_id),
        *_coming_back(command.installation_id, MAIN, None, f"installation {main.name}", state),
    )


def _reactivate_circuit(
    command: ReactivateCircuit, state: Installation
) -> tuple[UseEvent, ...]:
    circuit_id = command.circuit_id
    circuit = existing_circuit(state, circuit_id)
    above = state.inactive(circuit.parent_id or MAIN)
    if above is not None:
        what = "the installation" if above == MAIN else state.called(above)
        raise CircuitAboveInactive(
            f"{circuit.name!r} hangs beneath what is deactivated itself; reactivate {what} first"
        )
    if circuit.active:
        return ()
    return (
        CircuitReactivated(installation_id=command.installation_id, circuit_id=circuit_id),
        *_coming_back(
            command.installation_id, circuit_id, circuit_id, f"circuit {circuit.name}", state
        ),
    )


def _coming_back(
    installation_id: InstallationId,
    breaker_id: CircuitId,
    locked_with: CircuitId | None,
    called: str,
    state: Installation,
) -> Iterator[SerialUnlocked | SerialLocked]:
    """What went down with a breaker comes back with it; beneath a circuit that has been deactivated
    meanwhile, it stays locked, with that circuit.
    """
    for charger_id, charger in state.chargers.items():
        if charger.lock != Lock(locked_with):
            continue
        lower = _inactive_below(state, charger.circuit_id, breaker_id)
        if lower is None:
            reason = f"{called} was reactivated"
            yield facts.unlocked(installation_id, charger_id, charger, reason)
        else:
            yield facts.locked(installation_id, charger_id, charger, lower)


def _inactive_below(
    state: Installation, circuit_id: CircuitId, breaker_id: CircuitId
) -> CircuitId | None:
    """Name the nearest deactivated circuit between a charger and a breaker above it."""
    nearest = state.inactive(circuit_id)
    return None if nearest == breaker_id else nearest


# --- By support ---


def _unlock(command: UnlockSerial, state: Installation) -> tuple[UseEvent, ...]:
    for charger_id, charger in state.chargers.items():
        if charger.serial == command.serial:
            if charger.lock is None:
                break
            return (
                facts.unlocked(
                    command.installation_id,
                    charger_id,
                    charger,
                    command.reason,
                    command.ticket,
                ),
                facts.removed(command.installation_id, charger_id, charger),
            )
    else:
        if command.serial in state.freed:
            return ()
    raise SerialNotLocked(
        f"serial {command.serial} is not locked in installation {command.installation_id}; "
        "nothing needs unlocking, or it stands in another installation"
    )

"""Decisions about circuits: what their breakers are, and beneath what they hang."""

from typing import assert_never

from services.installation.checks import (
    check_beneath,
    check_breaker,
    check_in_use,
    described,
    existing_circuit,
)
from services.installation.language import CircuitWish
from services.installation.refusals import (
    BreakerAboveParent,
    CircuitExists,
    CircuitInactive,
    CircuitWithinItself,
    UnknownParent,
)
from services.installation.state import Circuit, Installation
from shared.ids import CircuitId
from shared.messages.balancer import MAIN
from shared.messages.installation import CircuitAdded, CircuitChanged, CircuitMoved
from shared.messages.installation_commands import AddCircuit, ChangeCircuit, MoveCircuit
from shared.units import exceeds


def decide(
    command: CircuitWish, state: Installation
) -> tuple[CircuitAdded | CircuitChanged | CircuitMoved, ...]:
    """Turn a wish into events; none when it is already so."""
    described(state, command.installation_id)
    match command:
        case AddCircuit():
            return _add(command, state)
        case ChangeCircuit():
            return _change(command, state)
        case MoveCircuit():
            return _move(command, state)
        case _:
            assert_never(command)


def _add(command: AddCircuit, state: Installation) -> tuple[CircuitAdded, ...]:
    parent_id = command.parent_id or MAIN
    set_a = command.breaker_a if command.set_a is None else command.set_a
    existing = state.circuits.get(command.circuit_id)
    if existing is not None:
        wished = Circuit(parent_id, command.name, command.breaker_a, set_a, existing.active)
        if existing == wished:
            return ()
        raise CircuitExists(
            f"circuit {command.circuit_id} is {existing.name!r}; choose another id, or change "
            "that circuit"
        )
    parent = _parent(state, parent_id, command.name)
    check_breaker(command.name, command.breaker_a, set_a, parent)
    return (
        CircuitAdded(
            installation_id=command.installation_id,
            circuit_id=command.circuit_id,
            parent_id=_told(parent_id),
            name=command.name,
            breaker_a=command.breaker_a,
            set_a=set_a,
        ),
    )


def _told(parent_id: CircuitId) -> CircuitId | None:
    """Events leave the main breaker's name out."""
    return None if parent_id == MAIN else parent_id


def _parent(state: Installation, parent_id: CircuitId, name: str) -> Circuit:
    parent = state.circuits.get(parent_id)
    if parent is None:
        raise UnknownParent(
            f"there is no circuit {parent_id} to put {name!r} under; add it first"
        )
    check_in_use(state, parent_id)
    return parent


def _change(command: ChangeCircuit, state: Installation) -> tuple[CircuitChanged, ...]:
    circuit = existing_circuit(state, command.circuit_id)
    name = circuit.name if command.name is None else command.name
    breaker_a = circuit.breaker_a if command.breaker_a is None else command.breaker_a
    set_a = circuit.set_a if command.set_a is None else command.set_a
    if (name, breaker_a, set_a) == (circuit.name, circuit.breaker_a, circuit.set_a):
        return ()
    check_breaker(name, breaker_a, set_a, state.circuits[circuit.parent_id or MAIN])
    check_beneath(state, command.circuit_id, breaker_a, name)
    return (
        CircuitChanged(
            installation_id=command.installation_id,
            circuit_id=command.circuit_id,
            name=name,
            breaker_a=breaker_a,
            set_a=set_a,
        ),
    )


def _move(command: MoveCircuit, state: Installation) -> tuple[CircuitMoved, ...]:
    circuit = existing_circuit(state, command.circuit_id)
    parent_id = command.parent_id or MAIN
    if circuit.parent_id == parent_id:
        return ()
    _check_not_held_down(circuit, state)
    parent = _parent(state, parent_id, circuit.name)
    if command.circuit_id in dict(state.path(parent_id)):
        raise CircuitWithinItself(
            f"{parent.name!r} is, or hangs beneath, {circuit.name!r} itself; choose a circuit that "
            "does not"
        )
    if exceeds(circuit.breaker_a, parent.breaker_a):
        raise BreakerAboveParent(
            f"{circuit.name!r} has a breaker of {circuit.breaker_a:g} A, above the "
            f"{parent.breaker_a:g} A of {parent.name!r}; choose a circuit with at least "
            f"{circuit.breaker_a:g} A, or lower the breaker of {circuit.name!r} first"
        )
    return (
        CircuitMoved(
            installation_id=command.installation_id,
            circuit_id=command.circuit_id,
            parent_id=_told(parent_id),
        ),
    )


def _check_not_held_down(circuit: Circuit, state: Installation) -> None:
    """What went down with a circuit comes back with it; moved away, it never would."""
    above = None if circuit.parent_id is None else state.inactive(circuit.parent_id)
    if above is not None and above != MAIN:
        raise CircuitInactive(
            f"{circuit.name!r} is out of use with {state.called(above)}; reactivate that first"
        )

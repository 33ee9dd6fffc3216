"""What may become of an installation: refusals, state, decide, evolve."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, assert_never

from shared.decider import Claim, Decider, Refused
from shared.ids import ChargerId, CircuitId
from shared.messages.balancer import MAIN
from shared.messages.installation import (
    AddCircuit,
    AssignChargers,
    ChargerAssigned,
    CircuitAdded,
    CreateInstallation,
    InstallationCreated,
    InstallationType,
    NewCharger,
)
from shared.phases import GridType
from shared.units import PILOT_MIN_A, exceeds

InstallationCommand = CreateInstallation | AddCircuit | AssignChargers
InstallationEvent = InstallationCreated | CircuitAdded | ChargerAssigned

SERIAL: Final = "serial"
CHARGER: Final = "charger"
HOME_CIRCUITS_MAX: Final = 1
HOME_CHARGERS_MAX: Final = 3
HOME_CIRCUIT_A_MAX: Final = 63.0
FAIL_SAFE_SHARE_MAX: Final = 0.5
"""What of a breaker fail-safes may take together. A charger that is not connected has its fail-safe set
aside for it, so more would leave those that are connected too little."""

# --- Refusals ---


class InstallationExists(Refused):
    """There is an installation with this id already, and it is another one."""


class UnknownInstallation(Refused):
    """A layout needs an installation to belong to."""


class CircuitExists(Refused):
    """There is a circuit with this id already, and it is another one."""


class UnknownParent(Refused):
    """A circuit lies beneath the main breaker or beneath a circuit that exists."""


class UnknownCircuit(Refused):
    """Chargers are put on a circuit that exists."""


class BreakerAboveParent(Refused):
    """A breaker larger than the one above it would never be the one to trip."""


class SetValueAboveRating(Refused):
    """A breaker carries no more than its rating; the set value is at or below it."""


class ChargerExists(Refused):
    """There is a charger with this id already, and it is another one."""


class SerialTaken(Refused):
    """A serial number stands in one place in the world."""


class WiringDoesNotFitGrid(Refused):
    """A one-phase grid has one phase to wire to."""


class HomeTooLarge(Refused):
    """A home has one circuit and up to three chargers; anything larger is a garage."""


# --- State ---


@dataclass(frozen=True, slots=True)
class Circuit:
    """A breaker and where it stands."""

    parent_id: CircuitId | None
    name: str
    breaker_a: float
    set_a: float


@dataclass(frozen=True, slots=True)
class Charger:
    """A charger and where it stands."""

    circuit_id: CircuitId
    assigned: NewCharger
    fail_safe_a: float


@dataclass(frozen=True, slots=True)
class Installation:
    """Only what `decide` must know; the main breaker stands among the circuits as `MAIN`."""

    created: InstallationCreated | None = None
    circuits: Mapping[CircuitId, Circuit] = field(default_factory=lambda: MappingProxyType({}))
    chargers: Mapping[ChargerId, Charger] = field(default_factory=lambda: MappingProxyType({}))

    def path(self, circuit_id: CircuitId | None) -> Iterator[tuple[CircuitId, Circuit]]:
        """Go from a circuit up to the main breaker."""
        while circuit_id is not None:
            circuit = self.circuits[circuit_id]
            yield circuit_id, circuit
            circuit_id = circuit.parent_id

    def fail_safes_a(self, circuit_id: CircuitId) -> float:
        """Add up the fail-safe currents of all chargers beneath a breaker, in amperes per phase."""
        return sum(
            charger.fail_safe_a
            for charger in self.chargers.values()
            if circuit_id in dict(self.path(charger.circuit_id))
        )


# --- Decide ---


def decide(
    command: InstallationCommand, state: Installation
) -> tuple[InstallationCreated | CircuitAdded | ChargerAssigned, ...]:
    """Turn a command into events; none when it is already so."""
    match command:
        case CreateInstallation():
            return _create_installation(command, state)
        case AddCircuit():
            return _add_circuit(command, state)
        case AssignChargers():
            return _assign_chargers(command, state)
        case _:
            assert_never(command)


def _create_installation(
    command: CreateInstallation, state: Installation
) -> tuple[InstallationCreated, ...]:
    wished = InstallationCreated(**command.model_dump(exclude={"command_id"}))
    if state.created == wished:
        return ()
    if state.created is not None:
        raise InstallationExists(
            f"installation {command.installation_id} is {state.created.name!r}; "
            "choose another id, or change that installation"
        )
    return (wished,)


def _created(state: Installation, installation_id: str) -> InstallationCreated:
    if state.created is None:
        raise UnknownInstallation(
            f"there is no installation {installation_id}; create it first, or check its id"
        )
    return state.created


def _add_circuit(command: AddCircuit, state: Installation) -> tuple[CircuitAdded, ...]:
    created = _created(state, command.installation_id)
    parent_id = command.parent_id or MAIN
    set_a = command.breaker_a if command.set_a is None else command.set_a
    wished = Circuit(parent_id, command.name, command.breaker_a, set_a)
    existing = state.circuits.get(command.circuit_id)
    if existing == wished:
        return ()
    if existing is not None:
        raise CircuitExists(
            f"circuit {command.circuit_id} is {existing.name!r}; choose another id"
        )
    parent = state.circuits.get(parent_id)
    if parent is None:
        raise UnknownParent(
            f"there is no circuit {parent_id} to put {command.name!r} under; add it first"
        )
    if exceeds(command.breaker_a, parent.breaker_a):
        raise BreakerAboveParent(
            f"{command.name!r} has a breaker of {command.breaker_a:g} A, above the "
            f"{parent.breaker_a:g} A of {parent.name!r}; enter at most {parent.breaker_a:g} A"
        )
    if exceeds(set_a, command.breaker_a):
        raise SetValueAboveRating(
            f"{command.name!r} is set to {set_a:g} A, above its breaker of "
            f"{command.breaker_a:g} A; set at most {command.breaker_a:g} A"
        )
    if created.type is InstallationType.HOME:
        _check_home_circuit(command, state)
    content = command.model_dump(exclude={"command_id", "set_a", "parent_id"})
    given_parent = None if parent_id == MAIN else parent_id
    return (CircuitAdded(**content, parent_id=given_parent, set_a=set_a),)


def _check_home_circuit(command: AddCircuit, state: Installation) -> None:
    if len(state.circuits) - 1 >= HOME_CIRCUITS_MAX:
        raise HomeTooLarge("a home has one circuit; create a garage for more of them")
    if exceeds(command.breaker_a, HOME_CIRCUIT_A_MAX):
        raise HomeTooLarge(
            f"a home's circuit has at most {HOME_CIRCUIT_A_MAX:g} A; create a garage for more"
        )


def _assign_chargers(
    command: AssignChargers, state: Installation
) -> tuple[ChargerAssigned, ...]:
    created = _created(state, command.installation_id)
    if command.circuit_id not in state.circuits or command.circuit_id == MAIN:
        raise UnknownCircuit(
            f"there is no circuit {command.circuit_id} to put chargers on; add it first"
        )
    events: list[ChargerAssigned] = []
    for wished in command.chargers:
        event = _assign_charger(command, wished, created.grid_type, state)
        if event is not None:
            events.append(event)
            state = evolve(state, event)
    if created.type is InstallationType.HOME and len(state.chargers) > HOME_CHARGERS_MAX:
        raise HomeTooLarge(
            f"a home has up to {HOME_CHARGERS_MAX} chargers; create a garage for more of them"
        )
    return tuple(events)


def _assign_charger(
    command: AssignChargers, wished: NewCharger, grid: GridType, state: Installation
) -> ChargerAssigned | None:
    existing = state.chargers.get(wished.charger_id)
    if existing is not None:
        if existing.assigned == wished and existing.circuit_id == command.circuit_id:
            return None
        raise ChargerExists(
            f"charger {wished.charger_id} is {existing.assigned.name!r}; choose another id"
        )
    for charger in state.chargers.values():
        if charger.assigned.serial == wished.serial:
            raise SerialTaken(
                f"serial {wished.serial} is already {charger.assigned.name!r} in this "
                "installation; check the label, or remove that charger first"
            )
    if not set(wished.wiring) <= set(grid.lines):
        raise WiringDoesNotFitGrid(
            f"{wished.name!r} is wired to {', '.join(wished.wiring)} in a one-phase grid; "
            "wire it to L1"
        )
    return ChargerAssigned(
        installation_id=command.installation_id,
        circuit_id=command.circuit_id,
        **wished.model_dump(),
        moved_from=None,
        fail_safe_a=_fail_safe_a(command.circuit_id, state),
    )


def _fail_safe_a(circuit_id: CircuitId, state: Installation) -> float:
    """The lowest current a car can charge with, while all fail-safes fit their part of every breaker
    above; else none. Counted on every phase: nobody watches phases when the connection is lost.
    """
    for breaker_id, breaker in state.path(circuit_id):
        part_a = breaker.set_a * FAIL_SAFE_SHARE_MAX
        if exceeds(state.fail_safes_a(breaker_id) + PILOT_MIN_A, part_a):
            return 0.0
    return PILOT_MIN_A


# --- Evolve ---


def evolve(state: Installation, event: InstallationEvent) -> Installation:
    """Fold an event into the state; history is not up for debate."""
    match event:
        case InstallationCreated():
            main = Circuit(None, event.name, event.breaker_a, event.breaker_a)
            return replace(state, created=event, circuits={MAIN: main})
        case CircuitAdded():
            circuit = Circuit(event.parent_id or MAIN, event.name, event.breaker_a, event.set_a)
            return replace(state, circuits={**state.circuits, event.circuit_id: circuit})
        case ChargerAssigned():
            content = event.model_dump(include=set(NewCharger.model_fields))
            charger = Charger(event.circuit_id, NewCharger(**content), event.fail_safe_a)
            return replace(state, chargers={**state.chargers, event.charger_id: charger})
        case _:
            assert_never(event)


def claims_of(event: InstallationEvent) -> tuple[Claim, ...]:
    """A charger's serial number, and the id under which all services know it, are claimed with its
    assignment.
    """
    if not isinstance(event, ChargerAssigned):
        return ()
    holder = f"{event.installation_id}/{event.charger_id}"
    return (Claim(SERIAL, event.serial, holder), Claim(CHARGER, event.charger_id, holder))


def taken(claim: Claim, holder: str) -> Refused:
    """Say where a serial number or an id stands that was asked for elsewhere."""
    installation_id = holder.partition("/")[0]
    if claim.kind == CHARGER:
        return ChargerExists(
            f"charger {claim.key} stands in installation {installation_id}; choose another id"
        )
    return SerialTaken(
        f"serial {claim.key} stands in installation {installation_id}; check the label, "
        "or have it removed there first"
    )


installation: Final = Decider(Installation(), decide, evolve, claims_of, taken)

"""What people want to have changed about buildings; much of it is refused."""

from collections.abc import Callable
from typing import Final

from cli.proving.installers import SET_A, free_bays
from cli.proving.moments import moment
from cli.simulating.built import Built
from cli.simulating.garage import Garage
from services.installation.language import InstallationCommand
from shared.messages import Verdict
from shared.messages.balancer import MAIN
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    ChangeCharger,
    ChangeCircuit,
    ChangeInstallation,
    DeactivateCircuit,
    MoveCharger,
    MoveCircuit,
    NewCharger,
    ReactivateCircuit,
    RemoveCharger,
    SetAvailableCurrent,
    SetFailSafe,
    SetPriority,
    UnlockSerial,
)
from shared.phases import PHASES, PhaseSwitching

Wish = Callable[[Garage, Built, Built], InstallationCommand | None]
AVAILABLE_A: Final = (0.0, 8.0, 16.0, 40.0)
CHARGERS_MAX: Final = 9


def charger_at(garage: Garage, at: Built) -> str | None:
    bays = free_bays(at)
    return garage.chances.pick(bays) if bays else None


def _breaker(garage: Garage, here: Built, _: Built) -> InstallationCommand:
    chances, set_a = garage.chances, garage.chances.pick(SET_A)
    whose = {"installation_id": here.installation_id, "command_id": garage.next_id()}
    circuit_id = chances.pick([MAIN, *here.set_a])
    if circuit_id == MAIN:
        return ChangeInstallation(**whose, breaker_a=set_a)
    return ChangeCircuit(**whose, circuit_id=circuit_id, breaker_a=set_a, set_a=set_a)


def _available(garage: Garage, here: Built, _: Built) -> InstallationCommand:
    chances = garage.chances
    l1, l2, l3 = (chances.pick(AVAILABLE_A) for _ in PHASES)
    return SetAvailableCurrent(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        available_a=chances.pick([None, None, (l1, l2, l3)]),
        until=moment(garage.now_s + chances.pick(range(60, 1800))),
    )


def _move(garage: Garage, here: Built, there: Built) -> InstallationCommand | None:
    chances, charger_id = garage.chances, charger_at(garage, here)
    to = chances.pick([here, here, there])
    if charger_id is None:
        return None
    wirings = to.wirings_of(here.bays[charger_id].serial)
    if to is there and here.bays[charger_id].wiring not in wirings:
        return None  # an electrician would have to rewire it first
    return MoveCharger(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        charger_id=charger_id,
        circuit_id=chances.pick(sorted(to.set_a)),
        to_installation_id=to.installation_id,
    )


def _remove(garage: Garage, here: Built, _: Built) -> InstallationCommand | None:
    charger_id = charger_at(garage, here)
    if charger_id is None:
        return None
    return RemoveCharger(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        charger_id=charger_id,
    )


def assigning(garage: Garage, here: Built, charger_id: str, serial: str) -> AssignChargers:
    """Wish for a charger on any circuit, some with limits of their own."""
    chances = garage.chances
    charger = NewCharger(
        charger_id=charger_id,
        serial=serial,
        name=charger_id,
        wiring=chances.pick(here.wirings_of(serial)),
        min_a=chances.pick([6.0, 6.0, 10.0]),
        breaker_a=chances.pick([None, None, 16.0]),
        phase_switching=PhaseSwitching.NONE,
    )
    return AssignChargers(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        circuit_id=chances.pick(sorted(here.set_a)),
        chargers=(charger,),
    )


def _put(garage: Garage, here: Built, _: Built) -> InstallationCommand:
    number = garage.chances.pick(range(CHARGERS_MAX))
    charger_id = f"bay-{garage.chances.pick(range(CHARGERS_MAX))}"
    return assigning(garage, here, charger_id, f"ZAP{number:04}")


def _change(garage: Garage, here: Built, _: Built) -> InstallationCommand | None:
    charger_id = charger_at(garage, here)
    if charger_id is None:
        return None
    what = garage.chances.pick(
        [{"min_a": 10.0}, {"min_a": 6.0}, {"max_a": 12.0}, {"max_a": 32.0}, {"breaker_a": 10.0}]
    )
    return ChangeCharger(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        charger_id=charger_id,
        **what,
    )


def _fail_safe(garage: Garage, here: Built, _: Built) -> InstallationCommand | None:
    charger_id = charger_at(garage, here)
    if charger_id is None:
        return None
    return SetFailSafe(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        charger_id=charger_id,
        fail_safe_a=garage.chances.pick([None, 0.0, 6.0, 10.0]),
    )


def _priority(garage: Garage, here: Built, _: Built) -> InstallationCommand | None:
    charger_id = charger_at(garage, here)
    if charger_id is None:
        return None
    return SetPriority(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        charger_id=charger_id,
        priority=garage.chances.pick([0, 5, 9]),
    )


def _use(garage: Garage, here: Built, _: Built) -> InstallationCommand:
    whose = {"installation_id": here.installation_id, "command_id": garage.next_id()}
    circuit_id = garage.chances.pick(sorted(here.set_a))
    if circuit_id in here.inactive:
        return ReactivateCircuit(**whose, circuit_id=circuit_id)
    return DeactivateCircuit(**whose, circuit_id=circuit_id, lock_serials=True)


def _unlock(garage: Garage, here: Built, _: Built) -> InstallationCommand | None:
    locked = sorted(it.serial for it in here.bays.values() if it.locked)
    if not locked:
        return None
    return UnlockSerial(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        serial=garage.chances.pick(locked),
        reason="carried away",
    )


def _move_circuit(garage: Garage, here: Built, _: Built) -> InstallationCommand:
    circuits = sorted(here.set_a)
    return MoveCircuit(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        circuit_id=garage.chances.pick(circuits),
        parent_id=garage.chances.pick([None, *circuits]),
    )


def _add_circuit(garage: Garage, here: Built, _: Built) -> InstallationCommand:
    return AddCircuit(
        installation_id=here.installation_id,
        command_id=garage.next_id(),
        circuit_id=f"circuit-{garage.chances.pick(range(6))}",
        name="more",
        breaker_a=garage.chances.pick(SET_A),
    )


WISHES: Final[tuple[Wish, ...]] = (
    *(_breaker, _available, _move, _move, _remove, _put, _put, _put, _change),
    *(_fail_safe, _priority, _use, _use, _unlock, _move_circuit, _add_circuit),
)


def wish_something(garage: Garage) -> InstallationCommand | None:
    """Somebody wants something; sometimes the same wish comes twice, or its id with another content."""
    one, other = garage.chances.shuffled(list(garage.built.values()))
    command = garage.chances.pick(WISHES)(garage, one, other)
    if command is None:
        return None
    carried_s = garage.chances.pick([0.0, 5.0, 30.0])
    answer = garage.wish(command, carried_s)
    garage.counts["wishes"] += 1
    garage.counts["refused"] += answer.verdict is Verdict.REFUSED
    return command

"""What several decisions ask for: that something is there, in use, free to change, and fits."""

from collections.abc import Iterable

from services.installation.refusals import (
    BreakerAboveParent,
    BreakerBelowChildren,
    CircuitInactive,
    HomeTooLarge,
    InstallationInactive,
    MinimumAboveMaximum,
    NoImbalanceInGrid,
    NothingToSwitch,
    SerialIsLocked,
    SetValueAboveRating,
    UnknownCharger,
    UnknownCircuit,
    UnknownInstallation,
    UnknownMeter,
    WiringDoesNotFitGrid,
)
from services.installation.state import Charger, Circuit, Description, Installation, Meter
from shared.ids import ChargerId, CircuitId, InstallationId, MeterId
from shared.messages.balancer import MAIN
from shared.messages.installation_terms import InstallationType
from shared.phases import PHASES, GridType, PhaseSwitching
from shared.units import exceeds

HOME_CIRCUITS_MAX = 1
HOME_CHARGERS_MAX = 3
HOME_CIRCUIT_A_MAX = 63.0


def listed(names: Iterable[str]) -> str:
    """Put names behind one another."""
    return ", ".join(names)


# --- That it is there ---


def described(state: Installation, installation_id: InstallationId) -> Description:
    """Expect an installation."""
    if state.description is None:
        raise UnknownInstallation(
            f"there is no installation {installation_id}; create it first, or check its id"
        )
    return state.description


def existing_circuit(state: Installation, circuit_id: CircuitId) -> Circuit:
    """Expect a circuit that is not the main breaker."""
    if circuit_id == MAIN:
        raise UnknownCircuit(
            f"{MAIN} is the main breaker, not a circuit: for chargers add a circuit first, to "
            "change or deactivate it change or deactivate the installation"
        )
    circuit = state.circuits.get(circuit_id)
    if circuit is None:
        raise UnknownCircuit(f"there is no circuit {circuit_id}; add it first, or check its id")
    return circuit


def limited_circuit(state: Installation, circuit_id: CircuitId) -> Circuit:
    """Expect a circuit, or the main breaker, to measure or to limit."""
    return state.circuits[MAIN] if circuit_id == MAIN else existing_circuit(state, circuit_id)


def existing_meter(state: Installation, meter_id: MeterId) -> Meter:
    """Expect a meter."""
    meter = state.meters.get(meter_id)
    if meter is None:
        known = listed(sorted(state.meters)) or "none"
        raise UnknownMeter(f"there is no meter {meter_id} here; there are: {known}")
    return meter


def existing_charger(state: Installation, charger_id: ChargerId) -> Charger:
    """Expect a charger."""
    charger = state.chargers.get(charger_id)
    if charger is None:
        moved_to = state.gone.get(charger_id)
        if moved_to is not None:
            raise UnknownCharger(
                f"charger {charger_id} was moved to installation {moved_to}; ask there"
            )
        raise UnknownCharger(
            f"there is no charger {charger_id} here; assign it first, or check its id"
        )
    return charger


# --- That it may be touched ---


def check_unlocked(state: Installation, charger: Charger) -> None:
    """Leave a locked charger as it is."""
    if charger.lock is not None:
        raise SerialIsLocked(lock_told(state, charger))


def lock_told(state: Installation, charger: Charger) -> str:
    """Say what locked a serial, and how it gets free."""
    if charger.lock is None or charger.lock.circuit_id is None:
        cause, way = "the installation", "reactivate the installation"
    else:
        cause = state.called(charger.lock.circuit_id)
        way = "reactivate that circuit"
    return (
        f"the serial of {charger.called} is locked since {cause} was deactivated; {way}, or "
        "have support unlock the serial with a reason"
    )


def check_in_use(state: Installation, circuit_id: CircuitId) -> None:
    """Put nothing beneath what is out of use."""
    if not state.circuits[MAIN].active:
        raise InstallationInactive(
            f"installation {state.circuits[MAIN].name!r} is deactivated; reactivate it first"
        )
    inactive = state.inactive(circuit_id)
    if inactive is not None:
        raise CircuitInactive(
            f"{state.called(inactive)} is deactivated; reactivate it first, or choose another "
            "circuit"
        )


# --- That it fits ---


def check_breaker(name: str, breaker_a: float, set_a: float, parent: Circuit) -> None:
    """Have a breaker no larger than the one above it, and set at or below its rating."""
    if exceeds(breaker_a, parent.breaker_a):
        raise BreakerAboveParent(
            f"{name!r} has a breaker of {breaker_a:g} A, above the {parent.breaker_a:g} A of "
            f"{parent.name!r}; enter at most {parent.breaker_a:g} A"
        )
    if exceeds(set_a, breaker_a):
        raise SetValueAboveRating(
            f"{name!r} is set to {set_a:g} A, above its breaker of {breaker_a:g} A; set at most "
            f"{breaker_a:g} A"
        )


def check_beneath(
    state: Installation, circuit_id: CircuitId, breaker_a: float, name: str
) -> None:
    """Have a breaker no smaller than those directly beneath it."""
    larger = [it for it in state.children(circuit_id) if exceeds(it.breaker_a, breaker_a)]
    if larger:
        told = listed(f"{it.name!r} with {it.breaker_a:g} A" for it in larger)
        lowest_a = max(it.breaker_a for it in larger)
        raise BreakerBelowChildren(
            f"a breaker of {breaker_a:g} A for {name!r} would be below what hangs beneath it: "
            f"{told}; enter at least {lowest_a:g} A, or lower these first"
        )


def check_currents(name: str, min_a: float, max_a: float) -> None:
    """Have a charger's lowest current no higher than its highest one."""
    if exceeds(min_a, max_a):
        raise MinimumAboveMaximum(
            f"{name!r} has a lowest current of {min_a:g} A, above its highest one of {max_a:g} A; "
            f"enter a lowest current of at most {max_a:g} A"
        )


def check_whole(state: Installation) -> None:
    """Hold what holds for an installation as a whole: its grid's wiring, and the size of a home."""
    if state.description is None:
        return
    _check_wiring(state, state.description)
    _check_switching(state, state.description)
    _check_imbalance(state, state.description)
    if state.description.type is InstallationType.HOME:
        _check_home(state)


def _check_wiring(state: Installation, description: Description) -> None:
    lines = set(description.grid_type.lines)
    misfits = [it for it in state.chargers.values() if not set(it.wiring) <= lines]
    if misfits:
        wired = "; ".join(f"{it.name!r} is wired to {listed(it.wiring)}" for it in misfits)
        way = "wire it to L1" if len(misfits) == 1 else "wire them to L1 first"
        raise WiringDoesNotFitGrid(f"{wired}; in a one-phase grid there is L1 alone: {way}")


def _check_switching(state: Installation, description: Description) -> None:
    switching = [
        it for it in state.chargers.values() if it.phase_switching is not PhaseSwitching.NONE
    ]
    if switching and not description.grid_type.three_phase:
        raise NothingToSwitch(
            f"{listed(repr(it.name) for it in switching)}: in a one-phase grid there is no other "
            f"phase to switch to; set phase switching to {PhaseSwitching.NONE}"
        )
    one_terminal = [it for it in switching if len(it.wiring) < len(PHASES)]
    if one_terminal:
        raise NothingToSwitch(
            f"{listed(repr(it.name) for it in one_terminal)}: wired to one phase only, and so "
            "without another one to switch to; enter all three phases as the wiring, or set "
            f"phase switching to {PhaseSwitching.NONE}"
        )


def _check_imbalance(state: Installation, description: Description) -> None:
    if state.imbalance_a is None or description.grid_type is GridType.TN_3_PHASE:
        return
    if description.grid_type.three_phase:
        why = "in an IT grid cars stand between phases, and no phase carries its own current"
    else:
        why = "in a one-phase grid there is no other phase to differ from"
    raise NoImbalanceInGrid(
        f"{description.name!r} would have an imbalance limit of {state.imbalance_a:g} A, but {why}; "
        "lift the imbalance limit, or leave it out"
    )


def _check_home(state: Installation) -> None:
    circuits = [circuit for it, circuit in state.circuits.items() if it != MAIN]
    if len(circuits) > HOME_CIRCUITS_MAX:
        raise HomeTooLarge(
            f"a home has one circuit, and this would be {len(circuits)}; make it a garage to have "
            "more of them"
        )
    large = [it for it in circuits if exceeds(it.breaker_a, HOME_CIRCUIT_A_MAX)]
    if large:
        raise HomeTooLarge(
            f"a home's circuit has at most {HOME_CIRCUIT_A_MAX:g} A, and {large[0].name!r} would "
            f"have {large[0].breaker_a:g} A; make it a garage to have more"
        )
    if len(state.chargers) > HOME_CHARGERS_MAX:
        raise HomeTooLarge(
            f"a home has up to {HOME_CHARGERS_MAX} chargers, and this would be "
            f"{len(state.chargers)}; make it a garage to have more of them"
        )

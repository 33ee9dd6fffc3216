"""
What an electrician would say of a set-up that is accepted all the same, and how to mend it.

There is one note of a kind at most, with all that it is about: a garage of five hundred chargers is no
reason for five hundred sentences.
"""

from collections.abc import Callable, Sequence
from typing import Final

from services.installation.fail_safes import FAIL_SAFE_SHARE_MAX, due_a
from services.installation.state import Charger, Installation
from shared.ids import ChargerId
from shared.messages import Note
from shared.messages.balancer import MAIN
from shared.messages.installation_terms import Measures, MeterKind
from shared.phases import PHASES, PhaseSwitching
from shared.units import PILOT_MIN_A, exceeds

NAMES_MAX: Final = 10
ALIKE_MIN: Final = 3
"""From how many chargers on it matters that they begin with the same phase."""


def notes_of(state: Installation) -> tuple[Note, ...]:
    """Look an installation over."""
    if state.description is None:
        return ()
    found = (look(state) for look in LOOKS)
    return tuple(note for note in found if note is not None)


def _named(names: Sequence[str]) -> str:
    """Name some, and say how many more there are."""
    told = ", ".join(names[:NAMES_MAX])
    more = len(names) - NAMES_MAX
    return f"{told} and {more} more" if more > 0 else told


def _note(code: str, state: Installation, text: str, mend: str, *ids: str) -> Note:
    """About the one thing there is, or else about the installation."""
    about = ids[0] if len(ids) == 1 else state.installation_id
    return Note(code=code, about=about, text=text, mend=mend)


def _in_use(state: Installation) -> dict[ChargerId, Charger]:
    """Locked chargers are out of use, and nobody has to mend anything about them."""
    return {it: charger for it, charger in state.chargers.items() if charger.lock is None}


# --- Breakers ---


def _circuits_beyond_breaker(state: Installation) -> Note | None:
    beyond = []
    for circuit_id, circuit in state.circuits.items():
        beneath_a = sum(it.set_a for it in state.children(circuit_id) if it.active)
        if exceeds(beneath_a, circuit.set_a):
            beyond.append(
                (circuit_id, f"{circuit.name!r} ({beneath_a:g} A of {circuit.set_a:g} A)")
            )
    if not beyond:
        return None
    return _note(
        "circuits-beyond-breaker",
        state,
        "the circuits beneath have more together than the breaker above them: "
        f"{_named([told for _, told in beyond])}; that is as it should be: what one circuit leaves "
        "unused another one gets, and all of them together are kept within the breaker above",
        "",
        *(_about(state, it) for it, _ in beyond),
    )


def _about(state: Installation, circuit_id: str) -> str:
    return state.installation_id if circuit_id == MAIN else circuit_id


def _maximum_above_breaker(state: Installation) -> Note | None:
    beyond = {}
    for charger_id, charger in _in_use(state).items():
        circuit = state.circuits[charger.circuit_id]
        if charger.breaker_a is not None and exceeds(charger.max_a, charger.breaker_a):
            behind = f"its own breaker of {charger.breaker_a:g} A"
        elif exceeds(charger.max_a, circuit.set_a):
            behind = f"{circuit.name!r} set to {circuit.set_a:g} A"
        else:
            continue
        beyond[charger_id] = f"{charger.name!r} with {charger.max_a:g} A behind {behind}"
    if not beyond:
        return None
    return _note(
        "maximum-above-breaker",
        state,
        f"more is set for a charger than its breaker gives: {_named([*beyond.values()])}; we never "
        "tell it more than the breaker gives, and nothing but that keeps it there",
        "lower the highest current of the charger to that of its breaker, here and in the charger "
        "itself, or enter the breaker's rating again if it is a larger one",
        *beyond,
    )


def _minimum_above_breaker(state: Installation) -> Note | None:
    never = {}
    for charger_id, charger in _in_use(state).items():
        lowest_a = min(circuit.set_a for _, circuit in state.path(charger.circuit_id))
        if exceeds(charger.min_a, min(lowest_a, charger.ceiling_a)):
            never[charger_id] = f"{charger.name!r} needs {charger.min_a:g} A"
    if not never:
        return None
    return _note(
        "minimum-above-breaker",
        state,
        f"no car can ever charge where the breakers give less than is needed: "
        f"{_named([*never.values()])}",
        "lower the lowest current of the charger, or enter a larger breaker if there is one",
        *never,
    )


# --- Phases ---


def _one_phase_on_one_line(state: Installation) -> Note | None:
    chargers = {it: one for it, one in _in_use(state).items() if len(one.wiring) == 1}
    lines = {one.wiring[0] for one in chargers.values()}
    grid = state.description and state.description.grid_type
    if not grid or not grid.three_phase or len(chargers) < 2 or len(lines) != 1:
        return None
    line = lines.pop()
    free = " and ".join(it for it in PHASES if it != line)
    return _note(
        "one-phase-chargers-on-one-line",
        state,
        f"all one-phase chargers are wired to {line}, and {free} stay free: "
        f"{_named([it.name for it in chargers.values()])}; they share a third of what the "
        "breakers give",
        "wire them to L1, L2 and L3 in turn, and enter it as their wiring",
        *chargers,
    )


def _same_first_phase(state: Installation) -> Note | None:
    chargers = {it: one for it, one in _in_use(state).items() if len(one.wiring) == len(PHASES)}
    firsts = {one.wiring[0] for one in chargers.values()}
    if len(chargers) < ALIKE_MIN or len(firsts) != 1:
        return None
    return _note(
        "same-first-phase",
        state,
        f"all {len(chargers)} three-phase chargers begin with {firsts.pop()}; a car that charges "
        "with one phase uses the first, so that such cars all stand on the same line",
        "turn the order of the phases from charger to charger (L1 L2 L3, L2 L3 L1, L3 L1 L2), "
        "and enter it as their wiring",
        *chargers,
    )


# --- Fail-safes ---


def _paused_when_lost(state: Installation) -> Note | None:
    paused = {
        it: one
        for it, one in _in_use(state).items()
        if one.fail_safe_a == 0 and one.wished_a != 0
    }
    if not paused:
        return None
    needs = _needed(state, {one.circuit_id for one in paused.values()})
    return _note(
        "paused-when-connection-is-lost",
        state,
        "these chargers fall back to 0 A: they pause when their connection is lost, because the "
        "fail-safes of all may take no more than half of a breaker: "
        f"{_named([it.name for it in paused.values()])}",
        f"for all to go on charging, {_named(needs)}; or move chargers to other circuits",
        *paused,
    )


def _needed(state: Installation, circuit_ids: set[str]) -> list[str]:
    """Say what the breakers above some circuits would have to be set to, to hold all fail-safes."""
    wanted_a = dict.fromkeys(state.circuits, 0.0)
    for charger in _in_use(state).values():
        for breaker_id, _ in state.path(charger.circuit_id):
            wanted_a[breaker_id] += due_a(charger)
    above = {it for circuit_id in circuit_ids for it, _ in state.path(circuit_id)}
    return [
        f"set {state.called(it)} to at least {wanted_a[it] / FAIL_SAFE_SHARE_MAX:g} A"
        for it in state.circuits
        if it in above and exceeds(wanted_a[it] / FAIL_SAFE_SHARE_MAX, state.circuits[it].set_a)
    ]


# --- Settings ---


def _fail_safes_beyond_available(state: Installation) -> Note | None:
    if state.available_a is None or state.description is None:
        return None
    lowest_a = min(state.available_a[: len(state.description.grid_type.lines)])
    fail_safes_a = sum(it.fail_safe_a for it in state.chargers.values())
    if not exceeds(fail_safes_a, lowest_a):
        return None
    return _note(
        "fail-safes-beyond-available",
        state,
        f"{lowest_a:g} A are available on a phase, and the chargers fall back to {fail_safes_a:g} A "
        "together when their connections are lost",
        "wish for a fail-safe of 0 A where charging may pause, or make more current available",
        state.installation_id,
    )


def _phases_not_switched(state: Installation) -> Note | None:
    """It takes both: a switch current, and chargers that can be told."""
    chargers = _in_use(state)
    able = [it for it in chargers if chargers[it].phase_switching is not PhaseSwitching.NONE]
    if bool(able) == (state.switch_current_a is not None):
        return None
    text = "no charger here is known to switch phases, and the switch current has no effect"
    mend = "enter which chargers can switch phases"
    if able:
        names = _named([chargers[it].name for it in able])
        text = f"these chargers can switch phases and never do: {names}"
        mend = "set the installation's switch current, such as 15 A"
    return _note("phases-not-switched", state, text, mend, *able)


def _drivers_are_asked(state: Installation) -> Note | None:
    if not state.authentication_required:
        return None
    return _note(
        "drivers-are-asked",
        state,
        "drivers must show who they are: whoever has the role user or owner here may charge, with a "
        "card that is registered or in the app; nobody else can",
        "give roles with ampledger role grant and register cards with ampledger card register",
        state.installation_id,
    )


# --- Meters and limits ---


def _nothing_beside_load(state: Installation) -> Note | None:
    """While its meter is silent, the most that a load may be is set aside."""
    without = {
        it: f"{circuit.name!r} ({circuit.set_a:g} A, {state.unmanaged_a(it):g} A of it other load)"
        for it, circuit in state.circuits.items()
        if state.beneath(it)
        and state.unmanaged_a(it) > 0
        and exceeds(PILOT_MIN_A, circuit.set_a - state.unmanaged_a(it))
    }
    if not without:
        return None
    return _note(
        "nothing-beside-other-load",
        state,
        "no car charges here while the meter is silent, because the other load may take nearly all "
        f"of the breaker: {_named([*without.values()])}",
        "enter what the load really is at most, if that is less than was entered",
        *(_about(state, it) for it in without),
    )


def _missing_phase(state: Installation) -> Note | None:
    if state.description is None:
        return None
    lines = state.description.grid_type.lines
    partly = [it for it, meter in state.meters.items() if len(meter.phases) < len(lines)]
    if not partly:
        return None
    return _note(
        "phase-not-measured",
        state,
        f"not every phase is measured by {_named(partly)}; in an IT grid one phase is bounded by the "
        "sum of the two others, everywhere else the most that the load may be is set aside there",
        "use a meter that gives all phases, if capacity matters",
        *partly,
    )


def _total_hides(state: Installation) -> Note | None:
    """A part of what a meter measures already is counted once, by that meter."""
    whole = {it.circuit_id for it in state.meters.values() if it.measures is Measures.TOTAL}
    hidden = [
        it
        for it, meter in state.meters.items()
        if meter.measures is Measures.LOAD_ONLY
        and meter.kind is not MeterKind.SOLAR
        and meter.circuit_id in whole
    ]
    if not hidden:
        return None
    return _note(
        "load-measured-already",
        state,
        f"another meter measures all of the same breaker, so these change nothing: {_named(hidden)}",
        "nothing needs doing; remove them, or put them at the circuit they belong to",
        *hidden,
    )


LOOKS: Final[tuple[Callable[[Installation], Note | None], ...]] = (
    _circuits_beyond_breaker,
    _maximum_above_breaker,
    _minimum_above_breaker,
    _one_phase_on_one_line,
    _same_first_phase,
    _paused_when_lost,
    _fail_safes_beyond_available,
    _phases_not_switched,
    _drivers_are_asked,
    _nothing_beside_load,
    _missing_phase,
    _total_hides,
)
"""What is looked at, in the order in which it is told."""

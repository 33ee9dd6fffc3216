"""
What chargers fall back to by themselves when nobody tells them a limit.

Fail-safes are shared out over the whole installation, in the order in which chargers were assigned:
each gets what an installer wished for it, or the lowest current a car can charge with, as long as all
of them together leave their part of every breaker above it; and nothing otherwise. They are counted
on every phase: nobody watches phases when the connection is lost. So they are in an IT grid, where
whatever stands on all lines adds in full at the worst: phasors would leave no more room for them.
"""

from collections.abc import Iterator
from typing import Final

from services.installation.refusals import FailSafeDoesNotFit, FailSafeNotOfferable
from services.installation.state import Charger, Installation
from shared.ids import ChargerId, CircuitId
from shared.messages.balancer import MAIN
from shared.messages.installation import FailSafeSet
from shared.units import PILOT_MIN_A, STEP_A, TOLERANCE_A, exceeds, offerable

FAIL_SAFE_SHARE_MAX: Final = 0.5
"""What of a breaker fail-safes may take together. A charger that is not connected has its fail-safe set
aside for it, so more would leave those that are connected too little."""


def due_a(charger: Charger) -> float:
    """What a charger is to fall back to where there is room for it, in amperes per phase."""
    return PILOT_MIN_A if charger.wished_a is None else charger.wished_a


def part_a(state: Installation, circuit_id: CircuitId) -> float:
    """What fail-safes may take of a breaker together, in amperes per phase: beside the most that other
    load may be, for when the connection is lost nobody makes room for that; and of the main breaker, a
    part of the least that a schedule leaves at any time, for nobody tells them the time either."""
    set_a = state.circuits[circuit_id].set_a
    beside_a = max(0.0, set_a - state.unmanaged_a(circuit_id))
    return min(_usable_a(state, circuit_id) * FAIL_SAFE_SHARE_MAX, beside_a)


def _usable_a(state: Installation, circuit_id: CircuitId) -> float:
    set_a = state.circuits[circuit_id].set_a
    if circuit_id != MAIN or state.schedule is None or state.description is None:
        return set_a
    lowest_a = state.schedule.lowest_ever_a()
    lines = len(state.description.grid_type.lines)
    return set_a if lowest_a is None else min(set_a, *lowest_a[:lines])


def shared_out(state: Installation) -> dict[ChargerId, float]:
    """Share out the fail-safes of all chargers, in amperes per phase."""
    circuits = {it.circuit_id for it in state.chargers.values()}
    paths = {it: [above for above, _ in state.path(it)] for it in circuits}
    in_use = {it for it in circuits if state.inactive(it) is None}
    room_a = {it: part_a(state, it) for it in state.circuits}
    shares_a = {}
    for charger_id, charger in state.chargers.items():
        path = paths[charger.circuit_id]
        share_a = due_a(charger)
        out_of_use = charger.lock is not None or charger.circuit_id not in in_use
        if out_of_use or any(exceeds(share_a, room_a[it]) for it in path):
            share_a = 0.0
        for breaker_id in path:
            room_a[breaker_id] -= share_a
        shares_a[charger_id] = share_a
    return shares_a


def room_beside_others(state: Installation, charger_id: ChargerId) -> tuple[float, CircuitId]:
    """Find the fail-safe that fits while all others keep theirs, in amperes per phase, and the breaker
    that leaves no more.
    """
    others_a = dict.fromkeys(state.circuits, 0.0)
    for other_id, other in state.chargers.items():
        if other_id != charger_id:
            for breaker_id, _ in state.path(other.circuit_id):
                others_a[breaker_id] += other.fail_safe_a
    circuit_id = state.chargers[charger_id].circuit_id
    return min((part_a(state, it) - others_a[it], it) for it, _ in state.path(circuit_id))


# --- What may be wished ---


def check_offerable(charger: Charger, wished_a: float) -> None:
    """Have a fail-safe be something that the charger can offer."""
    if exceeds(wished_a, offerable(wished_a)):
        raise FailSafeNotOfferable(
            f"a car cannot be offered {wished_a:g} A; wish for 0 A, which pauses {charger.name!r} "
            f"when the connection is lost, or for at least {PILOT_MIN_A:g} A in steps of {STEP_A:g} A"
        )
    if exceeds(wished_a, charger.ceiling_a):
        raise FailSafeDoesNotFit(
            f"a fail-safe of {wished_a:g} A is more than {charger.name!r} can offer behind its own "
            f"breaker; wish for a fail-safe of at most {charger.ceiling_a:g} A"
        )


def check_room(state: Installation, charger_id: ChargerId, wished_a: float) -> None:
    """Have a fail-safe fit every breaker while all other chargers keep theirs."""
    room_a, breaker_id = room_beside_others(state, charger_id)
    if wished_a > 0 and exceeds(wished_a, room_a):
        # Rounded down: what is said to fit does.
        fits_a = offerable(room_a)
        set_a = state.circuits[breaker_id].set_a
        raise FailSafeDoesNotFit(
            f"a fail-safe of {wished_a:g} A for {state.chargers[charger_id].name!r} does not fit "
            f"behind {state.called(breaker_id)}: all fail-safes together may take "
            f"{part_a(state, breaker_id):g} A of the {set_a:g} A it is set to, and the other "
            f"chargers' leave {fits_a:g} A; wish for at most {fits_a:g} A, or lower another one's "
            "fail-safe first"
        )


# --- What changes with the layout ---


def adjusted(state: Installation, installation_id: str) -> tuple[FailSafeSet, ...]:
    """Say whose fail-safe is another one than it was, after a change of the layout: those first that
    make room.
    """
    return tuple(
        sorted(_differences(state, installation_id), key=lambda it: it.fail_safe_a > 0)
    )


def _differences(state: Installation, installation_id: str) -> Iterator[FailSafeSet]:
    for charger_id, share_a in shared_out(state).items():
        charger = state.chargers[charger_id]
        if abs(share_a - charger.fail_safe_a) > TOLERANCE_A:
            wished = charger.wished_a is not None and share_a == charger.wished_a
            yield fail_safe_set(installation_id, charger_id, share_a, wished=wished)


def fail_safe_set(
    installation_id: str, charger_id: ChargerId, fail_safe_a: float, *, wished: bool
) -> FailSafeSet:
    """Say what a charger falls back to from now on."""
    return FailSafeSet(
        installation_id=installation_id,
        charger_id=charger_id,
        fail_safe_a=fail_safe_a,
        wished=wished,
    )

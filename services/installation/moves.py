"""
Decisions about where a charger stands: on which circuit, and in which installation.

Within its installation a charger is moved; to another installation it is removed from the one and
assigned to the other at the same moment, with all that was said of it.
"""

from services.installation import facts, fail_safes
from services.installation.checks import (
    check_in_use,
    check_unlocked,
    check_whole,
    described,
    existing_charger,
    existing_circuit,
)
from services.installation.evolve import fold
from services.installation.language import InstallationEvent
from services.installation.state import Charger, Installation
from shared.messages.installation import ChargerMoved
from shared.messages.installation_commands import MoveCharger

Events = tuple[InstallationEvent, ...]


def leads_elsewhere(command: MoveCharger) -> bool:
    """Tell whether a move is to another installation."""
    return command.to_installation_id not in {None, command.installation_id}


def decide(command: MoveCharger, state: Installation) -> tuple[ChargerMoved, ...]:
    """Move a charger within its installation."""
    described(state, command.installation_id)
    charger = existing_charger(state, command.charger_id)
    check_unlocked(state, charger)
    existing_circuit(state, command.circuit_id)
    if charger.circuit_id == command.circuit_id:
        return ()
    check_in_use(state, command.circuit_id)
    return (
        ChargerMoved(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            from_circuit_id=charger.circuit_id,
            circuit_id=command.circuit_id,
        ),
    )


def decide_across(
    command: MoveCharger, states: tuple[Installation, ...]
) -> tuple[Events, Events]:
    """
    Move a charger to another installation.

    Args:
        command: a wish that leads elsewhere.
        states: the installation that it leaves, and the one that it comes to.

    Returns:
        The events of the one and of the other, in the same order; none when it is already so.
    """
    here, there = states
    here_id, there_id = command.installation_id, str(command.to_installation_id)
    described(here, here_id)
    described(there, there_id)
    if _stands_there(command, here, there):
        return (), ()
    charger = existing_charger(here, command.charger_id)
    check_unlocked(here, charger)
    existing_circuit(there, command.circuit_id)
    check_in_use(there, command.circuit_id)
    left = facts.removed(here_id, command.charger_id, charger, moved_to=there_id)
    arrived = _arriving(command, charger, there)
    after = fold(arrived, there)
    check_whole(after)
    return (
        (left, *fail_safes.adjusted(fold((left,), here), here_id)),
        (*arrived, *fail_safes.adjusted(after, there_id)),
    )


def _stands_there(command: MoveCharger, here: Installation, there: Installation) -> bool:
    charger = there.chargers.get(command.charger_id)
    return (
        charger is not None
        and charger.circuit_id == command.circuit_id
        and here.gone.get(command.charger_id) == command.to_installation_id
    )


def _arriving(command: MoveCharger, charger: Charger, there: Installation) -> Events:
    """What is said of a charger goes with it. The fail-safe that was wished for it does where it fits;
    otherwise it was a wish for another place.
    """
    there_id, charger_id = str(command.to_installation_id), command.charger_id
    assigned = facts.assigned(
        there_id,
        command.circuit_id,
        facts.as_described(charger_id, charger),
        moved_from=command.installation_id,
    )
    standing = fold((assigned,), there)
    settings: list[InstallationEvent] = []
    if charger.wished_a is not None:
        wished = fail_safes.fail_safe_set(there_id, charger_id, charger.wished_a, wished=True)
        hoped = fold((wished,), standing)
        if fail_safes.shared_out(hoped)[charger_id] == charger.wished_a:
            standing = hoped
            settings.append(wished)
    if charger.priority:
        settings.append(facts.priority_set(there_id, charger_id, charger.priority))
    if charger.authentication_required is not None:
        settings.append(
            facts.authentication_required_set(
                there_id, charger_id, required=charger.authentication_required
            )
        )
    share_a = fail_safes.shared_out(standing)[charger_id]
    return (assigned.model_copy(update={"fail_safe_a": share_a}), *settings)

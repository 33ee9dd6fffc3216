"""A charger goes from one installation to another one: out of the one and into the other at once."""

from typing import Any

import pytest

from services.installation.decider import installation, moving
from services.installation.language import InstallationEvent
from services.installation.moves import leads_elsewhere
from services.installation.refusals import (
    CircuitInactive,
    HomeTooLarge,
    InstallationInactive,
    SerialIsLocked,
    UnknownCharger,
    UnknownCircuit,
    UnknownInstallation,
    WiringDoesNotFitGrid,
)
from shared.decider import Refused
from shared.messages.balancer import MAIN
from shared.messages.installation import InstallationDeactivated, PrioritySet
from shared.messages.installation_commands import MoveCharger
from shared.messages.installation_terms import InstallationType
from shared.phases import GridType, Phase
from tests.unit.installation.facts import (
    GARAGE,
    OTHER,
    added,
    assigned,
    created,
    deactivated,
    fact,
    fail_safe,
    locked,
    removed,
    wish,
)

Events = tuple[InstallationEvent, ...]

HERE: Events = (created(), added(), assigned(1))


def there(*events: InstallationEvent, **changes: Any) -> Events:
    """The same garage once more, on the hill."""
    moved = (it.model_copy(update={"installation_id": OTHER}) for it in events)
    return (created(installation_id=OTHER, name="Hill garage", **changes), *moved)


THERE = there(added("roof"), assigned(7, circuit_id="roof"))


def move(circuit_id: str = "roof", number: int = 1, to: str = OTHER) -> MoveCharger:
    return wish(
        MoveCharger, charger_id=f"bay-{number}", circuit_id=circuit_id, to_installation_id=to
    )


def decided(command: MoveCharger, here: Events, beyond: Events) -> tuple[Events, Events]:
    """Decide, and see that the same command comes to nothing afterwards."""
    states = (installation.fold(here), installation.fold(beyond))
    left, arrived = moving.decide(command, states)
    after = (installation.fold(left, states[0]), installation.fold(arrived, states[1]))
    assert moving.decide(command, after) == ((), ()), "it happened again"
    return left, arrived


def refused(command: MoveCharger, here: Events, beyond: Events) -> Refused:
    states = (installation.fold(here), installation.fold(beyond))
    with pytest.raises(Refused) as raised:
        moving.decide(command, states)
    return raised.value


def arrival(number: int = 1, fail_safe_a: float = 6.0, **changes: Any) -> InstallationEvent:
    return assigned(
        number, fail_safe_a, "roof", installation_id=OTHER, moved_from=GARAGE, **changes
    )


def test_it_is_removed_from_the_one_and_assigned_to_the_other() -> None:
    assert decided(move(), HERE, THERE) == ((removed(1, moved_to=OTHER),), (arrival(),))


def test_everything_that_was_said_of_it_goes_along() -> None:
    said: dict[str, Any] = {
        "name": "By the gate",
        "wiring": (Phase.L2,),
        "max_a": 20.0,
        "min_a": 8.0,
        "breaker_a": 25.0,
    }
    first = fact(PrioritySet, charger_id="bay-1", priority=9)
    here = (created(), added(), assigned(1, **said), first, fail_safe(1, 12, wished=True))

    _, arrived = decided(move(), here, THERE)

    assert arrived == (
        arrival(1, 12.0, **said),
        fail_safe(1, 12, wished=True).model_copy(update={"installation_id": OTHER}),
        first.model_copy(update={"installation_id": OTHER}),
    )


def test_a_wish_for_no_fail_safe_goes_along() -> None:
    here = (*HERE, fail_safe(1, 0, wished=True))

    _, (arrived, *wishes) = decided(move(), here, THERE)

    assert arrived == arrival(1, 0.0)
    assert [it.model_dump()["wished"] for it in wishes] == [True]


def test_a_wish_that_does_not_fit_there_stays_behind() -> None:
    here = (*HERE, fail_safe(1, 20, wished=True))
    narrow = there(added("roof", 24))

    assert decided(move(), here, narrow)[1] == (arrival(1, 6.0),)


def test_fail_safes_follow_in_both_installations() -> None:
    here = (created(), added(breaker_a=12), assigned(1), assigned(2, 0.0))
    full = there(added("roof", 12), assigned(7, circuit_id="roof"))

    left, arrived = decided(move(), here, full)

    assert left == (removed(1, moved_to=OTHER), fail_safe(2, 6))
    assert arrived == (arrival(1, 0.0),)


def test_a_charger_that_comes_back_is_known_again() -> None:
    here = (*HERE, removed(1, moved_to=OTHER))
    back = wish(
        MoveCharger,
        installation_id=OTHER,
        charger_id="bay-1",
        circuit_id="level-1",
        to_installation_id=GARAGE,
    )

    left, arrived = decided(back, (*THERE, arrival()), here)

    assert left == (removed(1, moved_to=GARAGE).model_copy(update={"installation_id": OTHER}),)
    assert arrived == (assigned(1, moved_from=OTHER),)


@pytest.mark.parametrize(
    ("here", "beyond", "refusal", "says"),
    [
        ((), THERE, UnknownInstallation, GARAGE),
        (HERE, (), UnknownInstallation, OTHER),
        ((created(), added()), THERE, UnknownCharger, "bay-1"),
        (HERE, there(added("cellar")), UnknownCircuit, "roof"),
        (HERE, there(added("roof"), deactivated("roof")), CircuitInactive, "'roof'"),
        (
            HERE,
            there(added("roof"), fact(InstallationDeactivated)),
            InstallationInactive,
            "'Hill garage'",
        ),
        (
            (*HERE, locked(1), deactivated(), fail_safe(1, 0)),
            THERE,
            SerialIsLocked,
            "circuit 'level-1' was deactivated",
        ),
        (
            HERE,
            there(added("roof"), grid_type=GridType.TN_1_PHASE),
            WiringDoesNotFitGrid,
            "wire it to L1",
        ),
        (
            HERE,
            there(
                added("roof"),
                *(assigned(it, circuit_id="roof") for it in (7, 8, 9)),
                type=InstallationType.HOME,
            ),
            HomeTooLarge,
            "3 chargers",
        ),
    ],
)
def test_a_move_that_cannot_be_is_refused(
    here: Events, beyond: Events, refusal: type[Refused], says: str
) -> None:
    said = refused(move(), here, beyond)

    assert type(said) is refusal
    assert says in said.detail


def test_nothing_is_moved_to_the_main_breaker() -> None:
    assert isinstance(refused(move(MAIN), HERE, THERE), UnknownCircuit)


def test_a_charger_that_went_on_to_another_circuit_is_to_be_asked_for_there() -> None:
    here, beyond = (*HERE, removed(1, moved_to=OTHER)), (*THERE, added("cellar"), arrival())

    said = refused(move("cellar"), here, beyond)

    assert isinstance(said, UnknownCharger)
    assert OTHER in said.detail


def test_a_move_within_the_installation_leads_nowhere_else() -> None:
    assert leads_elsewhere(move())
    assert not leads_elsewhere(move(to=GARAGE))
    assert not leads_elsewhere(move().model_copy(update={"to_installation_id": None}))

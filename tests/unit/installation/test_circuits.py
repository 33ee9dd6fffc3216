"""Circuits: breakers that protect each other, wherever they hang."""

import pytest

from services.installation.decider import installation
from services.installation.language import InstallationEvent
from services.installation.refusals import (
    BreakerAboveParent,
    BreakerBelowChildren,
    CircuitExists,
    CircuitInactive,
    CircuitWithinItself,
    InstallationInactive,
    SetValueAboveRating,
    UnknownCircuit,
    UnknownParent,
)
from shared.messages.balancer import MAIN
from shared.messages.installation import CircuitChanged, CircuitMoved, InstallationDeactivated
from shared.messages.installation_commands import ChangeCircuit, MoveCircuit
from tests.support.scenario import given
from tests.unit.installation.facts import (
    add,
    added,
    assign,
    assigned,
    charger,
    created,
    deactivated,
    fact,
    fail_safe,
    wish,
)


def change(circuit_id: str = "level-1", **changes: object) -> ChangeCircuit:
    return wish(ChangeCircuit, circuit_id=circuit_id, **changes)


def circuit_changed(circuit_id: str = "level-1", **changes: object) -> CircuitChanged:
    present = {"name": circuit_id, "breaker_a": 63.0, "set_a": 63.0}
    return fact(CircuitChanged, circuit_id=circuit_id, **present | changes)


def move(circuit_id: str, parent_id: str | None) -> MoveCircuit:
    return wish(MoveCircuit, circuit_id=circuit_id, parent_id=parent_id)


def moved(circuit_id: str, parent_id: str | None) -> CircuitMoved:
    return fact(CircuitMoved, circuit_id=circuit_id, parent_id=parent_id)


# --- To add ---


def test_a_circuit_is_added_beneath_the_main_breaker() -> None:
    given(installation, created()).when(add()).then(added())


def test_the_main_breaker_may_be_named_as_the_parent() -> None:
    given(installation, created()).when(add(parent_id=MAIN)).then(added())


def test_the_set_value_is_the_rating_unless_given() -> None:
    given(installation, created()).when(add(breaker_a=63)).then(added(breaker_a=63, set_a=63))


def test_a_set_value_below_the_rating_is_taken() -> None:
    given(installation, created()).when(add(breaker_a=63, set_a=50)).then(added(set_a=50))


def test_a_set_value_above_the_rating_is_refused() -> None:
    given(installation, created()).when(add(breaker_a=63, set_a=64)).then_refused(
        SetValueAboveRating, "64 A", "at most 63 A"
    )


def test_a_breaker_as_large_as_the_one_above_it_is_taken() -> None:
    given(installation, created()).when(add(breaker_a=160)).then(added(breaker_a=160))


def test_a_breaker_above_the_main_breaker_is_refused() -> None:
    given(installation, created()).when(add(breaker_a=160.1)).then_refused(
        BreakerAboveParent, "160 A", "'Harbour garage'"
    )


def test_a_breaker_above_its_parents_is_refused_though_below_the_main_breaker() -> None:
    given(installation, created(), added(breaker_a=63)).when(
        add("wing", breaker_a=80, parent_id="level-1")
    ).then_refused(BreakerAboveParent, "at most 63 A")


def test_a_circuit_beneath_one_that_does_not_exist_is_refused() -> None:
    given(installation, created()).when(add("wing", parent_id="level-9")).then_refused(
        UnknownParent, "level-9", "add it first"
    )


def test_circuits_nest_to_any_depth() -> None:
    history: list[InstallationEvent] = [created()]
    parent_id = None
    for depth in range(1, 7):
        circuit_id, breaker_a = f"depth-{depth}", 160.0 - 10 * depth
        command = add(circuit_id, breaker_a, parent_id=parent_id)
        event = added(circuit_id, breaker_a, parent_id=parent_id)
        given(installation, *history).when(command).then(event)
        history.append(event)
        parent_id = circuit_id
    given(installation, *history).when(assign(charger(), circuit_id="depth-6")).then(
        assigned(circuit_id="depth-6")
    )


def test_the_same_circuit_again_is_nothing_new() -> None:
    given(installation, created(), added()).when(add()).then_nothing_happened()


@pytest.mark.parametrize(
    "other",
    [{"name": "Cellar"}, {"breaker_a": 32.0}, {"set_a": 50.0}, {"parent_id": "level-2"}],
)
def test_another_circuit_under_the_same_id_is_refused(other: dict[str, object]) -> None:
    given(installation, created(), added(), added("level-2")).when(add(**other)).then_refused(  # type: ignore[arg-type]
        CircuitExists, "level-1", "choose another id"
    )


def test_a_circuit_cannot_take_the_main_breakers_name() -> None:
    given(installation, created()).when(add(MAIN)).then_refused(CircuitExists)


def test_a_circuit_that_is_out_of_use_is_not_added_again() -> None:
    given(installation, created(), added(), deactivated()).when(add()).then_nothing_happened()


def test_nothing_is_added_beneath_a_circuit_that_is_out_of_use() -> None:
    history = (created(), added(), added("wing", 40, parent_id="level-1"), deactivated())
    given(installation, *history).when(add("room", 16, parent_id="wing")).then_refused(
        CircuitInactive, "'level-1'", "reactivate it first"
    )


def test_nothing_is_added_to_an_installation_that_is_out_of_use() -> None:
    given(installation, created(), fact(InstallationDeactivated)).when(add()).then_refused(
        InstallationInactive, "'Harbour garage'", "reactivate it first"
    )


# --- To change ---


@pytest.mark.parametrize(
    "changes", [{"name": "Cellar"}, {"set_a": 40.0}, {"breaker_a": 100.0}, {"breaker_a": 160.0}]
)
def test_what_is_given_changes_and_the_rest_stays(changes: dict[str, object]) -> None:
    given(installation, created(), added()).when(change(**changes)).then(
        circuit_changed(**changes)
    )


def test_breaker_and_set_value_are_lowered_together() -> None:
    both = {"breaker_a": 40.0, "set_a": 32.0}
    given(installation, created(), added()).when(change(**both)).then(circuit_changed(**both))


def test_a_change_to_what_it_is_already_is_nothing_new() -> None:
    given(installation, created(), added()).when(
        change(name="level-1", breaker_a=63)
    ).then_nothing_happened()


@pytest.mark.parametrize("changes", [{"breaker_a": 50}, {"set_a": 64}])
def test_the_set_value_stays_at_or_below_the_breaker(changes: dict[str, object]) -> None:
    given(installation, created(), added()).when(change(**changes)).then_refused(
        SetValueAboveRating, "set at most"
    )


def test_a_breaker_does_not_grow_above_the_one_above_it() -> None:
    history = (created(), added(), added("wing", 40, parent_id="level-1"))
    given(installation, *history).when(change("wing", breaker_a=64)).then_refused(
        BreakerAboveParent, "'level-1'", "at most 63 A"
    )
    given(installation, *history).when(change("level-1", breaker_a=161)).then_refused(
        BreakerAboveParent, "'Harbour garage'", "at most 160 A"
    )


def test_a_breaker_does_not_shrink_below_those_beneath_it() -> None:
    beneath = (added("east", 40, parent_id="level-1"), added("west", 50, parent_id="level-1"))
    given(installation, created(), added(), *beneath).when(
        change(breaker_a=32, set_a=32)
    ).then_refused(
        BreakerBelowChildren, "'east' with 40 A", "'west' with 50 A", "at least 50 A"
    )


def test_a_lower_set_value_leaves_less_for_fail_safes() -> None:
    chargers = (assigned(1), assigned(2), assigned(3))
    given(installation, created(), added(), *chargers).when(change(set_a=24)).then(
        circuit_changed(set_a=24.0), fail_safe(3, 0)
    )


def test_a_higher_set_value_leaves_more_for_fail_safes() -> None:
    chargers = (assigned(1), assigned(2), assigned(3, 0.0))
    given(installation, created(), added(set_a=24), *chargers).when(change(set_a=63)).then(
        circuit_changed(), fail_safe(3, 6)
    )


@pytest.mark.parametrize("circuit_id", ["level-9", MAIN])
def test_only_a_circuit_that_exists_is_changed(circuit_id: str) -> None:
    given(installation, created(), added()).when(
        change(circuit_id, name="Cellar")
    ).then_refused(UnknownCircuit, circuit_id)


def test_whoever_takes_the_main_breaker_for_a_circuit_is_told_what_it_is() -> None:
    given(installation, created()).when(change(MAIN, breaker_a=32)).then_refused(
        UnknownCircuit, "main breaker", "change or deactivate the installation"
    )


def test_a_circuit_is_changed_while_it_is_out_of_use() -> None:
    given(installation, created(), added(), deactivated()).when(change(name="Cellar")).then(
        circuit_changed(name="Cellar")
    )


# --- To move ---

TREE = (created(), added("level-1", 63), added("level-2", 100), added("east", 40))


def test_a_circuit_is_moved_beneath_another_one_and_back() -> None:
    beneath = moved("east", "level-1")
    given(installation, *TREE).when(move("east", "level-1")).then(beneath)
    given(installation, *TREE, beneath).when(move("east", None)).then(moved("east", None))
    given(installation, *TREE, beneath).when(move("east", MAIN)).then(moved("east", None))


def test_where_it_hangs_already_is_nothing_new() -> None:
    given(installation, *TREE).when(move("east", None)).then_nothing_happened()
    given(installation, *TREE).when(move("east", MAIN)).then_nothing_happened()


@pytest.mark.parametrize("parent_id", ["level-1", "east", "room"])
def test_a_circuit_never_hangs_beneath_itself(parent_id: str) -> None:
    beneath = (moved("east", "level-1"), added("room", 16, parent_id="east"))
    given(installation, *TREE, *beneath).when(move("level-1", parent_id)).then_refused(
        CircuitWithinItself, "'level-1'"
    )


def test_a_breaker_fits_beneath_the_one_it_is_moved_to() -> None:
    given(installation, *TREE).when(move("level-2", "level-1")).then_refused(
        BreakerAboveParent, "100 A", "63 A", "'level-1'"
    )


def test_only_circuits_that_exist_are_moved_and_moved_to() -> None:
    given(installation, *TREE).when(move("level-9", "level-1")).then_refused(UnknownCircuit)
    given(installation, *TREE).when(move(MAIN, "level-1")).then_refused(UnknownCircuit)
    given(installation, *TREE).when(move("east", "level-9")).then_refused(
        UnknownParent, "level-9"
    )


def test_nothing_is_moved_beneath_what_is_out_of_use() -> None:
    given(installation, *TREE, deactivated("level-1")).when(
        move("east", "level-1")
    ).then_refused(CircuitInactive, "'level-1'")
    given(installation, *TREE, fact(InstallationDeactivated)).when(
        move("east", "level-1")
    ).then_refused(InstallationInactive)


def test_what_went_down_with_a_circuit_is_not_moved_away_from_it() -> None:
    """It comes back with that circuit; elsewhere it would stay locked for ever."""
    given(installation, *TREE, moved("east", "level-1"), deactivated("level-1")).when(
        move("east", "level-2")
    ).then_refused(CircuitInactive, "'level-1'", "reactivate that first")


def test_a_circuit_that_is_out_of_use_by_itself_is_moved() -> None:
    given(installation, *TREE, deactivated("east")).when(move("east", "level-1")).then(
        moved("east", "level-1")
    )


def test_fail_safes_follow_the_move_of_a_circuit() -> None:
    tree = (created(), added("level-1", 24), added("level-2", 24), added("east", 24))
    chargers = (assigned(1), assigned(2, circuit_id="east"), assigned(3, circuit_id="east"))
    given(installation, *tree, *chargers).when(move("east", "level-1")).then(
        moved("east", "level-1"), fail_safe(3, 0)
    )
    given(installation, *tree, moved("east", "level-1"), *chargers, fail_safe(3, 0)).when(
        move("east", "level-2")
    ).then(moved("east", "level-2"), fail_safe(3, 6))

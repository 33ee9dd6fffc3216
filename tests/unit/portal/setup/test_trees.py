"""Where circuits and chargers can go, and what is in the way."""

from services.portal.setup.trees import (
    circuits_for_chargers,
    in_order,
    in_the_way,
    parents_for,
    way_to,
)
from tests.unit.portal.facts import GUESTS_LOCKED, LAYOUT


def ids(places: list[tuple[str, str]]) -> list[str]:
    return [it for it, _ in places]


def test_circuits_are_named_as_the_tree_shows_them() -> None:
    assert [(depth, it.name) for depth, it in in_order(LAYOUT)] == [
        (1, "Level 1"),
        (2, "Guests"),
    ]
    assert [it.name for it in way_to(LAYOUT, "guests")] == ["Level 1", "Guests"]


def test_a_circuit_hangs_nowhere_beneath_itself_nor_on_a_smaller_breaker() -> None:
    assert ids(parents_for(LAYOUT)) == ["main", "level-1", "guests"]
    assert ids(parents_for(LAYOUT, "level-1")) == ["main"]
    assert ids(parents_for(LAYOUT, "guests")) == ["main", "level-1"]
    assert ids(parents_for(LAYOUT, breaker_a=63.0)) == ["main", "level-1"]


def test_nothing_is_put_on_what_is_out_of_use() -> None:
    assert ids(parents_for(GUESTS_LOCKED)) == ["main", "level-1"]
    assert ids(circuits_for_chargers(GUESTS_LOCKED)) == ["level-1"]
    assert ids(circuits_for_chargers(LAYOUT, frozenset({"guests"}))) == ["level-1"]


def test_chargers_beneath_are_in_the_way_and_locked_ones_are_not() -> None:
    assert [it.name for it in in_the_way(LAYOUT, "level-1")] == ["Bay 1", "Bay 2"]
    assert [it.name for it in in_the_way(LAYOUT, "guests")] == ["Bay 2"]
    assert in_the_way(GUESTS_LOCKED, "guests") == []

"""States folded from events of several logs, and what differs between two of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.history.differences import Difference, Part, differences
from shared.history.folding import evolve, fold, is_folded
from shared.history.states import Installation
from shared.history.wording import Words, describe
from shared.messages import Event
from shared.messages.installation import (
    AvailableCurrentSet,
    ChargerMoved,
    CircuitMoved,
    CircuitReactivated,
    ImbalanceLimitSet,
    InstallationDeactivated,
)
from shared.messages.registry import EVENTS
from shared.messages.telemetry import ChargerDisconnected
from tests.unit.history.facts import (
    BAY,
    GARAGE,
    added,
    allotted,
    assigned,
    connected,
    created,
    deactivated,
    locked,
    narrowed,
    removed,
    unlocked,
)


def garage(*events: Event) -> Installation:
    begin = (created(), added("level-1"), added("level-2"), assigned())
    return fold(GARAGE, [*begin, *events])


def told(before: Installation, after: Installation) -> list[str]:
    return describe(differences(before, after), Words(before, after))


def test_nothing_differs_from_itself() -> None:
    assert differences(garage(), garage()) == []


def test_a_difference_names_what_it_is_about_and_both_values() -> None:
    before, after = garage(), garage(narrowed(set_a=50.0))

    assert differences(before, after) == [
        Difference(Part.CIRCUIT, "level-2", "set_a", 63.0, 50.0)
    ]
    assert told(before, after) == ["circuit Level 2: set value 63 A → 50 A"]


def test_a_move_is_told_by_the_names_of_circuits() -> None:
    moved = ChargerMoved(
        installation_id=GARAGE, charger_id=BAY, from_circuit_id="level-2", circuit_id="level-1"
    )

    assert told(garage(), garage(moved)) == ["Bay 3 (ZAP000123): circuit Level 2 → Level 1"]


def test_what_came_and_what_went_is_told_as_such() -> None:
    assert told(garage(removed()), garage()) == ["Bay 3 (ZAP000123): added"]
    assert told(garage(), garage(removed())) == ["Bay 3 (ZAP000123): gone"]


def test_available_current_is_told_per_phase() -> None:
    limited = AvailableCurrentSet(installation_id=GARAGE, available_a=(80, 80, 60), until=None)

    assert told(garage(), garage(limited)) == [
        (
            "Harbour garage: available current as much as the breakers allow → 80, 80, 60 A on "
            "L1, L2, L3"
        )
    ]


def test_an_imbalance_limit_is_told_as_one() -> None:
    limited = ImbalanceLimitSet(installation_id=GARAGE, imbalance_a=20)

    assert told(garage(), garage(limited)) == ["Harbour garage: imbalance limit none → 20 A"]


def test_an_unlocked_charger_is_as_it_was_before_it_was_locked() -> None:
    assert garage(locked(), unlocked("all is dry again")) == garage()


def test_what_is_out_of_use_is_named_from_the_top() -> None:
    state = garage(
        added("wing", parent_id="level-2"),
        deactivated("wing"),
        deactivated("level-2"),
        InstallationDeactivated(installation_id=GARAGE),
    )

    assert state.out_of_use("wing") == [None, "level-2", "wing"]
    assert state.out_of_use("level-1") == [None]


def test_a_circuit_beneath_a_reactivated_one_stays_as_it_was() -> None:
    state = garage(
        added("wing", parent_id="level-2"),
        deactivated("wing"),
        deactivated("level-2"),
        CircuitReactivated(installation_id=GARAGE, circuit_id="level-2"),
    )

    assert state.out_of_use("wing") == ["wing"]


def test_a_layout_that_is_no_tree_does_not_hang() -> None:
    state = garage(
        CircuitMoved(installation_id=GARAGE, circuit_id="level-1", parent_id="level-2"),
        CircuitMoved(installation_id=GARAGE, circuit_id="level-2", parent_id="level-1"),
    )

    assert [it for it, _ in state.above("level-1")] == ["level-1", "level-2"]


def test_events_of_things_that_are_not_there_change_nothing() -> None:
    state = fold(GARAGE, [narrowed(), deactivated(), locked(), removed()])

    assert state == Installation(GARAGE)


REPORTS = (
    connected(),
    ChargerDisconnected(installation_id=GARAGE, charger_id=BAY, gateway_id="g1", reason="gone"),
)
BALANCE = (allotted(8.0), allotted(12.0, sequence=2))


@given(
    st.permutations(
        [
            *(("layout", it) for it in range(4)),
            *(("report", it) for it in range(2)),
            *(("balance", it) for it in range(2)),
        ]
    )
)
def test_the_order_between_logs_does_not_matter(order: list[tuple[str, int]]) -> None:
    layout = (created(), added("level-2"), assigned(), removed())
    logs: dict[str, list[Event]] = {
        "layout": list(layout),
        "report": list(REPORTS),
        "balance": list(BALANCE),
    }
    mixed = [logs[log].pop(0) for log, _ in order]

    assert fold(GARAGE, mixed) == fold(GARAGE, [*layout, *REPORTS, *BALANCE])


@pytest.mark.parametrize(
    "kind",
    [it for it in EVENTS.values() if it.service == "installation"],
    ids=lambda it: it.__name__,
)
def test_every_event_of_a_layout_is_folded(kind: type[Event]) -> None:
    """One that nobody folds would make every state after it a lie."""
    assert is_folded(kind)


def test_folding_leaves_the_state_before_it_alone() -> None:
    before = garage()
    kept = garage()

    evolve(before, narrowed())

    assert before == kept

"""Chargers of one installation: assigned, changed, moved within it, removed."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from services.installation.decider import installation, installation_at
from services.installation.language import InstallationCommand, InstallationEvent
from services.installation.refusals import (
    BreakerGivenAndTaken,
    ChargerExists,
    CircuitInactive,
    DepartureHasPassed,
    FailSafeDoesNotFit,
    InstallationInactive,
    MinimumAboveMaximum,
    NothingToSwitch,
    SerialIsLocked,
    SerialTaken,
    UnknownCharger,
    UnknownCircuit,
    WiringDoesNotFitGrid,
    WishIncomplete,
)
from shared.messages.balancer import MAIN
from shared.messages.installation import (
    ChargerChanged,
    ChargerMoved,
    ChargingWishSet,
    InstallationDeactivated,
    PrioritySet,
)
from shared.messages.installation_commands import (
    ChangeCharger,
    MoveCharger,
    RemoveCharger,
    SetChargingWish,
    SetFailSafe,
    SetPriority,
)
from shared.phases import PHASES, GridType, Phase, PhaseSwitching
from tests.support.scenario import given
from tests.unit.installation.facts import (
    OTHER,
    added,
    assign,
    assigned,
    charger,
    created,
    deactivated,
    fact,
    fail_safe,
    locked,
    removed,
    wish,
)

HERE: tuple[InstallationEvent, ...] = (created(), added(), added("level-2"), assigned(1))
LOCKED: tuple[InstallationEvent, ...] = (*HERE, locked(1), deactivated(), fail_safe(1, 0))


def change(**changes: object) -> ChangeCharger:
    return wish(ChangeCharger, charger_id="bay-1", **changes)


def charger_changed(**changes: object) -> ChargerChanged:
    present = {
        "charger_id": "bay-1",
        "name": "Bay 1",
        "wiring": PHASES,
        "max_a": 32.0,
        "min_a": 6.0,
        "breaker_a": None,
    }
    return fact(ChargerChanged, **present | changes)


def move(circuit_id: str, to: str | None = None, number: int = 1) -> MoveCharger:
    return wish(
        MoveCharger, charger_id=f"bay-{number}", circuit_id=circuit_id, to_installation_id=to
    )


def moved(from_circuit_id: str, circuit_id: str, number: int = 1) -> ChargerMoved:
    return fact(
        ChargerMoved,
        charger_id=f"bay-{number}",
        from_circuit_id=from_circuit_id,
        circuit_id=circuit_id,
    )


# --- To assign ---


def test_chargers_are_put_on_a_circuit_all_at_once() -> None:
    given(installation, created(), added()).when(assign(charger(1), charger(2))).then(
        assigned(1), assigned(2)
    )


def test_the_same_chargers_again_are_nothing_new() -> None:
    given(installation, created(), added(), assigned(1), assigned(2)).when(
        assign(charger(1), charger(2))
    ).then_nothing_happened()


def test_of_chargers_of_which_some_are_there_the_others_are_added() -> None:
    given(installation, created(), added(), assigned(1)).when(
        assign(charger(1), charger(2))
    ).then(assigned(2))


@pytest.mark.parametrize("circuit_id", ["level-9", MAIN])
def test_chargers_on_no_circuit_are_refused(circuit_id: str) -> None:
    given(installation, created(), added()).when(
        assign(charger(), circuit_id=circuit_id)
    ).then_refused(UnknownCircuit, circuit_id, "first")


def test_another_charger_under_the_same_id_is_refused() -> None:
    given(installation, created(), added(), assigned(1)).when(
        assign(charger(1, name="Bay 9"))
    ).then_refused(ChargerExists, "bay-1", "choose another id")


def test_a_charger_is_not_moved_by_assigning_it_elsewhere() -> None:
    given(installation, created(), added(), added("level-2"), assigned(1)).when(
        assign(charger(1), circuit_id="level-2")
    ).then_refused(ChargerExists)


def test_a_serial_stands_once_in_an_installation() -> None:
    given(installation, created(), added(), assigned(1)).when(
        assign(charger(2, serial="ZAP000001"))
    ).then_refused(SerialTaken, "ZAP000001", "'Bay 1'")


def test_a_serial_stands_once_in_a_command_and_then_none_of_it_happens() -> None:
    given(installation, created(), added()).when(
        assign(charger(1), charger(2, serial="ZAP000001"))
    ).then_refused(SerialTaken, "ZAP000001")


def test_what_a_command_names_twice_is_assigned_once_if_it_is_alike() -> None:
    given(installation, created(), added()).when(assign(charger(1), charger(1))).then(
        assigned(1)
    )
    given(installation, created(), added()).when(
        assign(charger(1), charger(1, name="Bay 9"))
    ).then_refused(ChargerExists, "bay-1", "named twice")


def test_a_serial_is_compared_in_its_one_spelling() -> None:
    given(installation, created(), added(), assigned(1)).when(
        assign(charger(2, serial=" zap000001 "))
    ).then_refused(SerialTaken)


def test_a_serial_is_brought_into_its_one_spelling() -> None:
    assert charger(serial="\tzap000123 ").serial == "ZAP000123"


@pytest.mark.parametrize(
    "serial",
    ["", "ABC", "ZAP 123", "ZAP.123", "ZÄP123", "-ZAP123", "A" * 26, "ZAP*", 4711, None],
)
def test_what_is_no_serial_number_is_refused(serial: object) -> None:
    with pytest.raises(ValidationError) as refused:
        charger(serial=serial)
    assert [it["loc"] for it in refused.value.errors()] == [("serial",)]


@pytest.mark.parametrize("serial", ["ZAP1", "ZAP000123", "A-1_B", "1" * 25])
def test_what_stands_on_labels_is_a_serial_number(serial: str) -> None:
    assert charger(serial=serial).serial == serial


@pytest.mark.parametrize("grid", [GridType.TN_1_PHASE, GridType.IT_1_PHASE])
def test_a_one_phase_grid_has_one_phase_to_wire_to(grid: GridType) -> None:
    given(installation, created(grid_type=grid), added()).when(assign(charger())).then_refused(
        WiringDoesNotFitGrid, "one-phase grid", "wire it to L1"
    )


@pytest.mark.parametrize("grid", [GridType.TN_1_PHASE, GridType.IT_1_PHASE])
@pytest.mark.parametrize("line", [Phase.L2, Phase.L3])
def test_the_one_phase_of_a_one_phase_grid_is_l1(grid: GridType, line: Phase) -> None:
    """Counted on another line, a charger would get what its neighbours have been given already."""
    given(installation, created(grid_type=grid), added()).when(
        assign(charger(wiring=(line,)))
    ).then_refused(WiringDoesNotFitGrid, "wire it to L1")


def test_a_one_phase_grid_takes_chargers_wired_to_one_phase() -> None:
    wiring = (Phase.L1,)
    given(installation, created(grid_type=GridType.TN_1_PHASE), added()).when(
        assign(charger(wiring=wiring))
    ).then(assigned(wiring=wiring))


@pytest.mark.parametrize("wiring", [(), ("L1", "L2"), ("L1", "L1", "L2"), ("L4",)])
def test_a_wiring_that_names_no_order_of_phases_is_refused(wiring: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        charger(wiring=wiring)


def test_everything_that_is_said_of_a_charger_is_kept() -> None:
    said = {"wiring": (Phase.L2,), "max_a": 20.0, "min_a": 8.0, "breaker_a": 25.0}
    given(installation, created(), added()).when(assign(charger(**said))).then(
        assigned(1, **said)
    )


def test_a_lowest_current_above_the_highest_one_is_refused() -> None:
    given(installation, created(), added()).when(
        assign(charger(min_a=16, max_a=10))
    ).then_refused(MinimumAboveMaximum, "'Bay 1'", "at most 10 A")


def test_of_several_chargers_none_is_assigned_when_one_does_not_fit() -> None:
    given(installation, created(), added()).when(
        assign(charger(1), charger(2, min_a=16, max_a=10))
    ).then_refused(MinimumAboveMaximum, "'Bay 2'")


def test_nothing_is_assigned_to_what_is_out_of_use() -> None:
    history = (created(), added(), added("wing", 40, parent_id="level-1"))
    given(installation, *history, deactivated("level-1")).when(
        assign(charger(), circuit_id="wing")
    ).then_refused(CircuitInactive, "'level-1'", "choose another circuit")
    given(installation, *history, fact(InstallationDeactivated)).when(
        assign(charger(), circuit_id="wing")
    ).then_refused(InstallationInactive)


def test_a_locked_serial_is_assigned_to_no_other_place() -> None:
    given(installation, *LOCKED).when(
        assign(charger(2, serial="ZAP000001"), circuit_id="level-2")
    ).then_refused(
        SerialIsLocked, "'Bay 1' (ZAP000001)", "circuit 'level-1' was deactivated", "support"
    )
    given(installation, *LOCKED).when(assign(charger(1), circuit_id="level-2")).then_refused(
        SerialIsLocked
    )


def test_a_charger_that_was_removed_is_assigned_anew() -> None:
    given(installation, *HERE, removed()).when(assign(charger(1), circuit_id="level-2")).then(
        assigned(1, circuit_id="level-2")
    )


# --- To change ---


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Bay one"},
        {"wiring": (Phase.L3,)},
        {"max_a": 16.0},
        {"min_a": 10.0},
        {"breaker_a": 32.0},
        {"min_a": 10.0, "max_a": 10.0, "name": "Bay ten"},
    ],
    ids=str,
)
def test_what_is_given_changes_and_the_rest_stays(changes: dict[str, object]) -> None:
    given(installation, *HERE).when(change(**changes)).then(charger_changed(**changes))


def test_a_breaker_of_its_own_can_be_taken_away() -> None:
    history = (*HERE, charger_changed(breaker_a=20.0))
    given(installation, *history).when(change(without_breaker=True)).then(charger_changed())
    given(installation, *HERE).when(change(without_breaker=True)).then_nothing_happened()


def test_a_breaker_is_not_given_and_taken_away_at_once() -> None:
    given(installation, *HERE).when(change(breaker_a=20, without_breaker=True)).then_refused(
        BreakerGivenAndTaken, "20 A", "one of the two"
    )


@pytest.mark.parametrize("changes", [{}, {"name": "Bay 1", "max_a": 32}])
def test_a_change_to_what_it_is_already_is_nothing_new(changes: dict[str, object]) -> None:
    given(installation, *HERE).when(change(**changes)).then_nothing_happened()


@pytest.mark.parametrize("changes", [{"min_a": 33}, {"min_a": 20, "max_a": 16}])
def test_the_lowest_current_stays_at_or_below_the_highest(changes: dict[str, object]) -> None:
    given(installation, *HERE).when(change(**changes)).then_refused(MinimumAboveMaximum)


def test_a_wiring_fits_the_grid() -> None:
    one_phase = created(grid_type=GridType.TN_1_PHASE)
    history = (one_phase, added(), assigned(1, wiring=(Phase.L1,)))
    given(installation, *history).when(change(wiring=(Phase.L2,))).then_refused(
        WiringDoesNotFitGrid, "'Bay 1' is wired to L2", "wire it to L1"
    )


def test_a_charger_can_offer_the_fail_safe_that_was_wished_for_it() -> None:
    history = (*HERE, fail_safe(1, 16, wished=True))
    given(installation, *history).when(change(max_a=10)).then_refused(
        FailSafeDoesNotFit, "16 A", "at most 10 A"
    )
    given(installation, *history).when(change(max_a=16)).then(charger_changed(max_a=16.0))


def test_a_priority_is_set() -> None:
    def first(priority: int) -> PrioritySet:
        return fact(PrioritySet, charger_id="bay-1", priority=priority)

    given(installation, *HERE).when(wish(SetPriority, charger_id="bay-1", priority=9)).then(
        first(9)
    )
    given(installation, *HERE, first(9)).when(
        wish(SetPriority, charger_id="bay-1", priority=0)
    ).then(first(0))
    given(installation, *HERE).when(
        wish(SetPriority, charger_id="bay-1", priority=0)
    ).then_nothing_happened()


@pytest.mark.parametrize("priority", [-1, 10, 1.5])
def test_there_are_ten_priorities(priority: float) -> None:
    with pytest.raises(ValidationError):
        wish(SetPriority, charger_id="bay-1", priority=priority)


# --- To move within the installation ---


def test_a_charger_is_moved_to_another_circuit() -> None:
    given(installation, *HERE).when(move("level-2")).then(moved("level-1", "level-2"))


def test_the_installation_it_stands_in_may_be_named() -> None:
    given(installation, *HERE).when(move("level-2", "harbour-garage")).then(
        moved("level-1", "level-2")
    )


def test_where_it_stands_already_is_nothing_new() -> None:
    given(installation, *HERE).when(move("level-1")).then_nothing_happened()


@pytest.mark.parametrize("circuit_id", ["level-9", MAIN])
def test_a_charger_is_moved_to_a_circuit_that_exists(circuit_id: str) -> None:
    given(installation, *HERE).when(move(circuit_id)).then_refused(UnknownCircuit, circuit_id)


def test_a_charger_is_not_moved_to_what_is_out_of_use() -> None:
    given(installation, *HERE, deactivated("level-2")).when(move("level-2")).then_refused(
        CircuitInactive, "'level-2'"
    )


def test_fail_safes_follow_a_move() -> None:
    circuits = (created(), added("level-1", 12), added("level-2", 12))
    chargers = (assigned(1), assigned(2, 0.0), assigned(3, circuit_id="level-2"))
    given(installation, *circuits, *chargers).when(move("level-2")).then(
        moved("level-1", "level-2"), fail_safe(3, 0), fail_safe(2, 6)
    )


# --- To remove ---


def test_a_charger_is_removed_and_makes_room_for_fail_safes() -> None:
    history = (created(), added(breaker_a=12), assigned(1), assigned(2, 0.0))
    given(installation, *history).when(wish(RemoveCharger, charger_id="bay-1")).then(
        removed(1), fail_safe(2, 6)
    )


def test_a_charger_that_was_removed_is_not_removed_again() -> None:
    given(installation, *HERE, removed()).when(
        wish(RemoveCharger, charger_id="bay-1")
    ).then_nothing_happened()


def test_a_charger_that_was_moved_away_is_removed_where_it_is() -> None:
    given(installation, *HERE, removed(1, moved_to=OTHER)).when(
        wish(RemoveCharger, charger_id="bay-1")
    ).then_refused(UnknownCharger, OTHER, "ask there")


# --- What all of them need ---

TOUCHING: list[InstallationCommand] = [
    change(name="Bay one"),
    move("level-2"),
    wish(RemoveCharger, charger_id="bay-1"),
    wish(SetPriority, charger_id="bay-1", priority=1),
    wish(SetFailSafe, charger_id="bay-1", fail_safe_a=0),
    wish(SetFailSafe, charger_id="bay-1", fail_safe_a=None),
]


@pytest.mark.parametrize("command", TOUCHING, ids=lambda it: type(it).__name__)
def test_only_a_charger_that_is_there_can_be_touched(command: InstallationCommand) -> None:
    given(installation, created(), added(), added("level-2")).when(command).then_refused(
        UnknownCharger, "bay-1", "assign it first"
    )


@pytest.mark.parametrize("command", TOUCHING, ids=lambda it: type(it).__name__)
def test_a_locked_charger_stays_as_it_is_and_where_it_is(command: InstallationCommand) -> None:
    given(installation, *LOCKED).when(command).then_refused(
        SerialIsLocked,
        "'Bay 1' (ZAP000001)",
        "circuit 'level-1' was deactivated",
        "reactivate that circuit",
        "support",
    )


def test_a_charger_locked_with_the_installation_says_so() -> None:
    history = (*HERE, locked(1, None), fact(InstallationDeactivated), fail_safe(1, 0))
    given(installation, *history).when(change(name="Bay one")).then_refused(
        SerialIsLocked, "since the installation was deactivated", "reactivate the installation"
    )


# --- Phase switching ---

SWITCHES = PhaseSwitching.FIRST_TERMINAL


def test_a_charger_may_be_able_to_switch_phases() -> None:
    given(installation, created(), added()).when(
        assign(charger(phase_switching=SWITCHES))
    ).then(assigned(phase_switching=SWITCHES))


def test_whether_it_can_switch_may_change_and_change_back() -> None:
    given(installation, *HERE).when(change(phase_switching=SWITCHES)).then(
        charger_changed(phase_switching=SWITCHES)
    )
    history = (*HERE, charger_changed(phase_switching=SWITCHES))
    given(installation, *history).when(change(phase_switching=SWITCHES)).then_nothing_happened()
    given(installation, *history).when(change(name="Bay 1")).then_nothing_happened()
    given(installation, *history).when(change(phase_switching=PhaseSwitching.NONE)).then(
        charger_changed()
    )


def test_a_charger_wired_to_one_phase_has_none_to_switch_to() -> None:
    one = charger(wiring=(Phase.L1,), phase_switching=SWITCHES)

    given(installation, created(), added()).when(assign(one)).then_refused(
        NothingToSwitch, "wired to one phase only", "enter all three phases"
    )
    given(installation, created(), added(), assigned(phase_switching=SWITCHES)).when(
        change(wiring=(Phase.L2,))
    ).then_refused(NothingToSwitch, "'Bay 1'")


@pytest.mark.parametrize("grid", [GridType.TN_1_PHASE, GridType.IT_1_PHASE])
def test_in_a_one_phase_grid_there_is_nothing_to_switch_to(grid: GridType) -> None:
    one = charger(wiring=(Phase.L1,), phase_switching=SWITCHES)

    given(installation, created(grid_type=grid), added()).when(assign(one)).then_refused(
        NothingToSwitch, "one-phase grid", "set phase switching to NONE"
    )


# --- Charging wishes ---

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WISH = {"charger_id": "bay-1", "departure_at": NOW + timedelta(hours=4), "energy_wh": 20_000}
NO_WISH = {"charger_id": "bay-1", "departure_at": None, "energy_wh": None}


def test_a_departure_and_an_energy_are_wished_for_and_taken_back() -> None:
    wished = fact(ChargingWishSet, **WISH)
    given(installation, *HERE).when(wish(SetChargingWish, **WISH)).then(wished)
    given(installation, *HERE, wished).when(
        wish(SetChargingWish, **WISH)
    ).then_nothing_happened()
    given(installation, *HERE, wished).when(wish(SetChargingWish, **NO_WISH)).then(
        fact(ChargingWishSet, **NO_WISH)
    )
    given(installation, *HERE).when(wish(SetChargingWish, **NO_WISH)).then_nothing_happened()


@pytest.mark.parametrize("left_out", ["departure_at", "energy_wh"])
def test_half_a_wish_is_none(left_out: str) -> None:
    given(installation, *HERE).when(
        wish(SetChargingWish, **{**WISH, left_out: None})
    ).then_refused(WishIncomplete, "give both")


def test_nobody_departs_in_the_past() -> None:
    late = wish(SetChargingWish, **{**WISH, "departure_at": NOW})
    given(installation_at(NOW), *HERE).when(late).then_refused(
        DepartureHasPassed, "give a departure that is to come"
    )
    given(installation_at(NOW), *HERE).when(wish(SetChargingWish, **WISH)).then(
        fact(ChargingWishSet, **WISH)
    )


@pytest.mark.parametrize("energy_wh", [0, -1, 1_000_001])
def test_a_car_is_to_have_some_energy(energy_wh: int) -> None:
    with pytest.raises(ValidationError, match="energy_wh"):
        wish(SetChargingWish, **{**WISH, "energy_wh": energy_wh})

"""An installation as a whole: what it is, and what holds for all its chargers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from services.installation.decider import installation
from services.installation.language import InstallationCommand
from services.installation.refusals import (
    AvailableAboveBreaker,
    BreakerBelowChildren,
    EndWithoutLimit,
    HomeTooLarge,
    InstallationExists,
    NoImbalanceInGrid,
    UnknownCharger,
    UnknownInstallation,
    WiringDoesNotFitGrid,
)
from shared.messages.installation import (
    AuthenticationRequiredSet,
    AvailableCurrentSet,
    ImbalanceLimitSet,
    SwitchCurrentSet,
)
from shared.messages.installation_commands import (
    ChangeCharger,
    ChangeCircuit,
    ChangeInstallation,
    DeactivateCircuit,
    DeactivateInstallation,
    MoveCharger,
    MoveCircuit,
    ReactivateCircuit,
    ReactivateInstallation,
    RemoveCharger,
    SetAuthenticationRequired,
    SetAvailableCurrent,
    SetChargingWish,
    SetFailSafe,
    SetImbalanceLimit,
    SetPriority,
    SetSwitchCurrent,
    UnlockSerial,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import GridType, Phase
from tests.support.scenario import given
from tests.unit.installation.facts import (
    add,
    added,
    assign,
    assigned,
    changed,
    charger,
    create,
    created,
    fact,
    fail_safe,
    wish,
)

HOME = {"type": InstallationType.HOME, "breaker_a": 63.0}
UNTIL = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)

NEEDING_ONE: list[InstallationCommand] = [
    add(),
    assign(charger()),
    wish(ChangeInstallation, name="Hill garage"),
    wish(DeactivateInstallation),
    wish(ReactivateInstallation),
    wish(SetAuthenticationRequired, required=True),
    wish(SetAvailableCurrent, available_a=(10, 10, 10)),
    wish(SetSwitchCurrent, switch_current_a=10),
    wish(SetImbalanceLimit, imbalance_a=20),
    wish(ChangeCircuit, circuit_id="level-1", name="Cellar"),
    wish(MoveCircuit, circuit_id="level-1", parent_id=None),
    wish(DeactivateCircuit, circuit_id="level-1"),
    wish(ReactivateCircuit, circuit_id="level-1"),
    wish(ChangeCharger, charger_id="bay-1", name="Bay 9"),
    wish(MoveCharger, charger_id="bay-1", circuit_id="level-1"),
    wish(RemoveCharger, charger_id="bay-1"),
    wish(SetFailSafe, charger_id="bay-1", fail_safe_a=0),
    wish(SetPriority, charger_id="bay-1", priority=1),
    wish(SetChargingWish, charger_id="bay-1", departure_at=UNTIL, energy_wh=20_000),
    wish(UnlockSerial, serial="ZAP000001", reason="sold to somebody"),
]

# --- To create ---


def test_an_installation_is_created() -> None:
    given(installation).when(create()).then(created())


def test_the_same_installation_again_is_nothing_new() -> None:
    given(installation, created()).when(create()).then_nothing_happened()


def test_another_installation_under_the_same_id_is_refused() -> None:
    given(installation, created()).when(create(name="Hill garage")).then_refused(
        InstallationExists, "there is another", "choose another id"
    )


def test_what_an_installation_was_before_it_was_changed_is_another_one() -> None:
    given(installation, created(), changed(name="Quay garage")).when(create()).then_refused(
        InstallationExists, "there is another", "change that installation"
    )


@pytest.mark.parametrize("command", NEEDING_ONE, ids=lambda it: type(it).__name__)
def test_a_layout_needs_an_installation(command: InstallationCommand) -> None:
    given(installation).when(command).then_refused(UnknownInstallation, "create it first")


# --- To change ---


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Quay garage"},
        {"address": "Strandgata 2"},
        {"category": Category.PUBLIC},
        {"country": "SE"},
        {"type": InstallationType.HOME},
        {"grid_type": GridType.IT_3_PHASE},
        {"breaker_a": 200.0},
        {"time_zone": "Europe/Stockholm"},
        {"name": "Quay garage", "breaker_a": 63.0},
    ],
    ids=str,
)
def test_what_is_given_changes_and_the_rest_stays(changes: dict[str, Any]) -> None:
    given(installation, created()).when(wish(ChangeInstallation, **changes)).then(
        changed(**changes)
    )


def test_a_second_change_builds_on_the_first() -> None:
    given(installation, created(), changed(name="Quay garage")).when(
        wish(ChangeInstallation, address="Strandgata 2")
    ).then(changed(name="Quay garage", address="Strandgata 2"))


@pytest.mark.parametrize("changes", [{}, {"name": "Harbour garage", "breaker_a": 160}])
def test_a_change_to_what_it_is_already_is_nothing_new(changes: dict[str, Any]) -> None:
    given(installation, created()).when(
        wish(ChangeInstallation, **changes)
    ).then_nothing_happened()


def test_a_time_zone_nobody_knows_is_turned_down() -> None:
    with pytest.raises(ValidationError, match="Europe/Oslo"):
        wish(ChangeInstallation, time_zone="Europe/Atlantis")


def test_the_main_breaker_goes_no_lower_than_what_hangs_beneath_it() -> None:
    history = (created(), added("level-1", 63), added("level-2", 80), added("level-3", 40))
    given(installation, *history).when(wish(ChangeInstallation, breaker_a=50)).then_refused(
        BreakerBelowChildren, "'level-1' with 63 A", "'level-2' with 80 A", "at least 80 A"
    )
    given(installation, *history).when(wish(ChangeInstallation, breaker_a=80)).then(
        changed(breaker_a=80.0)
    )


def test_circuits_deeper_down_are_held_by_those_above_them() -> None:
    history = (created(), added("level-1", 63), added("wing", 63, parent_id="level-1"))
    given(installation, *history).when(wish(ChangeInstallation, breaker_a=50)).then_refused(
        BreakerBelowChildren, "'level-1'"
    )


def test_a_lower_main_breaker_leaves_less_for_fail_safes() -> None:
    history = (created(), added("level-1", 24), added("level-2", 24))
    chargers = (assigned(1), assigned(2), assigned(3, circuit_id="level-2"))
    given(installation, *history, *chargers).when(wish(ChangeInstallation, breaker_a=24)).then(
        changed(breaker_a=24.0), fail_safe(3, 0)
    )


def test_a_grid_type_that_does_not_fit_the_wiring_is_refused_with_the_list() -> None:
    chargers = (assigned(1), assigned(2, wiring=(Phase.L2,)), assigned(3, wiring=(Phase.L1,)))
    outcome = given(installation, created(), added(), *chargers).when(
        wish(ChangeInstallation, grid_type=GridType.TN_1_PHASE)
    )
    outcome.then_refused(
        WiringDoesNotFitGrid,
        "'Bay 1' is wired to L1, L2, L3",
        "'Bay 2' is wired to L2",
        "wire them to L1 first",
    )


def test_a_grid_type_that_fits_the_wiring_is_taken() -> None:
    history = (created(), added(), assigned(1, wiring=(Phase.L1,)))
    given(installation, *history).when(
        wish(ChangeInstallation, grid_type=GridType.IT_1_PHASE)
    ).then(changed(grid_type=GridType.IT_1_PHASE))


# --- Homes ---


def test_a_home_has_one_circuit() -> None:
    given(installation, created(**HOME)).when(add()).then(added())
    given(installation, created(**HOME), added()).when(add("level-2")).then_refused(
        HomeTooLarge, "garage"
    )


def test_a_homes_circuit_has_at_most_63_a() -> None:
    given(installation, created(**HOME | {"breaker_a": 80.0})).when(
        add(breaker_a=64)
    ).then_refused(HomeTooLarge, "63 A")


def test_a_home_has_up_to_three_chargers() -> None:
    home = (created(**HOME), added())
    given(installation, *home).when(assign(charger(1), charger(2), charger(3))).then(
        assigned(1), assigned(2), assigned(3)
    )
    given(installation, *home, assigned(1), assigned(2), assigned(3)).when(
        assign(charger(4))
    ).then_refused(HomeTooLarge, "3 chargers")
    given(installation, *home).when(assign(*(charger(it) for it in range(1, 5)))).then_refused(
        HomeTooLarge
    )


@pytest.mark.parametrize(
    ("history", "says"),
    [
        ((added("level-1"), added("level-2")), "one circuit, and this would be 2"),
        ((added("level-1", 100),), "'level-1' would have 100 A"),
        ((added(), *(assigned(it) for it in range(1, 5))), "this would be 4"),
    ],
)
def test_a_garage_larger_than_a_home_does_not_become_one(
    history: tuple[Any, ...], says: str
) -> None:
    given(installation, created(), *history).when(
        wish(ChangeInstallation, type=InstallationType.HOME)
    ).then_refused(HomeTooLarge, says, "garage")


def test_a_small_garage_becomes_a_home_and_a_home_a_garage() -> None:
    history = (created(), added(), assigned(1))
    home = changed(type=InstallationType.HOME)
    given(installation, *history).when(
        wish(ChangeInstallation, type=InstallationType.HOME)
    ).then(home)
    given(installation, *history, home).when(
        wish(ChangeInstallation, type=InstallationType.GARAGE)
    ).then(changed())


def test_a_homes_circuit_grows_to_63_a_at_most() -> None:
    given(installation, created(**HOME | {"breaker_a": 80.0}), added()).when(
        wish(ChangeCircuit, circuit_id="level-1", breaker_a=64)
    ).then_refused(HomeTooLarge, "63 A")


# --- What holds for all chargers ---


def test_authentication_is_required_and_is_not() -> None:
    required = fact(AuthenticationRequiredSet, required=True)
    given(installation, created()).when(wish(SetAuthenticationRequired, required=True)).then(
        required
    )
    given(installation, created(), required).when(
        wish(SetAuthenticationRequired, required=False)
    ).then(fact(AuthenticationRequiredSet, required=False))
    given(installation, created()).when(
        wish(SetAuthenticationRequired, required=False)
    ).then_nothing_happened()


def test_one_charger_may_have_it_otherwise() -> None:
    required = fact(AuthenticationRequiredSet, required=True, charger_id="bay-1")
    there = (created(), added(), assigned())
    asked = wish(SetAuthenticationRequired, required=True, charger_id="bay-1")
    given(installation, *there).when(asked).then(required)
    given(installation, *there, required).when(asked).then_nothing_happened()
    given(installation, *there).when(
        wish(SetAuthenticationRequired, required=True, charger_id="bay-9")
    ).then_refused(UnknownCharger, "bay-9")


def test_the_available_current_is_limited_with_an_end_and_lifted() -> None:
    available = fact(AvailableCurrentSet, available_a=(100, 80, 0), until=UNTIL)
    given(installation, created()).when(
        wish(SetAvailableCurrent, available_a=(100, 80, 0), until=UNTIL)
    ).then(available)
    given(installation, created(), available).when(
        wish(SetAvailableCurrent, available_a=None)
    ).then(fact(AvailableCurrentSet, available_a=None, until=None))
    given(installation, created(), available).when(
        wish(SetAvailableCurrent, available_a=(100, 80, 0))
    ).then(fact(AvailableCurrentSet, available_a=(100, 80, 0), until=None))


def test_more_than_the_main_breaker_is_not_available() -> None:
    given(installation, created()).when(
        wish(SetAvailableCurrent, available_a=(10, 10, 161))
    ).then_refused(AvailableAboveBreaker, "161 A", "at most 160 A")


def test_in_a_one_phase_grid_what_is_said_of_other_phases_does_not_count() -> None:
    given(installation, created(grid_type=GridType.TN_1_PHASE)).when(
        wish(SetAvailableCurrent, available_a=(100, 900, 900))
    ).then(fact(AvailableCurrentSet, available_a=(100, 900, 900), until=None))


def test_an_end_without_a_limit_is_refused() -> None:
    given(installation, created()).when(
        wish(SetAvailableCurrent, available_a=None, until=UNTIL)
    ).then_refused(EndWithoutLimit, "lift the limit at once")


def test_the_switch_current_is_kept() -> None:
    kept = fact(SwitchCurrentSet, switch_current_a=10)
    given(installation, created()).when(wish(SetSwitchCurrent, switch_current_a=10)).then(kept)
    given(installation, created(), kept).when(
        wish(SetSwitchCurrent, switch_current_a=None)
    ).then(fact(SwitchCurrentSet, switch_current_a=None))


def test_the_imbalance_limit_is_kept_and_lifted() -> None:
    kept = fact(ImbalanceLimitSet, imbalance_a=20)
    given(installation, created()).when(wish(SetImbalanceLimit, imbalance_a=20)).then(kept)
    given(installation, created(), kept).when(
        wish(SetImbalanceLimit, imbalance_a=20)
    ).then_nothing_happened()
    given(installation, created(), kept).when(wish(SetImbalanceLimit, imbalance_a=None)).then(
        fact(ImbalanceLimitSet, imbalance_a=None)
    )


@pytest.mark.parametrize(
    ("grid", "why"),
    [
        (GridType.TN_1_PHASE, "no other phase to differ from"),
        (GridType.IT_1_PHASE, "no other phase to differ from"),
        (GridType.IT_3_PHASE, "cars stand between phases"),
    ],
)
def test_an_imbalance_limit_is_refused_where_no_phases_differ_by_amperes(
    grid: GridType, why: str
) -> None:
    given(installation, created(grid_type=grid)).when(
        wish(SetImbalanceLimit, imbalance_a=20)
    ).then_refused(NoImbalanceInGrid, why, "lift the imbalance limit")
    given(installation, created(), fact(ImbalanceLimitSet, imbalance_a=20)).when(
        wish(ChangeInstallation, grid_type=grid)
    ).then_refused(NoImbalanceInGrid, why, "lift the imbalance limit")


def test_an_imbalance_that_no_car_on_one_phase_could_have_is_no_limit() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 6"):
        wish(SetImbalanceLimit, imbalance_a=5.9)

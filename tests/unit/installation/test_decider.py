"""What may become of an installation: every rule, and every way it says no."""

import contextlib

import pytest
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.installation.decider import (
    FAIL_SAFE_SHARE_MAX,
    BreakerAboveParent,
    ChargerExists,
    CircuitExists,
    HomeTooLarge,
    InstallationCommand,
    InstallationEvent,
    InstallationExists,
    SerialTaken,
    SetValueAboveRating,
    UnknownCircuit,
    UnknownInstallation,
    UnknownParent,
    WiringDoesNotFitGrid,
    claims_of,
    installation,
    taken,
)
from shared.decider import Claim, Refused
from shared.messages.balancer import MAIN
from shared.messages.installation import InstallationType
from shared.phases import GridType, Phase
from shared.units import PILOT_MIN_A, TOLERANCE_A
from tests.support.scenario import given
from tests.unit.installation.facts import (
    add,
    added,
    assign,
    assigned,
    charger,
    create,
    created,
)

HOME = {"type": InstallationType.HOME, "breaker_a": 63.0}

# --- Installations ---


def test_an_installation_is_created() -> None:
    given(installation).when(create()).then(created())


def test_the_same_installation_again_is_nothing_new() -> None:
    given(installation, created()).when(create()).then_nothing_happened()


def test_another_installation_under_the_same_id_is_refused() -> None:
    given(installation, created()).when(create(name="Hill garage")).then_refused(
        InstallationExists, "'Harbour garage'", "choose another id"
    )


@pytest.mark.parametrize("command", [add(), assign(charger())])
def test_a_layout_needs_an_installation(command: InstallationCommand) -> None:
    given(installation).when(command).then_refused(UnknownInstallation, "create it first")


# --- Circuits ---


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


# --- Chargers ---


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
    ).then_refused(UnknownCircuit, circuit_id, "add it first")


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


def test_a_serial_is_claimed_together_with_its_charger() -> None:
    holder = "harbour-garage/bay-1"
    assert claims_of(assigned(1)) == (
        Claim("serial", "ZAP000001", holder),
        Claim("charger", "bay-1", holder),
    )
    assert claims_of(added()) == ()


def test_an_id_that_stands_in_another_installation_is_refused_saying_where() -> None:
    """Every service knows a charger by its id alone: two of one id would be taken for one."""
    refusal = taken(Claim("charger", "bay-1", "harbour-garage/bay-1"), "hill-garage/bay-1")

    assert isinstance(refusal, ChargerExists)
    assert "hill-garage" in refusal.detail


def test_a_serial_that_stands_in_another_installation_is_refused_saying_where() -> None:
    claim = Claim("serial", "ZAP000001", "harbour-garage/bay-1")

    refusal = taken(claim, "hill-garage/bay-7")

    assert "ZAP000001" in refusal.detail
    assert "hill-garage" in refusal.detail


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


# --- Fail-safes ---


def test_fail_safes_take_at_most_half_of_a_breaker() -> None:
    given(installation, created(), added(breaker_a=36)).when(
        assign(*(charger(it) for it in range(1, 5)))
    ).then(assigned(1, 6.0), assigned(2, 6.0), assigned(3, 6.0), assigned(4, 0.0))


def test_fail_safes_go_by_the_set_value_not_by_the_rating() -> None:
    given(installation, created(), added(breaker_a=36, set_a=12)).when(
        assign(charger(1), charger(2))
    ).then(assigned(1, 6.0), assigned(2, 0.0))


def test_fail_safes_fit_every_breaker_above_together() -> None:
    circuits = (added("level-1", 32.0), added("level-2", 32.0))
    history = (created(breaker_a=32.0), *circuits, assigned(1), assigned(2))
    given(installation, *history).when(assign(charger(3), circuit_id="level-2")).then(
        assigned(3, 0.0, "level-2")
    )


def test_a_breaker_that_feeds_nobody_else_does_not_matter() -> None:
    circuits = (added("level-1", 12.0), added("level-2", 32.0))
    given(installation, created(), *circuits, assigned(1)).when(
        assign(charger(2), circuit_id="level-2")
    ).then(assigned(2, 6.0, "level-2"))


# --- Whatever is wished ---

CIRCUITS = tuple(f"circuit-{it}" for it in range(6))
AMPS = st.sampled_from([6.0, 12.0, 16.0, 24.0, 32.0, 63.0, 100.0, 160.0, 250.0])
ADDING = st.builds(
    add,
    st.sampled_from(CIRCUITS),
    AMPS,
    set_a=st.none() | AMPS,
    parent_id=st.sampled_from([None, MAIN, *CIRCUITS]),
)
ASSIGNING = st.builds(
    lambda numbers, circuit_id: assign(*(charger(it) for it in numbers), circuit_id=circuit_id),
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.sampled_from(CIRCUITS),
)


@settings(deadline=None)
@for_any(AMPS, st.lists(ADDING | ASSIGNING, max_size=25))
def test_whatever_is_wished_breakers_protect_each_other_and_fail_safes_fit(
    breaker_a: float, commands: list[InstallationCommand]
) -> None:
    state = installation.fold([created(breaker_a=breaker_a)])
    for command in commands:
        with contextlib.suppress(Refused):
            state = installation.fold(installation.decide(command, state), state)
            assert installation.decide(command, state) == ()

    for circuit_id, circuit in state.circuits.items():
        beneath = [
            it.fail_safe_a
            for it in state.chargers.values()
            if circuit_id in [name for name, _ in state.path(it.circuit_id)]
        ]
        assert sum(beneath) <= circuit.set_a * FAIL_SAFE_SHARE_MAX + TOLERANCE_A
        assert set(beneath) <= {0.0, PILOT_MIN_A}
        assert circuit.set_a <= circuit.breaker_a
        if circuit.parent_id is not None:
            assert circuit.breaker_a <= state.circuits[circuit.parent_id].breaker_a
    serials = [it.assigned.serial for it in state.chargers.values()]
    assert len(serials) == len(set(serials))

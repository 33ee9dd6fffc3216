"""What an electrician would say of a set-up that is accepted all the same, and how to mend it."""

from typing import Any

import pytest

from services.installation.decider import installation
from services.installation.language import InstallationEvent
from services.installation.notes import LOOKS, NAMES_MAX
from shared.messages import Note
from shared.messages.installation import (
    AuthenticationRequiredSet,
    AvailableCurrentSet,
    SwitchCurrentSet,
)
from shared.phases import GridType, Phase, PhaseSwitching
from tests.unit.installation.facts import (
    GARAGE,
    added,
    assigned,
    created,
    deactivated,
    fact,
    fail_safe,
    locked,
)

TURNED = (
    (Phase.L1, Phase.L2, Phase.L3),
    (Phase.L2, Phase.L3, Phase.L1),
    (Phase.L3, Phase.L1, Phase.L2),
)


def notes(*history: InstallationEvent) -> dict[str, Note]:
    found = installation.notes_of(installation.fold(history))
    by_code = {it.code: it for it in found}
    assert len(by_code) == len(found), "one of a kind"
    return by_code


def turned(number: int, **changes: Any) -> InstallationEvent:
    """A charger as a careful electrician wires it."""
    return assigned(number, wiring=TURNED[number % 3], **changes)


def test_nothing_is_noted_where_nothing_is() -> None:
    assert notes() == {}


def test_a_careful_set_up_gets_no_notes() -> None:
    assert notes(created(), added(), turned(1), turned(2), turned(3)) == {}


def test_circuits_beyond_their_breaker_are_explained_and_need_no_mending() -> None:
    found = notes(created(), *(added(f"level-{it}", 63) for it in range(3)))

    note = found["circuits-beyond-breaker"]
    assert "'Harbour garage' (189 A of 160 A)" in note.text
    assert "as it should be" in note.text
    assert note.mend == ""
    assert note.about == GARAGE


def test_circuits_out_of_use_do_not_count() -> None:
    circuits = [added(f"level-{it}", 63) for it in range(3)]
    assert notes(created(), *circuits, deactivated("level-0")) == {}


def test_a_maximum_above_a_breaker_is_noted_with_the_breaker() -> None:
    found = notes(
        created(),
        added(set_a=20),
        assigned(1, max_a=32.0),
        turned(2, max_a=16.0),
        turned(3, max_a=16.0, breaker_a=10.0),
    )

    note = found["maximum-above-breaker"]
    assert "'Bay 1' with 32 A behind 'level-1' set to 20 A" in note.text
    assert "'Bay 3' with 16 A behind its own breaker of 10 A" in note.text
    assert "'Bay 2'" not in note.text
    assert "lower the highest current" in note.mend


def test_the_one_it_is_about_is_named() -> None:
    found = notes(created(), added(breaker_a=20), assigned(1), turned(2, max_a=16.0))

    assert found["maximum-above-breaker"].about == "bay-1"


@pytest.mark.parametrize(
    "history",
    [
        (created(), added(breaker_a=12), assigned(1, max_a=12.0, min_a=12.5)),
        (created(), added(), assigned(1, max_a=16.0, min_a=16.0, breaker_a=10.0)),
        (
            created(),
            added(set_a=10),
            added("wing", 16, parent_id="level-1"),
            assigned(1, max_a=16.0, min_a=12.0, circuit_id="wing"),
        ),
    ],
)
def test_where_no_car_can_ever_charge_is_noted(history: tuple[InstallationEvent, ...]) -> None:
    note = notes(*history)["minimum-above-breaker"]

    assert "'Bay 1' needs" in note.text
    assert note.mend


def test_one_phase_chargers_on_one_line_are_noted() -> None:
    chargers = [assigned(it, wiring=(Phase.L2,)) for it in (1, 2, 3)]

    note = notes(created(), added(), *chargers)["one-phase-chargers-on-one-line"]

    assert "wired to L2, and L1 and L3 stay free: Bay 1, Bay 2, Bay 3" in note.text
    assert "L1, L2 and L3 in turn" in note.mend


@pytest.mark.parametrize(
    ("grid", "lines"),
    [
        (GridType.TN_3_PHASE, (Phase.L1, Phase.L2)),
        (GridType.TN_3_PHASE, (Phase.L1,)),
        (GridType.TN_1_PHASE, (Phase.L1, Phase.L1)),
    ],
)
def test_one_phase_chargers_that_cannot_do_better_are_not_noted(
    grid: GridType, lines: tuple[Phase, ...]
) -> None:
    chargers = [assigned(it, wiring=(line,)) for it, line in enumerate(lines, 1)]

    assert notes(created(grid_type=grid), added(), *chargers) == {}


def test_three_phase_chargers_that_all_begin_with_one_phase_are_noted() -> None:
    alike = [assigned(it) for it in (1, 2, 3)]

    note = notes(created(), added(), *alike)["same-first-phase"]

    assert "all 3" in note.text
    assert "begin with L1" in note.text
    assert "L2 L3 L1" in note.mend
    assert notes(created(), added(), *alike[:2]) == {}


def test_chargers_that_pause_without_a_connection_are_noted_with_what_would_help() -> None:
    history = (
        created(breaker_a=32),
        added(breaker_a=24),
        turned(1),
        turned(2),
        turned(3, fail_safe_a=0),
    )

    note = notes(*history)["paused-when-connection-is-lost"]

    assert note.about == "bay-3"
    assert "pause when their connection is lost" in note.text
    assert "Bay 3" in note.text
    assert "set the main breaker of 'Harbour garage' to at least 36 A" in note.mend
    assert "set circuit 'level-1' to at least 36 A" in note.mend


def test_a_wish_that_does_not_fit_counts_with_what_was_wished() -> None:
    history = (created(), added(breaker_a=24), turned(1), fail_safe(1, 20, wished=True))

    note = notes(*history, fail_safe(1, 0))["paused-when-connection-is-lost"]

    assert "set circuit 'level-1' to at least 40 A" in note.mend


def test_whoever_wished_for_a_pause_is_not_told_of_it() -> None:
    assert notes(created(), added(), turned(1), fail_safe(1, 0, wished=True)) == {}


def test_locked_chargers_need_no_mending() -> None:
    history = (created(), added(breaker_a=12), assigned(1, min_a=12.5), locked(1))
    assert notes(*history, deactivated(), fail_safe(1, 0)) == {}


def test_less_available_than_the_fail_safes_take_is_noted() -> None:
    available = fact(AvailableCurrentSet, available_a=(40, 11, 40), until=None)

    note = notes(created(), added(), turned(1), turned(2), available)[
        "fail-safes-beyond-available"
    ]

    assert "11 A are available" in note.text
    assert "12 A together" in note.text
    assert note.mend
    enough = available.model_copy(update={"available_a": (12.0, 12.0, 12.0)})
    assert notes(created(), added(), turned(1), turned(2), enough) == {}


def test_a_switch_current_without_anything_to_switch_is_noted() -> None:
    note = notes(created(), fact(SwitchCurrentSet, switch_current_a=10))["phases-not-switched"]

    assert "no effect" in note.text
    assert "enter which chargers" in note.mend


def test_chargers_that_never_switch_although_they_can_are_noted() -> None:
    able = assigned(phase_switching=PhaseSwitching.FIRST_TERMINAL)
    note = notes(created(), added(), able)["phases-not-switched"]
    told = fact(SwitchCurrentSet, switch_current_a=10)

    assert "never do: Bay 1" in note.text
    assert "set the installation's switch current" in note.mend
    assert "phases-not-switched" not in notes(created(), added(), able, told)


def test_that_drivers_must_show_who_they_are_is_noted_with_the_way_to_let_them_in() -> None:
    asked = notes(created(), fact(AuthenticationRequiredSet, required=True))
    note = asked["drivers-are-asked"]

    assert "nobody else can" in note.text
    assert "ampledger role grant" in note.mend
    assert "drivers-are-asked" not in notes(created())


def test_a_large_garage_is_no_flood() -> None:
    chargers = [assigned(it, 0.0, wiring=(Phase.L1,), max_a=80.0) for it in range(500)]

    found = notes(created(), added(breaker_a=12), *chargers)

    assert 0 < len(found) <= len(LOOKS)
    for note in found.values():
        assert note.text.count("Bay") <= NAMES_MAX
        assert len(note.text) + len(note.mend) < 2000
    assert "and 490 more" in found["paused-when-connection-is-lost"].text

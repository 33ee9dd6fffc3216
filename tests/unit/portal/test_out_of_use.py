"""What is shown of things that are deactivated, locked, removed or held back."""

from datetime import datetime

import pytest

from services.portal.charger_view import ChargerView, State
from services.portal.documents import Deactivation, Layout, Lock, Refusal, Removed
from services.portal.knocks import knock_of
from services.portal.view import InstallationView, view_of
from shared.messages.telemetry import Place
from tests.unit.portal.facts import (
    AT,
    CHARGING,
    GUESTS_LOCKED,
    LAYOUT,
    OSLO,
    at,
    charger,
    known,
)

BAY_1, BAY_2 = GUESTS_LOCKED.chargers


def seen(layout: Layout, *, deactivated: bool = True, **changes: object) -> InstallationView:
    return view_of(known(layout=layout, **changes), AT, OSLO, deactivated=deactivated)


def bay_2(layout: Layout, **changes: object) -> ChargerView:
    return next(it for it in seen(layout, **changes).chargers if it.id == "bay-2")


def locked_by(circuit_id: str | None) -> Layout:
    lock = Lock(circuit_id=circuit_id, at=at(-600))
    return LAYOUT.model_copy(
        update={"chargers": (BAY_1, charger(2, "guests").model_copy(update={"lock": lock}))}
    )


# --- Locked ---


@pytest.mark.parametrize(
    ("circuit_id", "sentence"),
    [
        ("guests", "Locked: its circuit Guests was deactivated (08:50)"),
        ("level-1", "Locked: circuit Level 1 above it was deactivated (08:50)"),
        (None, "Locked: the installation was deactivated (08:50)"),
    ],
)
def test_a_locked_charger_says_what_it_went_down_with(
    circuit_id: str | None, sentence: str
) -> None:
    view = bay_2(locked_by(circuit_id))

    assert (view.state, view.word, view.why) == (State.LOCKED, "Locked", sentence)
    assert not view.problem
    assert not view.active


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place.ELSEWHERE, ". It has knocked at 08:59, from elsewhere than before"),
        (Place.AS_BEFORE, ". It has knocked at 08:59, from where it was before"),
        (Place.UNKNOWN, ". It has knocked at 08:59"),
    ],
)
def test_a_locked_charger_says_whether_it_knocks_from_elsewhere(
    place: Place, words: str
) -> None:
    refusal = Refusal(reason="locked", remote="10.0.0.9", place=place, refused_at=at(-60))

    assert bay_2(GUESTS_LOCKED, refusals={"ZAP000002": refusal}).why.endswith(words)


def test_a_knock_before_the_lock_is_not_told() -> None:
    refusal = Refusal(reason="unassigned", remote="10.0.0.9", refused_at=at(-3600))

    assert "knocked" not in bay_2(GUESTS_LOCKED, refusals={"ZAP000002": refusal}).why


def test_a_locked_charger_does_not_count_among_the_others() -> None:
    view = seen(GUESTS_LOCKED, deactivated=False)

    assert (view.scene.chargers, view.scene.online) == (1, "1 of 1")
    assert [it.id for it in view.chargers] == ["bay-1"]
    assert view.breakers[0].cars == "1 of 1 charging, 1 locked"
    assert (view.head.hidden, view.head.hidden_text) == (2, "1 circuit and 1 charger")


# --- Deactivated ---


def test_a_deactivated_circuit_says_since_when_and_why() -> None:
    off = Deactivation(at=at(-86_400), reason="renovation")
    level_1 = LAYOUT.circuits[0].model_copy(update={"deactivated": off})
    layout = LAYOUT.model_copy(update={"circuits": (level_1, LAYOUT.circuits[1])})

    main, upper, lower = seen(layout).breakers
    assert (main.active, upper.active, lower.active) == (True, False, False)
    assert upper.note == "deactivated (21 Nov 09:00): renovation"
    assert lower.note == "out of use with the circuit above it"
    assert [it.id for it in seen(layout, deactivated=False).breakers] == ["main"]


def test_a_deactivated_installation_still_has_its_main_breaker() -> None:
    layout = LAYOUT.model_copy(update={"deactivated": Deactivation(at=AT)})
    view = seen(layout, deactivated=False)

    assert not view.head.active
    assert [(it.id, it.active) for it in view.breakers] == [("main", False)]
    assert view.head.hidden_text == "2 circuits and 2 chargers"


# --- Removed and moved ---


def removed(moved_to: str | None = None) -> Layout:
    gone = Removed(charger=charger(2, "guests"), at=at(-600), moved_to=moved_to)
    return LAYOUT.model_copy(update={"chargers": (charger(1),), "removed": (gone,)})


def test_a_removed_charger_is_gone_unless_it_is_asked_for() -> None:
    assert [it.id for it in seen(removed(), deactivated=False).chargers] == ["bay-1"]
    view = bay_2(removed())
    assert (view.state, view.word, view.circuit_id) == (State.REMOVED, "Removed", "guests")
    assert view.why == "Removed (08:50); its serial is not tied to this place any more"

    moved = bay_2(removed("pier"))
    assert (moved.word, moved.why) == ("Moved", "Moved to installation pier (08:50)")


def test_a_removed_charger_shows_nothing_of_whoever_has_its_id_elsewhere() -> None:
    view = bay_2(removed(), conditions={"bay-1": CHARGING, "bay-2": CHARGING})

    assert (view.state, view.draw_a, view.limit_a) == (State.REMOVED, None, None)


# --- Available current and priority ---


@pytest.mark.parametrize(
    ("available_a", "until", "text"),
    [
        (None, None, ""),
        ((40.0, 40.0, 40.0), None, "available 40 A"),
        ((40.0, 32.0, 40.5), at(3600), "available L1 40 A, L2 32 A, L3 40.5 A until 10:00"),
        ((40.0, 40.0, 40.0), at(-1), ""),
    ],
)
def test_available_current_is_told_while_it_holds(
    available_a: tuple[float, float, float] | None, until: datetime | None, text: str
) -> None:
    layout = LAYOUT.model_copy(update={"available_a": available_a, "available_until": until})
    head = seen(layout).head

    assert head.available == text
    assert (head.available_a is None) == (text == "")


def test_a_charger_that_comes_first_says_so() -> None:
    first = charger(2, "guests").model_copy(
        update={"priority": 9, "breaker_a": 20.0, "fail_safe_wished": True}
    )
    layout = LAYOUT.model_copy(update={"chargers": (charger(1), first)})

    view = bay_2(layout)
    assert (view.priority, view.priority_text) == (9, "priority 9")
    assert "own breaker 20 A" in view.about
    assert "fail-safe 6 A as wished" in view.about
    assert seen(layout).chargers[0].priority_text == ""


# --- Knocks ---


def test_a_stranger_is_offered_to_be_assigned() -> None:
    refusal = Refusal(reason="it is not assigned", remote="10.0.0.9", refused_at=at(-60))
    knock = knock_of("ZAP000999", refusal, {}, AT, OSLO)

    assert (knock.locked, knock.at, knock.reason) == (False, "08:59", "it is not assigned")
    assert knock.command == "ampledger charger assign INSTALLATION CIRCUIT ZAP000999"
    assert knock.addable


def test_a_locked_serial_that_knocks_is_shown_as_locked() -> None:
    refusal = Refusal(
        reason="its serial is locked",
        remote="10.0.0.9",
        place=Place.ELSEWHERE,
        refused_at=at(-60),
    )
    standing = {it.serial: (GUESTS_LOCKED, it) for it in GUESTS_LOCKED.chargers}
    knock = knock_of("ZAP000002", refusal, standing, AT, OSLO)

    assert (knock.locked, knock.addable) == (True, False)
    assert knock.reason == (
        "locked: its circuit Guests was deactivated (Bay 2, Sea Street garage)"
    )
    assert knock.place == "from elsewhere than before"
    assert knock.command == "ampledger serial why-locked ZAP000002"


def test_an_assigned_charger_that_was_refused_keeps_its_own_reason() -> None:
    refusal = Refusal(reason="it takes no fail-safe", remote="10.0.0.9", refused_at=at(-60))
    knock = knock_of("ZAP000001", refusal, {"ZAP000001": (LAYOUT, charger(1))}, AT, OSLO)

    assert (knock.reason, knock.command) == ("it takes no fail-safe", "")
    assert knock.way == "It is assigned as Bay 1, Sea Street garage"


def test_a_refusal_of_an_older_version_is_read() -> None:
    older = '{"reason": "nobody assigned it", "remote": "10.0.0.9", "refused_at": "%s"}'

    assert Refusal.model_validate_json(older % AT.isoformat()).place is Place.UNKNOWN

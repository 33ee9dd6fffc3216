"""What the balancer makes of an installation's events."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from cli.proving.moments import START_S, moment
from services.balancer.layout_folds import fold_layout
from services.balancer.layouts import FORGOTTEN_AFTER, Layout
from services.balancer.site import BrokenLayout, ChargingWish
from shared.messages import Event
from shared.messages.balancer import MAIN, Rule
from shared.messages.installation import (
    AvailableCurrentSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    ChargingWishSet,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    CircuitMoved,
    CircuitReactivated,
    FailSafeSet,
    ImbalanceLimitSet,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    InstallationReactivated,
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import PHASES, GridType, Phase

ABOUT = {"installation_id": "garage"}
BAY = {**ABOUT, "charger_id": "bay-1"}
LOCKED = {**BAY, "serial": "ZAP0001"}
DESCRIBED = {
    **ABOUT,
    "name": "Garage",
    "address": "Street 1",
    "category": Category.COMMUNITY,
    "country": "NO",
    "type": InstallationType.GARAGE,
    "time_zone": "Europe/Oslo",
}
BUILT: tuple[Event, ...] = (
    InstallationCreated(**DESCRIBED, grid_type=GridType.TN_3_PHASE, breaker_a=63),
    CircuitAdded(**ABOUT, circuit_id="east", name="East", breaker_a=40, set_a=32),
    CircuitAdded(**ABOUT, circuit_id="west", name="West", breaker_a=40, set_a=40),
    CircuitAdded(
        **ABOUT, circuit_id="wing", parent_id="west", name="Wing", breaker_a=25, set_a=25
    ),
    ChargerAssigned(
        **BAY,
        circuit_id="east",
        serial="ZAP0001",
        name="Bay 1",
        wiring=PHASES,
        max_a=32,
        min_a=8,
        breaker_a=25,
        fail_safe_a=6,
        moved_from=None,
    ),
)


def folded(*events: Event, twice: bool = False) -> Layout:
    """Fold a garage and what became of it, an event a second."""
    return after(None, (*BUILT, *events), twice=twice)


def after(layout: Layout | None, events: Iterable[Event], *, twice: bool = False) -> Layout:
    for event in events:
        position = 1 + (layout.position if layout else 0)
        for _ in range(1 + twice):
            layout = fold_layout(layout, event, position, moment(START_S + position))
    assert layout is not None
    return layout


CHANGES: tuple[Event, ...] = (
    InstallationChanged(**DESCRIBED, grid_type=GridType.IT_3_PHASE, breaker_a=50),
    InstallationDeactivated(**ABOUT),
    InstallationReactivated(**ABOUT),
    AvailableCurrentSet(**ABOUT, available_a=(20, 16, 10), until=moment(START_S + 99)),
    CircuitChanged(**ABOUT, circuit_id="east", name="East", breaker_a=40, set_a=16),
    CircuitMoved(**ABOUT, circuit_id="east", parent_id="west"),
    CircuitDeactivated(**ABOUT, circuit_id="east"),
    CircuitReactivated(**ABOUT, circuit_id="east"),
    ChargerChanged(**BAY, name="B", wiring=(Phase.L2,), max_a=16, min_a=6, breaker_a=None),
    ChargerMoved(**BAY, from_circuit_id="east", circuit_id="wing"),
    FailSafeSet(**BAY, fail_safe_a=0, wished=False),
    PrioritySet(**BAY, priority=9),
    SerialLocked(**LOCKED, circuit_id="east"),
    SerialUnlocked(**LOCKED, reason="in use again"),
    ChargerRemoved(**BAY, serial="ZAP0001"),
    ImbalanceLimitSet(**ABOUT, imbalance_a=20),
)


@pytest.mark.parametrize("event", CHANGES, ids=lambda it: type(it).__name__)
def test_folding_an_event_again_changes_nothing(event: Event) -> None:
    assert folded(event, twice=True) == folded(event)


def test_every_change_leads_to_the_layout_it_tells_of() -> None:
    site = folded(*CHANGES[:13]).site()

    breakers = {it.circuit_id: (it.parent_id, it.set_a) for it in site.breakers}
    charger = site.chargers["bay-1"]
    assert folded(CHANGES[-1]).site().imbalance_a == 20
    assert breakers == {
        MAIN: (None, 50),
        "east": ("west", 16),
        "west": (MAIN, 40),
        "wing": ("west", 25),
    }
    assert (charger.circuit_id, charger.wiring, charger.priority) == ("wing", (Phase.L2,), 9)
    assert (charger.highest_a, charger.min_a, charger.fail_safe_a) == (16, 6, 0)
    assert site.lines("bay-1") == (Phase.L2, Phase.L3)


def test_the_lower_one_of_its_own_breaker_and_its_maximum_is_the_most_a_charger_draws() -> None:
    assert folded().site().chargers["bay-1"].highest_a == 25


def test_available_current_bounds_the_main_breaker_until_it_ends() -> None:
    site = folded(CHANGES[3]).site()

    assert site.usable_a(START_S + 98)[:3] == (20, 16, 10)
    assert site.usable_a(START_S + 99) == site.capacity_a
    assert site.capacity_a[:3] == (63, 63, 63)


def test_available_current_above_the_breaker_makes_it_no_larger() -> None:
    plenty = AvailableCurrentSet(**ABOUT, available_a=(80, 80, 80), until=None)

    assert folded(plenty).site().usable_a(START_S) == folded().site().capacity_a


@pytest.mark.parametrize(
    ("events", "rule", "circuit_id"),
    [
        ((SerialLocked(**LOCKED, circuit_id="east"),), Rule.LOCKED, "east"),
        ((SerialLocked(**LOCKED, circuit_id=None),), Rule.LOCKED, None),
        ((CircuitDeactivated(**ABOUT, circuit_id="east"),), Rule.OUT_OF_USE, "east"),
        ((InstallationDeactivated(**ABOUT),), Rule.OUT_OF_USE, None),
        (
            (
                ChargerMoved(**BAY, from_circuit_id="east", circuit_id="wing"),
                CircuitDeactivated(**ABOUT, circuit_id="west"),
            ),
            Rule.OUT_OF_USE,
            "west",
        ),
    ],
)
def test_a_charger_is_out_of_use_with_whatever_it_hangs_on(
    events: tuple[Event, ...], rule: Rule, circuit_id: str | None
) -> None:
    reason = folded(*events).site().chargers["bay-1"].out_of_use

    assert reason is not None
    assert (reason.rule, reason.circuit_id) == (rule, circuit_id)


@pytest.mark.parametrize(
    "events",
    [
        (),
        (CircuitDeactivated(**ABOUT, circuit_id="west"),),
        (CHANGES[12], CHANGES[13]),
        (CHANGES[6], CHANGES[7]),
        (CHANGES[1], CHANGES[2]),
    ],
)
def test_a_charger_is_in_use_when_all_above_it_is(events: tuple[Event, ...]) -> None:
    assert folded(*events).site().chargers["bay-1"].out_of_use is None


def test_a_charger_that_was_moved_keeps_in_mind_where_it_stood() -> None:
    layout = folded(CHANGES[9])

    (stay,) = layout.chargers["bay-1"].stays
    assert (stay.path, stay.lines) == (("east", MAIN), PHASES)
    assert (stay.since, stay.left) == (len(BUILT), layout.position)
    assert layout.chargers["bay-1"].since == layout.position


@pytest.mark.parametrize("event", [CHANGES[0], CHANGES[8]], ids=["another grid", "rewired"])
def test_a_charger_that_is_wired_otherwise_is_one_that_was_moved(event: Event) -> None:
    charger = folded(event).chargers["bay-1"]

    assert [it.path for it in charger.stays] == [("east", MAIN)]
    assert charger.since == len(BUILT) + 1


def test_who_hangs_on_a_moved_circuit_hung_on_the_breakers_above_it_before() -> None:
    layout = folded(CHANGES[5])

    paths = [it.path for it in layout.chargers["bay-1"].stays]
    assert ("east", MAIN) in paths
    assert layout.path("east") == ("east", "west", MAIN)


def test_who_was_removed_from_a_circuit_that_is_moved_may_hang_on_it_still() -> None:
    (gone,) = folded(CHANGES[14], CHANGES[5]).departed

    assert {it.path for it in gone.stays} == {("east", MAIN), ("east", "west", MAIN)}


def test_a_removed_charger_is_gone_and_remembered_for_a_day() -> None:
    layout = folded(CHANGES[14])
    (gone,) = layout.departed
    again = BUILT[-1].model_copy(update={"charger_id": "bay-2", "serial": "ZAP0002"})
    other = ChargerRemoved(**ABOUT, charger_id="bay-2", serial="ZAP0002")

    assert "bay-1" not in layout.chargers
    assert (gone.serial, gone.left, gone.moved_to) == ("ZAP0001", layout.position, None)
    later = after(layout, [again])
    late = gone.left_at + FORGOTTEN_AFTER + timedelta(seconds=1)
    forgotten = fold_layout(later, other, later.position + 1, late)
    assert forgotten is not None
    assert [it.serial for it in forgotten.departed] == ["ZAP0002"]


def test_of_many_fail_safes_the_highest_of_those_forgotten_stays_in_mind() -> None:
    asked = [16.0, *(float(6 + it % 2) for it in range(12))]
    events = [FailSafeSet(**BAY, fail_safe_a=it, wished=True) for it in asked]
    charger = folded(*events).chargers["bay-1"]

    assert charger.fail_safe_a == asked[-1]
    assert max(it.fail_safe_a for it in charger.fail_safes) == 16.0
    assert len(charger.fail_safes) < len(asked)


def test_circuits_in_a_circle_are_refused() -> None:
    with pytest.raises(BrokenLayout):
        folded(
            CircuitMoved(**ABOUT, circuit_id="west", parent_id="wing"),
            ChargerMoved(**BAY, from_circuit_id="east", circuit_id="wing"),
            ChargerMoved(**BAY, from_circuit_id="wing", circuit_id="east"),
        )


def test_an_installation_of_an_earlier_program_can_still_be_read() -> None:
    """A document that was written before layouts could change."""
    document = {
        "installation_id": "garage",
        "name": "Garage",
        "grid": "TN_3_PHASE",
        "breaker_a": 63,
        "circuits": {"east": {"parent_id": "main", "name": "East", "set_a": 32}},
        "chargers": {
            "bay-1": {"circuit_id": "east", "wiring": ["L1"], "max_a": 32, "fail_safe_a": 6}
        },
    }

    layout = after(Layout.model_validate(document), [CHANGES[10], CHANGES[9]])

    assert layout.chargers["bay-1"].fail_safe_a == 0
    assert [it.fail_safe_a for it in layout.chargers["bay-1"].fail_safes] == [6, 0]


def test_a_wish_is_known_with_the_moment_it_was_made_and_can_be_taken_back() -> None:
    wished = ChargingWishSet(**BAY, departure_at=moment(START_S + 999), energy_wh=20_000)
    none = ChargingWishSet(**BAY, departure_at=None, energy_wh=None)

    wish = folded(wished, twice=True).site().chargers["bay-1"].wish

    made_s = START_S + len(BUILT) + 1
    assert wish == ChargingWish(START_S + 999, 20_000, pytest.approx(made_s))
    assert folded(wished, none).site().chargers["bay-1"].wish is None

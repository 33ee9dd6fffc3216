"""What every event of the installation log does to a layout."""

import pytest

from services.portal.documents import Charger, Circuit, Layout
from services.portal.layouts import LAYOUT_EVENTS, REMOVED_MAX, LayoutEvent, fold_layout
from shared.messages.installation import (
    AuthenticationRequiredSet,
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
    ContractPeakSet,
    CurrentScheduleSet,
    ExternalLimitLifted,
    ExternalLimitSet,
    FailSafeSet,
    ImbalanceLimitSet,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    InstallationReactivated,
    MeterAdded,
    MeterRemoved,
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
    SwitchCurrentSet,
)
from shared.messages.installation_terms import (
    Category,
    InstallationType,
    LimitOwner,
    Measures,
    MeterKind,
    PeakPeriod,
    ScheduleRule,
)
from shared.messages.registry import EVENTS
from shared.phases import PHASES, GridType, Phase
from shared.weekly import CurrentSchedule
from tests.unit.portal.facts import GARAGE, at

IN_GARAGE = {"installation_id": GARAGE}
BAY_1 = {**IN_GARAGE, "charger_id": "bay-1"}
BAY_1_SERIAL = {**BAY_1, "serial": "ZAP000001"}

ABOUT = {
    **IN_GARAGE,
    "name": "Sea Street garage",
    "address": "Sea Street 12",
    "category": Category.COMMUNITY,
    "country": "NO",
    "type": InstallationType.GARAGE,
    "grid_type": GridType.TN_3_PHASE,
    "breaker_a": 160.0,
    "time_zone": "Europe/Oslo",
}
created = InstallationCreated(**ABOUT)


def added(circuit_id: str, parent_id: str | None = None, set_a: float = 63.0) -> CircuitAdded:
    return CircuitAdded(
        **IN_GARAGE,
        circuit_id=circuit_id,
        parent_id=parent_id,
        name=circuit_id,
        breaker_a=63.0,
        set_a=set_a,
    )


def assigned(
    number: int = 1, circuit_id: str = "level-1", **changes: object
) -> ChargerAssigned:
    given = {
        **IN_GARAGE,
        "charger_id": f"bay-{number}",
        "circuit_id": circuit_id,
        "serial": f"ZAP{number:06}",
        "name": f"Bay {number}",
        "wiring": PHASES,
        "max_a": 32.0,
        "min_a": 6.0,
        "breaker_a": None,
        "fail_safe_a": 6.0,
        "moved_from": None,
    }
    return ChargerAssigned.model_validate(given | changes)


BUILT: tuple[LayoutEvent, ...] = (
    created,
    added("level-2"),
    added("level-1", set_a=50.0),
    added("guests", parent_id="level-1"),
    assigned(),
)


def layout_after(*events: LayoutEvent) -> Layout:
    """Fold the garage, and then what happens to it, a second apart."""
    layout: Layout | None = None
    for position, event in enumerate((*BUILT, *events), start=1):
        layout = fold_layout(layout, event, position, at(position))
    assert layout is not None
    assert Layout.model_validate_json(layout.model_dump_json()) == layout
    return layout


def circuit(layout: Layout, circuit_id: str) -> Circuit:
    found = layout.circuit(circuit_id)
    assert found is not None
    return found


def bay_1(layout: Layout) -> Charger:
    return next(it for it in layout.chargers if it.charger_id == "bay-1")


def test_a_layout_keeps_circuits_and_chargers_in_the_order_in_which_they_came() -> None:
    layout = layout_after(assigned(9), assigned(2))

    assert [it.name for it in layout.circuits] == ["level-2", "level-1", "guests"]
    assert [it.charger_id for it in layout.chargers] == ["bay-1", "bay-9", "bay-2"]
    assert layout.position == 7


def test_a_circuit_of_an_installation_that_was_never_created_is_not_applied() -> None:
    with pytest.raises(ValueError, match="never created"):
        fold_layout(None, added("level-1"), 1, at(0))


def test_every_event_of_the_installation_is_folded() -> None:
    announced = {it.__name__ for it in EVENTS.values() if it.service == "installation"}

    assert announced == LAYOUT_EVENTS


# --- Installation ---


def test_a_changed_installation_keeps_its_circuits() -> None:
    layout = layout_after(InstallationChanged(**ABOUT | {"name": "Pier", "breaker_a": 200.0}))

    assert (layout.name, layout.breaker_a, layout.time_zone) == ("Pier", 200.0, "Europe/Oslo")
    assert len(layout.circuits) == 3


def test_available_current_and_settings_are_kept_and_lifted() -> None:
    limited = AvailableCurrentSet(**IN_GARAGE, available_a=(40.0, 40.0, 32.0), until=at(90))
    layout = layout_after(
        limited,
        AuthenticationRequiredSet(**IN_GARAGE, required=True),
        SwitchCurrentSet(**IN_GARAGE, switch_current_a=10.0),
        ImbalanceLimitSet(**IN_GARAGE, imbalance_a=20.0),
    )

    assert (layout.available_a, layout.available_until) == ((40.0, 40.0, 32.0), at(90))
    assert (layout.authentication_required, layout.switch_current_a) == (True, 10.0)
    assert layout.imbalance_a == 20.0
    lifted = layout_after(
        limited, AvailableCurrentSet(**IN_GARAGE, available_a=None, until=None)
    )
    assert (lifted.available_a, lifted.available_until) == (None, None)


def test_nothing_is_in_use_in_a_deactivated_installation() -> None:
    ended = InstallationDeactivated(**IN_GARAGE, reason="sold")
    layout = layout_after(ended)

    assert layout.deactivated is not None
    assert (layout.deactivated.reason, layout.deactivated.at) == ("sold", at(6))
    assert not layout.in_use("level-1")
    again = layout_after(ended, InstallationReactivated(**IN_GARAGE))
    assert again.in_use("level-1")


# --- Circuits ---


def test_a_changed_circuit_stays_where_it_is() -> None:
    changed = CircuitChanged(
        **IN_GARAGE, circuit_id="guests", name="Visitors", breaker_a=40.0, set_a=32.0
    )
    guests = circuit(layout_after(changed), "guests")

    assert (guests.name, guests.breaker_a, guests.set_a) == ("Visitors", 40.0, 32.0)
    assert guests.parent_id == "level-1"


def test_a_moved_circuit_hangs_beneath_another_one() -> None:
    moved = CircuitMoved(**IN_GARAGE, circuit_id="guests", parent_id="level-2")
    assert circuit(layout_after(moved), "guests").parent_id == "level-2"

    to_main = CircuitMoved(**IN_GARAGE, circuit_id="guests", parent_id=None)
    assert circuit(layout_after(moved, to_main), "guests").parent_id is None


def test_what_is_beneath_a_deactivated_circuit_is_out_of_use_with_it() -> None:
    off = CircuitDeactivated(**IN_GARAGE, circuit_id="level-1", reason="renovation")
    layout = layout_after(off)

    assert [layout.in_use(it) for it in ("level-2", "level-1", "guests")] == [
        True,
        False,
        False,
    ]
    assert circuit(layout, "guests").deactivated is None
    on = layout_after(off, CircuitReactivated(**IN_GARAGE, circuit_id="level-1"))
    assert on.in_use("guests")


def test_a_circuit_that_was_deactivated_on_its_own_stays_so() -> None:
    layout = layout_after(
        CircuitDeactivated(**IN_GARAGE, circuit_id="guests"),
        CircuitDeactivated(**IN_GARAGE, circuit_id="level-1"),
        CircuitReactivated(**IN_GARAGE, circuit_id="level-1"),
    )

    assert layout.in_use("level-1")
    assert not layout.in_use("guests")


# --- Chargers ---


def test_a_changed_charger_keeps_its_serial_and_its_place() -> None:
    changed = ChargerChanged(
        **BAY_1,
        name="Bay 1 A",
        wiring=(Phase.L2,),
        max_a=16.0,
        min_a=8.0,
        breaker_a=20.0,
    )
    bay = bay_1(layout_after(changed))

    assert (bay.name, bay.wiring, bay.max_a, bay.min_a, bay.breaker_a) == (
        *("Bay 1 A", (Phase.L2,), 16.0, 8.0, 20.0),
    )
    assert (bay.serial, bay.circuit_id) == ("ZAP000001", "level-1")


def test_a_moved_charger_stands_at_its_new_place_only() -> None:
    moved = ChargerMoved(**BAY_1, from_circuit_id="level-1", circuit_id="guests")
    layout = layout_after(moved)

    assert [it.circuit_id for it in layout.chargers] == ["guests"]


def test_fail_safe_and_priority_are_kept() -> None:
    layout = layout_after(
        FailSafeSet(**BAY_1, fail_safe_a=0.0, wished=True), PrioritySet(**BAY_1, priority=9)
    )

    bay = bay_1(layout)
    assert (bay.fail_safe_a, bay.fail_safe_wished, bay.priority) == (0.0, True, 9)


def test_a_removed_charger_is_remembered_where_it_stood() -> None:
    layout = layout_after(ChargerRemoved(**BAY_1_SERIAL, moved_to="pier"))

    assert layout.chargers == ()
    assert [(it.charger.serial, it.moved_to, it.at) for it in layout.removed] == [
        ("ZAP000001", "pier", at(6))
    ]


def test_a_charger_that_comes_back_is_not_among_the_removed() -> None:
    layout = layout_after(ChargerRemoved(**BAY_1_SERIAL), assigned(circuit_id="guests"))

    assert layout.removed == ()
    assert bay_1(layout).circuit_id == "guests"


def test_only_the_latest_removed_chargers_are_remembered() -> None:
    events: list[LayoutEvent] = []
    for number in range(2, REMOVED_MAX + 5):
        event = assigned(number)
        gone = event.model_dump(include={"installation_id", "charger_id", "serial"})
        events += [event, ChargerRemoved(**gone)]
    removed = layout_after(*events).removed

    assert len(removed) == REMOVED_MAX
    assert removed[0].charger.charger_id == f"bay-{REMOVED_MAX + 4}"


def test_a_lock_names_what_the_charger_went_down_with_until_it_is_unlocked() -> None:
    locked = SerialLocked(**BAY_1_SERIAL, circuit_id="level-1")
    lock = bay_1(layout_after(locked)).lock
    assert lock is not None
    assert (lock.circuit_id, lock.at) == ("level-1", at(6))

    unlocked = SerialUnlocked(**BAY_1_SERIAL, reason="circuit level-1 was reactivated")
    assert bay_1(layout_after(locked, unlocked)).lock is None


# --- Wishes ---


def test_a_wish_for_a_car_is_known_until_it_is_withdrawn() -> None:
    wished = ChargingWishSet(**BAY_1, departure_at=at(90), energy_wh=20_000)
    withdrawn = ChargingWishSet(**BAY_1, departure_at=None, energy_wh=None)

    wish = layout_after(wished).chargers[0].wish

    assert wish is not None
    assert (wish.departure_at, wish.energy_wh) == (at(90), 20_000)
    assert layout_after(wished, withdrawn).chargers[0].wish is None


def test_limits_peaks_and_meters_are_known_until_they_are_gone() -> None:
    limit = ExternalLimitSet(
        installation_id=GARAGE, limit_id="evening", owner=LimitOwner.OWNER, circuit_id=None,
        limit_a=(20.0, 20.0, 20.0), power_w=None, includes_load=False, begins=None, until=None,
        windows=(), time_zone="Europe/Oslo", reason=None,
    )  # fmt: skip
    peak = ContractPeakSet(
        installation_id=GARAGE, circuit_id=None, peak_w=9000.0, per=PeakPeriod.HOUR
    )
    meter = MeterAdded(
        installation_id=GARAGE, meter_id="house", circuit_id=None, kind=MeterKind.BUILDING,
        measures=Measures.TOTAL, phases=PHASES, highest_a=60.0, error_a=0.5, interval_s=10.0,
    )  # fmt: skip
    known = layout_after(limit, peak, meter)
    gone = layout_after(
        limit,
        peak,
        meter,
        ExternalLimitLifted(
            installation_id=GARAGE, limit_id="evening", owner=LimitOwner.OWNER, circuit_id=None
        ),
        peak.model_copy(update={"peak_w": None}),
        MeterRemoved(installation_id=GARAGE, meter_id="house", circuit_id=None),
    )

    assert [it.limit_id for it in known.limits] == ["evening"]
    assert [it.peak_w for it in known.peaks] == [9000.0]
    assert [it.meter_id for it in known.meters] == ["house"]
    assert (gone.limits, gone.peaks, gone.meters) == ((), (), ())


def test_a_schedule_is_known_with_the_zone_it_is_meant_in() -> None:
    rule = ScheduleRule(begins="06:00", ends="22:00", available_a=(80.0, 80.0, 80.0))
    scheduled = CurrentScheduleSet(
        installation_id=GARAGE, rules=(rule,), otherwise_a=None, time_zone="Europe/Oslo"
    )

    schedule = layout_after(scheduled).current_schedule

    assert schedule == CurrentSchedule((rule,), None, "Europe/Oslo")
    lifted = scheduled.model_copy(update={"rules": ()})
    assert layout_after(scheduled, lifted).current_schedule is None


# --- Older documents ---


def test_a_document_of_an_older_version_is_read() -> None:
    older = """{"installation_id": "garage-1", "name": "G", "address": "A", "position": 3,
        "grid_type": "TN_3_PHASE", "breaker_a": 160.0,
        "circuits": [{"circuit_id": "level-1", "parent_id": null, "name": "Level 1",
                      "breaker_a": 63.0, "set_a": 50.0}],
        "chargers": [{"charger_id": "bay-1", "circuit_id": "level-1", "serial": "ZAP000001",
                      "name": "Bay 1", "wiring": ["L1", "L2", "L3"], "max_a": 32.0,
                      "fail_safe_a": 6.0}]}"""
    layout = Layout.model_validate_json(older)

    assert layout.in_use("level-1")
    assert (bay_1(layout).lock, bay_1(layout).priority, bay_1(layout).min_a) == (None, 0, 6.0)
    assert (layout.deactivated, layout.available_a, layout.removed) == (None, None, ())

"""The promise through changes of the layout: what was inherited, and what was planned."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cli.audit import HEARD_S_MAX, Audit, audit
from cli.audit_hardware import CLOCK_SKEW_S, DEPARTED_S
from shared.messages import Event
from shared.messages.balancer import (
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    LimitedBy,
    LimitIgnored,
    LoadBasis,
    Rule,
    UnmanagedLoadCounted,
)
from shared.messages.installation import (
    AvailableCurrentSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    CircuitMoved,
    CircuitReactivated,
    ExternalLimitSet,
    FailSafeSet,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.installation_terms import (
    Category,
    InstallationType,
    LimitOwner,
    Weekday,
    WeeklyWindow,
)
from shared.messages.telemetry import (
    ChargerRefused,
    CurrentLimitApplied,
    FailSafeApplied,
    Place,
)
from shared.phases import PHASES, GridType, Phase
from shared.recorded import Meta, Recorded
from shared.units import CAR_FOLLOW_S

BEGAN_AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
ABOUT = {"installation_id": "garage"}
END_S = 60.0
LEASE_S = 90.0
OVER_S = LEASE_S + CLOCK_SKEW_S + CAR_FOLLOW_S


def at(after_s: float) -> datetime:
    return BEGAN_AT + timedelta(seconds=after_s)


class Logs:
    """Logs as they grow; everything is recorded when it is told."""

    def __init__(self) -> None:
        self._logs: dict[str, list[Recorded]] = {}
        self._sequences: dict[str, int] = {}

    def put(self, after_s: float, *events: Event) -> None:
        for event in events:
            log = self._logs.setdefault(event.service, [])
            log.append(
                Recorded(
                    position=len(log) + 1,
                    stream="s",
                    version=len(log) + 1,
                    event_id=UUID(int=len(log) + 1),
                    recorded_at=at(after_s),
                    type=type(event).__name__,
                    schema_version=event.schema_version,
                    data=event.model_dump_json().encode(),
                    meta=Meta(actor="test", command_id="c", correlation_id="c"),
                )
            )

    @property
    def position(self) -> int:
        """Of the newest change of a layout."""
        return len(self._logs["installation"])

    def limit(
        self,
        after_s: float,
        charger_id: str,
        limit_a: float,
        *,
        until_s: float = LEASE_S,
        phases: tuple[Phase, ...] = PHASES,
        knows: int | None = None,
        of: str = "garage",
        confirmed: bool = True,
    ) -> None:
        sequence = self._sequences[charger_id] = self._sequences.get(charger_id, 0) + 1
        about = {"installation_id": of, "charger_id": charger_id, "limit_a": limit_a}
        about |= {"valid_until": at(until_s), "sequence": sequence, "epoch": 1}
        reason = LimitedBy(rule=Rule.BREAKER)
        self.put(
            after_s,
            CurrentLimitAllocated(
                **about,
                phases=phases,
                limited_by=reason,
                layout_position=self.position if knows is None else knows,
            ),
        )
        if confirmed:
            self.put(after_s, CurrentLimitApplied(**about, applied_at=at(after_s)))

    def audited(self, until_s: float = END_S) -> Audit:
        refused = ChargerRefused(
            serial="ZAP9999", reason="unknown", remote="", place=Place.UNKNOWN
        )
        self.put(until_s, refused)
        return audit(self._logs.values())


def created(name: str, breaker_a: float = 63) -> InstallationCreated:
    return InstallationCreated(
        installation_id=name,
        name="Garage",
        address="Street 1",
        category=Category.COMMUNITY,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=GridType.TN_3_PHASE,
        breaker_a=breaker_a,
        time_zone="Europe/Oslo",
    )


def assigned(
    charger_id: str,
    circuit_id: str = "east",
    *,
    serial: str | None = None,
    fail_safe_a: float = 0.0,
    of: str = "garage",
    breaker_a: float | None = None,
    moved_from: str | None = None,
) -> ChargerAssigned:
    return ChargerAssigned(
        installation_id=of,
        circuit_id=circuit_id,
        charger_id=charger_id,
        serial=serial or f"ZAP-{charger_id.upper()}",
        name=charger_id,
        wiring=PHASES,
        max_a=32,
        min_a=6,
        breaker_a=breaker_a,
        fail_safe_a=fail_safe_a,
        moved_from=moved_from,
    )


def circuit(circuit_id: str, set_a: float = 32, of: str = "garage") -> CircuitAdded:
    return CircuitAdded(
        installation_id=of, circuit_id=circuit_id, name=circuit_id, breaker_a=63, set_a=set_a
    )


def lowered(set_a: float, circuit_id: str = "east") -> CircuitChanged:
    return CircuitChanged(
        **ABOUT, circuit_id=circuit_id, name=circuit_id, breaker_a=63, set_a=set_a
    )


@pytest.fixture
def logs() -> Logs:
    """Two circuits of 32 A, and two chargers on the first one."""
    story = Logs()
    story.put(0, created("garage"), circuit("east"), circuit("west"))
    story.put(0, assigned("a"), assigned("b"))
    return story


def found_as(logs: Logs, until_s: float = END_S) -> tuple[float, float]:
    """What was planned, and what was inherited, on one line."""
    found = logs.audited(until_s)
    return found.planned_overload_as / 3, found.inherited_overload_as / 3


# --- Lowered breakers ---


def test_what_was_told_before_a_breaker_was_lowered_is_inherited(logs: Logs) -> None:
    logs.limit(1, "a", 16)
    logs.limit(1, "b", 16)
    logs.put(20, lowered(20))

    assert found_as(logs) == (0, pytest.approx(12 * 40))


def test_what_is_told_after_it_must_not_add_to_that(logs: Logs) -> None:
    logs.limit(1, "a", 16)
    logs.put(20, lowered(20))
    logs.limit(30, "b", 16)

    planned_as, inherited_as = found_as(logs)
    assert (planned_as, inherited_as) == (pytest.approx(12 * 30), pytest.approx(0))


def test_lower_limits_after_it_add_nothing(logs: Logs) -> None:
    logs.limit(1, "a", 16)
    logs.limit(1, "b", 16)
    logs.put(20, lowered(20))
    logs.limit(21, "a", 10)
    logs.limit(21, "b", 10, confirmed=False)

    planned_as, inherited_as = found_as(logs)
    assert planned_as == 0
    assert inherited_as == pytest.approx(
        12 * (1 + CAR_FOLLOW_S) + 6 * (END_S - 21 - CAR_FOLLOW_S)
    )


def test_a_lower_limit_must_not_outlast_the_one_before_while_anothers_earlier_one_stands(
    logs: Logs,
) -> None:
    logs.limit(1, "a", 16, until_s=25)
    logs.limit(1, "b", 16)
    logs.put(20, lowered(20))
    logs.limit(21, "a", 10, until_s=LEASE_S, confirmed=False)

    planned_as, _ = found_as(logs)
    assert planned_as == pytest.approx(6 * (END_S - 25 - CLOCK_SKEW_S - CAR_FOLLOW_S))


def test_a_limit_told_without_knowing_is_judged_by_what_was_known(logs: Logs) -> None:
    logs.limit(1, "a", 16)
    knew = logs.position
    logs.put(20, lowered(20))
    logs.limit(21, "b", 16, knows=knew)

    assert found_as(logs) == (0, pytest.approx(12 * 39))


def test_not_to_have_heard_of_a_change_for_long_is_no_excuse(logs: Logs) -> None:
    logs.limit(1, "a", 16)
    knew = logs.position
    logs.put(20, lowered(20))
    told_s = 20 + HEARD_S_MAX + 1
    logs.limit(told_s, "b", 16, knows=knew)

    assert found_as(logs)[0] == pytest.approx(12 * (END_S - told_s))


def test_a_lowered_main_breaker_is_a_lowered_breaker(logs: Logs) -> None:
    logs.limit(1, "a", 16)
    logs.put(20, InstallationChanged(**created("garage", breaker_a=10).model_dump()))
    logs.limit(30, "b", 6)

    assert found_as(logs)[0] == pytest.approx(6 * 30)


# --- Available current ---


def test_available_current_bounds_the_main_breaker_until_it_ends(logs: Logs) -> None:
    available = AvailableCurrentSet(**ABOUT, available_a=(10, 10, 10), until=at(40))
    logs.put(20, available)
    logs.limit(30, "a", 16)

    assert found_as(logs)[0] == pytest.approx(6 * 10)


# --- Moves ---


def test_a_moved_charger_counts_on_both_circuits(logs: Logs) -> None:
    logs.put(0, assigned("c", "west"))
    logs.limit(1, "a", 20)
    moved = ChargerMoved(**ABOUT, charger_id="a", from_circuit_id="east", circuit_id="west")
    logs.put(10, moved)
    logs.limit(20, "b", 20)
    logs.limit(30, "c", 20)

    assert found_as(logs)[0] == pytest.approx(8 * 40 + 8 * 30)


def test_the_old_circuit_is_free_once_a_limit_for_the_new_one_is_confirmed(logs: Logs) -> None:
    logs.limit(1, "a", 20)
    moved = ChargerMoved(**ABOUT, charger_id="a", from_circuit_id="east", circuit_id="west")
    logs.put(10, moved)
    logs.limit(11, "a", 20)
    logs.limit(11 + CAR_FOLLOW_S, "b", 20)

    assert found_as(logs) == (0, 0)


def test_a_fail_safe_counts_where_its_charger_stood_for_a_while(logs: Logs) -> None:
    logs.put(0, assigned("c", fail_safe_a=6.0))
    moved = ChargerMoved(**ABOUT, charger_id="c", from_circuit_id="east", circuit_id="west")
    logs.put(10, moved)
    logs.limit(20, "a", 30, until_s=5_000)

    assert found_as(logs, 2_000)[0] == pytest.approx(4 * (10 + DEPARTED_S - 20))


@pytest.mark.parametrize(
    ("confirms_s", "planned_as"),
    [(None, 4 * 40), (11.0, 0), (18.0, 4 * (18 + CAR_FOLLOW_S - 20))],
)
def test_what_it_confirms_there_after_it_left_is_what_it_falls_back_to_there(
    logs: Logs, confirms_s: float | None, planned_as: float
) -> None:
    """Whatever it is asked for elsewhere, it takes there."""
    logs.put(0, created("other"), circuit("hall", of="other"), assigned("c", fail_safe_a=6.0))
    logs.put(0, FailSafeApplied(**ABOUT, charger_id="c", fail_safe_a=6.0))
    logs.put(
        10,
        ChargerRemoved(**ABOUT, charger_id="c", serial="ZAP-C", moved_to="other"),
        assigned("c", "hall", of="other", fail_safe_a=6.0, moved_from="garage"),
    )
    if confirms_s is not None:
        logs.put(confirms_s, FailSafeApplied(**ABOUT, charger_id="c", fail_safe_a=0.0))
    logs.limit(20, "a", 30)

    assert found_as(logs)[0] == pytest.approx(planned_as)


def test_a_rewired_charger_may_load_all_its_lines_with_a_limit_of_before(logs: Logs) -> None:
    logs.limit(1, "a", 20, phases=(Phase.L1,))
    rewired = ChargerChanged(
        **ABOUT,
        charger_id="a",
        name="A",
        wiring=PHASES[::-1],
        max_a=32,
        min_a=6,
        breaker_a=None,
    )
    logs.put(10, rewired)
    logs.limit(20, "b", 20, phases=(Phase.L3,))

    assert logs.audited().planned_overload_as == pytest.approx(8 * 40)


def test_what_hangs_on_a_moved_circuit_counts_on_the_breakers_above_it_now(logs: Logs) -> None:
    logs.limit(1, "a", 20)
    logs.put(0, assigned("c", "west"))
    logs.put(10, CircuitMoved(**ABOUT, circuit_id="east", parent_id="west"))
    logs.limit(20, "c", 20)

    assert found_as(logs)[0] == pytest.approx(8 * 40)


def test_a_charger_that_was_moved_away_counts_in_both_installations(logs: Logs) -> None:
    logs.put(
        0, created("other"), circuit("hall", of="other"), assigned("c", "hall", of="other")
    )
    logs.limit(1, "a", 20)
    logs.put(
        10,
        ChargerRemoved(**ABOUT, charger_id="a", serial="ZAP-A", moved_to="other"),
        assigned("a", "hall", of="other", moved_from="garage"),
    )
    logs.limit(20, "b", 20)
    logs.limit(30, "c", 20, of="other")

    assert found_as(logs)[0] == pytest.approx(8 * 40 + 8 * 30)


def test_a_limit_for_a_charger_that_has_gone_meanwhile_is_not_planned_for_its_new_home(
    logs: Logs,
) -> None:
    logs.put(0, created("other"), circuit("hall", 16, of="other"))
    knew = logs.position
    logs.put(
        10,
        ChargerRemoved(**ABOUT, charger_id="a", serial="ZAP-A", moved_to="other"),
        assigned("a", "hall", of="other", moved_from="garage"),
    )
    logs.limit(11, "a", 20, knows=knew)

    planned_as, inherited_as = found_as(logs)
    assert planned_as == 0
    assert inherited_as == pytest.approx(4 * (END_S - 11))


def moved_away_before_its_circuit_was_known_to_have_moved(
    logs: Logs, fail_safe_a: float = 0.0
) -> None:
    """A charger's first home hears late of all that became of it there, its second one at once."""
    logs.put(0, created("other"), circuit("hall", of="other"), assigned("c", "west"))
    logs.limit(1, "a", 6, until_s=30)
    knew = logs.position
    logs.put(8, CircuitMoved(**ABOUT, circuit_id="east", parent_id="west"))
    logs.put(
        10,
        ChargerRemoved(**ABOUT, charger_id="a", serial="ZAP-A", moved_to="other"),
        assigned("a", "hall", of="other", moved_from="garage", fail_safe_a=fail_safe_a),
    )
    logs.limit(10, "b", 6, knows=knew)


def test_a_limit_for_its_new_home_counts_nowhere_that_it_had_left_however_late_that_is_heard(
    logs: Logs,
) -> None:
    moved_away_before_its_circuit_was_known_to_have_moved(logs)
    logs.limit(12, "a", 16, of="other")
    logs.limit(20, "c", 20)

    assert found_as(logs) == (0, 0)


def test_a_limit_for_its_former_home_counts_on_a_circuit_that_is_heard_late_to_have_moved(
    logs: Logs,
) -> None:
    moved_away_before_its_circuit_was_known_to_have_moved(logs)
    logs.limit(20, "c", 26)

    assert found_as(logs)[0] == pytest.approx(6 * (30 + CLOCK_SKEW_S + CAR_FOLLOW_S - 20))


def test_what_its_new_home_asks_it_to_fall_back_to_counts_nowhere_that_it_had_left(
    logs: Logs,
) -> None:
    moved_away_before_its_circuit_was_known_to_have_moved(logs, fail_safe_a=10)
    logs.limit(20, "c", 20)

    assert found_as(logs) == (0, 0)


# --- Chargers that leave ---


def test_a_removed_charger_counts_until_its_limit_is_over(logs: Logs) -> None:
    logs.limit(1, "a", 20, until_s=30)
    logs.put(10, ChargerRemoved(**ABOUT, charger_id="a", serial="ZAP-A"))
    logs.limit(20, "b", 20)

    assert found_as(logs)[0] == pytest.approx(8 * (30 + CLOCK_SKEW_S + CAR_FOLLOW_S - 20))


def test_a_limit_for_a_removed_charger_is_a_fault(logs: Logs) -> None:
    logs.put(10, ChargerRemoved(**ABOUT, charger_id="a", serial="ZAP-A"))
    logs.limit(20, "a", 10)

    assert found_as(logs)[0] == pytest.approx(10 * 40)


def test_what_another_charger_under_its_id_confirms_ends_none_of_its_limits(logs: Logs) -> None:
    logs.limit(1, "a", 20)
    logs.put(10, ChargerRemoved(**ABOUT, charger_id="a", serial="ZAP-A"))
    logs.put(11, assigned("a", "west", serial="ZAP-NEW"))
    logs.limit(12, "a", 6)
    logs.limit(20, "b", 20)

    assert found_as(logs)[0] == pytest.approx(8 * 40)


def test_a_charger_under_another_id_brings_its_limits(logs: Logs) -> None:
    logs.put(0, assigned("c", "west"))
    logs.limit(1, "a", 20)
    logs.put(10, ChargerRemoved(**ABOUT, charger_id="a", serial="ZAP-A"))
    logs.put(11, assigned("d", "west", serial="ZAP-A"))
    logs.limit(20, "c", 20)

    assert found_as(logs)[0] == pytest.approx(8 * 40)


# --- Out of use ---

LOCK = SerialLocked(**ABOUT, charger_id="a", serial="ZAP-A", circuit_id="east")


@pytest.mark.parametrize(
    "event",
    [
        LOCK,
        CircuitDeactivated(**ABOUT, circuit_id="east"),
        InstallationDeactivated(**ABOUT),
    ],
    ids=lambda it: type(it).__name__,
)
def test_any_limit_for_a_charger_out_of_use_is_a_fault(logs: Logs, event: Event) -> None:
    logs.put(10, event)
    logs.limit(20, "a", 6)

    found = logs.audited()
    assert found.planned_overload_as == pytest.approx(6 * 40 * 3)
    assert (found.worst_at or "").startswith("garage/east/a ")


def test_a_limit_of_before_and_0_a_are_none(logs: Logs) -> None:
    logs.limit(1, "a", 16)
    logs.put(10, LOCK)
    logs.limit(11, "a", 0)

    assert found_as(logs) == (0, 0)


def test_in_use_again_it_may_have_limits_again(logs: Logs) -> None:
    logs.put(10, LOCK, CircuitDeactivated(**ABOUT, circuit_id="east"))
    free = SerialUnlocked(**ABOUT, charger_id="a", serial="ZAP-A", reason="in use again")
    logs.put(20, CircuitReactivated(**ABOUT, circuit_id="east"), free)
    logs.limit(30, "a", 16)

    assert found_as(logs) == (0, 0)


def test_a_chargers_own_breaker_is_a_breaker(logs: Logs) -> None:
    logs.put(0, assigned("c", "west", breaker_a=10))
    logs.limit(20, "c", 16)

    found = logs.audited()
    assert found.planned_overload_as == pytest.approx(6 * 40 * 3)
    assert (found.worst_at or "").startswith("garage/west/c ")


# --- Fail-safes ---


def applied(charger_id: str, fail_safe_a: float) -> FailSafeApplied:
    return FailSafeApplied(**ABOUT, charger_id=charger_id, fail_safe_a=fail_safe_a)


def fail_safe(charger_id: str, fail_safe_a: float) -> FailSafeSet:
    return FailSafeSet(**ABOUT, charger_id=charger_id, fail_safe_a=fail_safe_a, wished=False)


def test_a_lower_fail_safe_counts_once_it_is_confirmed_and_the_car_has_followed(
    logs: Logs,
) -> None:
    logs.put(0, assigned("c", fail_safe_a=6.0))
    logs.put(5, applied("c", 6.0))
    logs.put(10, fail_safe("c", 0.0))
    logs.limit(20, "a", 30)
    logs.put(30, applied("c", 0.0))
    logs.limit(30 + CAR_FOLLOW_S, "b", 2)

    assert found_as(logs)[0] == pytest.approx(4 * 40), "nobody could know of the confirmation"


def test_of_a_charger_that_never_confirmed_any_the_layouts_fail_safe_counts(logs: Logs) -> None:
    logs.put(0, assigned("c", fail_safe_a=6.0))
    logs.put(10, fail_safe("c", 0.0))
    logs.limit(20, "a", 30)

    assert found_as(logs) == (0, 0)


def test_a_higher_fail_safe_counts_at_once(logs: Logs) -> None:
    logs.put(0, assigned("c"))
    logs.put(5, applied("c", 0.0), fail_safe("c", 10.0))
    logs.limit(20, "a", 30)

    assert found_as(logs)[0] == pytest.approx(8 * 40)


# --- Other things in the logs ---


def test_a_limit_that_may_have_replaced_a_longer_pause_ends_it(logs: Logs) -> None:
    logs.put(0, assigned("c", fail_safe_a=6.0))
    logs.put(1, applied("c", 6.0))
    logs.limit(2, "c", 0, until_s=150)
    logs.limit(10, "c", 10, until_s=30, confirmed=False)
    logs.limit(45, "a", 30)

    assert found_as(logs)[0] == pytest.approx(4 * 15)


def test_what_says_nothing_of_limits_is_passed_over(logs: Logs) -> None:
    logs.put(10, LimitIgnored(**ABOUT, charger_id="a", limit_a=6, measured_a=9))

    assert found_as(logs) == (0, 0)


def test_limits_of_before_layouts_were_written_down_knew_all_there_was(logs: Logs) -> None:
    lease = Lease(charger_id="b", limit_a=16, phases=PHASES, valid_until=at(90), sequence=1)
    logs.limit(1, "a", 16)
    logs.put(20, lowered(20))
    logs.put(30, LeasesRenewed(**ABOUT, epoch=1, leases=(lease,)))

    assert found_as(logs)[0] == pytest.approx(12 * 30)


# --- Other load, and what others allow ---


def garage(*chargers: ChargerAssigned) -> Logs:
    story = Logs()
    story.put(0, created("garage"), circuit("east"), *chargers)
    return story


def counted(load_a: float) -> UnmanagedLoadCounted:
    return UnmanagedLoadCounted(
        **ABOUT, circuit_id="main", load_a=(load_a,) * 3, basis=LoadBasis.MEASURED
    )


def allowed(limit_a: float, **changes: Any) -> ExternalLimitSet:
    told = {
        "limit_id": "it",
        "owner": LimitOwner.OWNER,
        "circuit_id": None,
        "limit_a": (limit_a,) * 3,
        "power_w": None,
        "includes_load": False,
        "begins": None,
        "until": None,
        "windows": (),
        "time_zone": "Europe/Oslo",
        "reason": None,
    }
    return ExternalLimitSet(**ABOUT, **(told | changes))


def test_what_a_rise_of_other_load_leaves_too_much_of_is_inherited() -> None:
    logs = garage(assigned("a"))
    logs.limit(1, "a", 32.0)
    logs.put(10, counted(50.0))
    logs.limit(10, "a", 13.0)

    found = logs.audited(30)

    assert found.planned_overload_as == 0
    assert found.inherited_overload_as == pytest.approx(19 * 3 * CAR_FOLLOW_S)


def test_a_limit_above_what_other_load_leaves_is_planned() -> None:
    logs = garage(assigned("a"))
    logs.put(1, counted(50.0))
    logs.limit(2, "a", 16.0)

    assert logs.audited(12).planned_overload_as == pytest.approx(3 * 3 * 10)


def test_what_is_above_a_contract_is_no_overload_and_told_apart() -> None:
    logs = garage(assigned("a"))
    logs.put(1, allowed(10.0, until=at(12)))
    logs.limit(2, "a", 16.0)

    found = logs.audited(30)

    assert (found.planned_overload_as, found.inherited_overload_as) == (0, 0)
    assert found.contract_excess_as == pytest.approx(6 * 3 * 10, rel=0.01)


def test_a_contract_that_includes_other_load_leaves_cars_the_rest() -> None:
    logs = garage(assigned("a"))
    logs.put(1, counted(20.0), allowed(30.0, includes_load=True))
    logs.limit(2, "a", 10.0)

    assert logs.audited(30).contract_excess_as == 0


def test_a_contract_holds_at_its_times_by_the_clock_on_the_wall() -> None:
    """It is 9 o'clock on a Sunday in Oslo when these logs begin."""
    for days, begins, excess in (("SUN", 9, True), ("SAT", 9, False), ("SUN", 10, False)):
        window = WeeklyWindow(days=(Weekday(days),), begins=f"{begins:02}:00", ends="23:00")
        logs = garage(assigned("a"))
        logs.put(1, allowed(10.0, windows=(window,)))
        logs.limit(2, "a", 16.0)

        assert (logs.audited(30).contract_excess_as > 0) is excess

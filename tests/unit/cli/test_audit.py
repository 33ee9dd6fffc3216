"""The promise is checked from the logs alone: what the audit finds, and what it does not."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cli.audit import CLOCK_SKEW_S, audit
from cli.audit_hardware import SAME_CAR_S
from shared.messages import Event
from shared.messages.balancer import (
    MAIN,
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    LimitedBy,
    Rule,
)
from shared.messages.installation import ChargerAssigned, CircuitAdded, InstallationCreated
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.telemetry import CurrentLimitApplied, CurrentLimitRejected
from shared.phases import PHASES, GridType, Phase
from shared.recorded import Meta, Recorded
from shared.units import CAR_FOLLOW_S

GARAGE = "garage"
BEGAN_AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
BREAKER_A = 32.0


def at(after_s: float) -> datetime:
    return BEGAN_AT + timedelta(seconds=after_s)


def log_of(*entries: tuple[float, Event]) -> list[Recorded]:
    """Lay events down as a log: when each was recorded, in seconds, and what it says."""
    meta = Meta(actor="test", command_id="c", correlation_id="c")
    return [
        Recorded(
            position=position,
            stream="s",
            version=position,
            event_id=UUID(int=position),
            recorded_at=at(after_s),
            type=type(event).__name__,
            schema_version=event.schema_version,
            data=event.model_dump_json().encode(),
            meta=meta,
        )
        for position, (after_s, event) in enumerate(entries, start=1)
    ]


def layout(
    *chargers: str,
    fail_safe_a: float = 0.0,
    set_a: float = BREAKER_A,
    wirings: Sequence[tuple[Phase, ...]] = (),
    grid: GridType = GridType.TN_3_PHASE,
) -> list[Recorded]:
    """A garage with one circuit, and chargers on it."""
    created = InstallationCreated(
        time_zone="Europe/Oslo",
        installation_id=GARAGE,
        name="Garage",
        address="Street 1",
        category=Category.COMMUNITY,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=grid,
        breaker_a=63,
    )
    circuit = CircuitAdded(
        installation_id=GARAGE, circuit_id="level-1", name="Level 1", breaker_a=63, set_a=set_a
    )
    assigned = [
        ChargerAssigned(
            min_a=6.0,
            breaker_a=None,
            moved_from=None,
            installation_id=GARAGE,
            circuit_id="level-1",
            charger_id=it,
            serial=f"ZAP-{it}",
            name=it,
            wiring=wirings[number] if wirings else PHASES,
            max_a=32,
            fail_safe_a=fail_safe_a,
        )
        for number, it in enumerate(chargers)
    ]
    return log_of((0, created), (0, circuit), *((0, it) for it in assigned))


def allocated(
    charger_id: str,
    limit_a: float,
    sequence: int,
    until_s: float = 90,
    phases: tuple[Phase, ...] = PHASES,
    read_s: float | None = None,
) -> CurrentLimitAllocated:
    return CurrentLimitAllocated(
        installation_id=GARAGE,
        charger_id=charger_id,
        limit_a=limit_a,
        phases=phases,
        valid_until=at(until_s),
        sequence=sequence,
        epoch=1,
        limited_by=LimitedBy(rule=Rule.BREAKER),
        reading_received_at=None if read_s is None else at(read_s),
    )


def renewed(charger_id: str, limit_a: float, sequence: int, until_s: float) -> LeasesRenewed:
    lease = Lease(
        charger_id=charger_id,
        limit_a=limit_a,
        phases=PHASES,
        valid_until=at(until_s),
        sequence=sequence,
    )
    return LeasesRenewed(installation_id=GARAGE, epoch=1, leases=(lease,))


def applied(charger_id: str, sequence: int, after_s: float) -> tuple[float, Event]:
    """A charger's confirmation, recorded when it came."""
    event = CurrentLimitApplied(
        installation_id=GARAGE,
        charger_id=charger_id,
        limit_a=0,
        valid_until=at(90),
        sequence=sequence,
        epoch=1,
        applied_at=at(after_s),
    )
    return after_s, event


def end(after_s: float) -> tuple[float, Event]:
    """Something that says nothing of limits: the logs reach until here."""
    rejected = CurrentLimitRejected(
        installation_id=GARAGE,
        charger_id="a",
        limit_a=6,
        sequence=999,
        epoch=1,
        status="Rejected",
    )
    return after_s, rejected


def test_nothing_recorded_is_nothing_overloaded() -> None:
    found = audit([[], [], []])

    assert (found.planned_overload_as, found.commands, found.latencies_ms) == (0, 0, ())


def test_limits_that_fit_together_are_no_overload() -> None:
    balancer = log_of((1, allocated("a", 16, 1)), (1, allocated("b", 16, 1)))

    found = audit([layout("a", "b"), log_of(end(60)), balancer])

    assert found.planned_overload_as == 0
    assert found.worst_at is None
    assert found.commands == 2


def test_two_limits_that_add_up_above_a_breaker_are_found() -> None:
    balancer = log_of((10, allocated("a", 20, 1)), (20, allocated("b", 16, 1)))

    found = audit([layout("a", "b"), log_of(end(30)), balancer])

    excess_a, for_s, lines = 20 + 16 - BREAKER_A, 10, 3
    assert found.planned_overload_as == pytest.approx(excess_a * for_s * lines)
    assert found.worst_a == pytest.approx(excess_a)
    assert found.worst_at is not None
    assert found.worst_at.startswith(f"{GARAGE}/level-1 L")


def test_an_overloaded_main_breaker_is_found_though_its_circuits_hold() -> None:
    building = layout("a", set_a=63)
    level_2 = CircuitAdded(
        installation_id=GARAGE, circuit_id="level-2", name="Level 2", breaker_a=63, set_a=63
    )
    other = building[-1].event.model_copy(
        update={"circuit_id": "level-2", "charger_id": "b", "serial": "ZAP-b"}
    )
    balancer = log_of((10, allocated("a", 32, 1)), (10, allocated("b", 32, 1)))

    logs = [building, log_of((0, level_2), (0, other)), log_of(end(20)), balancer]
    found = audit(logs)

    assert found.planned_overload_as == pytest.approx((64 - 63) * 10 * 3)
    assert (found.worst_at or "").startswith(f"{GARAGE}/{MAIN} ")


def test_limits_on_different_lines_do_not_add_up() -> None:
    first, second = (Phase.L1,), (Phase.L2,)
    balancer = log_of(
        (1, allocated("a", 32, 1, phases=first)), (1, allocated("b", 32, 1, phases=second))
    )

    found = audit([layout("a", "b"), log_of(end(60)), balancer])

    assert found.planned_overload_as == 0


@pytest.mark.parametrize(
    ("raised_s", "overload_s"),
    [
        (10 + CAR_FOLLOW_S, 0.0),
        (10 + CAR_FOLLOW_S - 1, 1.0),
        (10, CAR_FOLLOW_S),
    ],
)
def test_a_decrease_makes_room_once_it_is_confirmed_and_the_car_has_followed(
    raised_s: float, overload_s: float
) -> None:
    balancer = log_of(
        (1, allocated("a", 32, 1)), (8, allocated("a", 6, 2)), (raised_s, allocated("b", 26, 1))
    )
    telemetry = log_of(applied("a", 1, 2), applied("a", 2, 10), end(60))

    found = audit([layout("a", "b"), telemetry, balancer])

    assert found.planned_overload_as == pytest.approx(26 * overload_s * 3)


def test_a_decrease_that_was_never_confirmed_makes_no_room_before_the_old_lease_is_over() -> (
    None
):
    """The old limit counts until its lease, the clock's skew and the car's time are over."""
    balancer = log_of(
        (1, allocated("a", 32, 1, until_s=30)),
        (8, allocated("a", 6, 2, until_s=90)),
        (20, allocated("b", 26, 1)),
    )
    telemetry = log_of(applied("a", 1, 2), end(60))

    found = audit([layout("a", "b"), telemetry, balancer])

    over_s = 30 + CLOCK_SKEW_S + CAR_FOLLOW_S
    assert found.planned_overload_as == pytest.approx(26 * (over_s - 20) * 3)


def test_a_limit_that_the_charger_rejected_was_never_in_force() -> None:
    rejected = CurrentLimitRejected(
        installation_id=GARAGE,
        charger_id="a",
        limit_a=32,
        sequence=1,
        epoch=1,
        status="Rejected",
    )
    balancer = log_of((1, allocated("a", 32, 1)), (20, allocated("b", 26, 1)))

    found = audit([layout("a", "b"), log_of((2, rejected), end(60)), balancer])

    assert found.planned_overload_as == 0


def test_a_renewal_goes_on_counting() -> None:
    balancer = log_of(
        (1, allocated("a", 20, 1, until_s=30)),
        (25, renewed("a", 20, 2, until_s=90)),
        (50, allocated("b", 20, 1, until_s=140)),
    )
    telemetry = log_of(applied("a", 1, 1), applied("a", 2, 25), end(60))

    found = audit([layout("a", "b"), telemetry, balancer])

    assert found.planned_overload_as == pytest.approx(8 * 10 * 3)
    assert found.commands == 3


def test_a_fail_safe_counts_from_the_assignment_until_a_limit_is_confirmed() -> None:
    balancer = log_of((10, allocated("a", 30, 1)))
    fail_safe_a, others = 6.0, "b"

    found = audit([layout("a", others, fail_safe_a=fail_safe_a), log_of(end(20)), balancer])

    assert found.planned_overload_as == pytest.approx((30 + fail_safe_a - BREAKER_A) * 10 * 3)


def test_a_confirmed_limit_holds_the_fail_safe_off_until_its_lease_may_be_over() -> None:
    balancer = log_of(
        (1, allocated("b", 0, 1, until_s=50)), (10, allocated("a", 30, 1, until_s=90))
    )
    telemetry = log_of(applied("b", 1, 2), applied("a", 1, 11), end(60))

    found = audit([layout("a", "b", fail_safe_a=6.0), telemetry, balancer])

    expired_s = 50 - CLOCK_SKEW_S
    assert found.planned_overload_as == pytest.approx(4 * (60 - expired_s) * 3)


@pytest.mark.parametrize(
    ("until_s", "terminals", "overload_s"),
    [
        pytest.param(90 - CLOCK_SKEW_S + SAME_CAR_S - 10, None, 0.0, id="the-same-car"),
        pytest.param(
            90 - CLOCK_SKEW_S + SAME_CAR_S, None, 10.0, id="another-one-may-have-come"
        ),
        pytest.param(100.0, (1,), 25.0, id="its-charger-closes-all-terminals-again"),
    ],
)
def test_a_fail_safe_after_a_lease_is_on_its_cars_lines_for_a_minute(
    until_s: float, terminals: tuple[int, ...] | None, overload_s: float
) -> None:
    """Another limit relies on that until its clock is off, and its car has followed."""
    first = allocated("a", 16, 1, until_s=90, phases=(Phase.L1,))
    balancer = log_of(
        (1, first.model_copy(update={"terminals": terminals})),
        (10, allocated("b", 30, 1, until_s=until_s, phases=(Phase.L2,))),
    )
    telemetry = log_of(applied("a", 1, 2), end(200))

    found = audit([layout("a", "b", fail_safe_a=6.0), telemetry, balancer])

    assert found.planned_overload_as == pytest.approx((30 + 6.0 - BREAKER_A) * overload_s)


def test_the_order_in_which_logs_are_given_does_not_matter() -> None:
    balancer = log_of((10, allocated("a", 20, 1)), (20, allocated("b", 16, 1)))
    logs = [layout("a", "b"), log_of(end(30)), balancer]

    assert audit(logs) == audit(list(reversed(logs)))


def latencies(*entries: tuple[float, Event]) -> Iterator[float]:
    yield from audit([layout("a", "b"), log_of(*entries)]).latencies_ms


def test_a_limits_latency_is_from_its_reading_to_its_confirmation() -> None:
    found = latencies(
        (10.1, allocated("a", 16, 1, read_s=10)),
        (10.1, allocated("b", 16, 1, read_s=9)),
        applied("b", 1, 10.3),
        applied("a", 1, 10.4),
    )

    assert list(found) == pytest.approx([1300, 400])


def test_a_limit_that_no_reading_caused_has_no_latency() -> None:
    assert list(latencies((10, allocated("a", 16, 1)), applied("a", 1, 11))) == []


def test_a_limit_that_was_never_confirmed_has_no_latency() -> None:
    assert list(latencies((10, allocated("a", 16, 1, read_s=9)))) == []


def test_a_limit_that_is_confirmed_twice_counts_once() -> None:
    found = latencies(
        (10, allocated("a", 16, 1, read_s=9)), applied("a", 1, 11), applied("a", 1, 12)
    )

    assert list(found) == pytest.approx([2000])


L1_L2, L2_L3 = (Phase.L1, Phase.L2), (Phase.L2, Phase.L3)


@pytest.mark.parametrize(
    ("of_a", "of_b", "above_a"),
    [
        # On L2 the phasors of two pairs: 18 * sqrt(3) = 31.2; 19 * sqrt(3) = 32.9.
        ((18, L1_L2), (18, L2_L3), 0.0),
        ((19, L1_L2), (19, L2_L3), 0.909),
        # On one pair amperes add.
        ((16, L1_L2), (16, L1_L2), 0.0),
        ((18, L1_L2), (16, L1_L2), 2.0),
        # A limit on all lines may be drawn by any car, at any angle.
        ((18, PHASES), (14, L2_L3), 0.0),
        ((18, PHASES), (16, L2_L3), 2.0),
    ],
)
def test_in_an_it_grid_pairs_add_as_phasors(
    of_a: tuple[float, tuple[Phase, ...]],
    of_b: tuple[float, tuple[Phase, ...]],
    above_a: float,
) -> None:
    found = audit(
        [
            layout("a", "b", grid=GridType.IT_3_PHASE),
            log_of(
                (1, allocated("a", of_a[0], 1, phases=of_a[1])),
                (1, allocated("b", of_b[0], 1, phases=of_b[1])),
                end(60),
            ),
        ]
    )

    assert found.worst_a == pytest.approx(above_a, abs=1e-3)


def test_in_an_it_grid_a_fail_safe_comes_up_in_the_place_of_a_pair() -> None:
    """A car that may draw 20 A on a pair, or 6 A in any direction, draws one of both."""
    found = audit(
        [
            layout("a", "b", fail_safe_a=6.0, grid=GridType.IT_3_PHASE),
            log_of(
                (1, allocated("a", 20, 1, until_s=50, phases=L1_L2)),
                (1, allocated("b", 12, 1, until_s=90, phases=L1_L2)),
                end(120),
            ),
        ]
    )

    assert found.planned_overload_as == 0.0

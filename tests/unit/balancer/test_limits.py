"""Limits of contract: at what times they hold, and what the open period of a peak leaves."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from services.balancer.limits import (
    MARGIN,
    ContractPeak,
    ExternalLimit,
    Period,
    advance,
    allowed_w,
    begins_s,
    lines_of_power_a,
    power_of_lines_w,
    rule_of,
)
from shared.messages.balancer import MAIN, Rule
from shared.messages.installation_terms import LimitOwner, PeakPeriod, Weekday, WeeklyWindow
from shared.phases import GridType
from shared.weekly import within

OSLO = "Europe/Oslo"
EVENING = WeeklyWindow(days=(Weekday.FRI,), begins="17:00", ends="20:00")
NIGHT = WeeklyWindow(days=(Weekday.SAT,), begins="22:00", ends="06:00")


def in_oslo(text: str, fold: int = 0) -> float:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(OSLO), fold=fold)
    return local.timestamp()


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2026-11-27T16:59:59", False),
        ("2026-11-27T17:00", True),
        ("2026-11-27T19:59:59", True),
        ("2026-11-27T20:00", False),
        ("2026-11-26T18:00", False),
    ],
)
def test_a_window_is_a_part_of_its_days(at: str, *, holds: bool) -> None:
    assert within((EVENING,), OSLO, in_oslo(at)) is holds


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2026-11-28T21:59", False),
        ("2026-11-28T22:00", True),
        ("2026-11-29T05:59", True),
        ("2026-11-29T06:00", False),
        ("2026-11-28T05:59", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(
    at: str, *, holds: bool
) -> None:
    assert within((NIGHT,), OSLO, in_oslo(at)) is holds


def test_windows_go_by_the_clock_on_the_wall_in_summer_and_in_winter() -> None:
    every_day = WeeklyWindow(begins="17:00", ends="20:00")

    for day in ("2026-07-01", "2026-12-01", "2026-03-29", "2026-10-25"):
        assert within((every_day,), OSLO, in_oslo(f"{day}T17:00"))
        assert not within((every_day,), OSLO, in_oslo(f"{day}T20:00"))


def test_an_hour_that_comes_twice_counts_twice_and_one_that_never_comes_does_not() -> None:
    small = WeeklyWindow(begins="02:00", ends="03:00")

    assert within((small,), OSLO, in_oslo("2026-10-25T02:30", fold=0))
    assert within((small,), OSLO, in_oslo("2026-10-25T02:30", fold=1))
    before_s = in_oslo("2026-03-29T01:59")
    assert not any(within((small,), OSLO, before_s + it * 60) for it in range(120))


def test_a_limit_holds_from_its_beginning_until_its_end() -> None:
    limit = ExternalLimit("it", MAIN, Rule.OWNER, (9, 9, 9), begins_s=10, until_s=20)

    assert [limit.holds(it) for it in (9.9, 10, 19.9, 20)] == [False, True, True, False]


def test_the_reason_names_whose_limit_it_is() -> None:
    assert rule_of(LimitOwner.OWNER, ()) is Rule.OWNER
    assert rule_of(LimitOwner.INSTALLER, (EVENING,)) is Rule.SCHEDULE
    assert rule_of(LimitOwner.GRID_OPERATOR, (EVENING,)) is Rule.GRID_OPERATOR
    assert rule_of(LimitOwner.TARIFF, ()) is Rule.TARIFF


@pytest.mark.parametrize("grid", GridType)
def test_a_power_comes_back_from_its_lines(grid: GridType) -> None:
    assert power_of_lines_w(lines_of_power_a(9000, grid), grid) == pytest.approx(9000)


# --- Peaks ---

HOURLY = ContractPeak(MAIN, 10_000, PeakPeriod.HOUR, "Asia/Kolkata")
QUARTER = ContractPeak(MAIN, 10_000, PeakPeriod.QUARTER_HOUR, OSLO)


def test_periods_begin_by_the_clock_on_the_wall() -> None:
    """India is five and a half hours ahead: its hours begin at half past ours."""
    local = datetime(2026, 11, 27, 12, 20, tzinfo=ZoneInfo("Asia/Kolkata"))

    assert begins_s(HOURLY, local.timestamp()) == local.replace(minute=0).timestamp()


def test_what_was_saved_may_be_used_and_what_was_overdrawn_is_made_up_for() -> None:
    began_s = begins_s(QUARTER, in_oslo("2026-11-27T12:00"))
    begun = Period(began_s, 0.0, began_s)

    saved = advance(begun, QUARTER, 5_000, began_s + 450)
    overdrawn = advance(begun, QUARTER, 15_000, began_s + 450)

    assert allowed_w(saved, QUARTER) == pytest.approx(2 * MARGIN * 10_000 - 5_000)
    assert allowed_w(overdrawn, QUARTER) == pytest.approx(2 * MARGIN * 10_000 - 15_000)
    assert allowed_w(advance(begun, QUARTER, 30_000, began_s + 450), QUARTER) == 0


def test_nothing_is_known_of_a_period_after_a_restart_so_its_peak_was_used() -> None:
    began_s = begins_s(QUARTER, in_oslo("2026-11-27T12:00"))

    assert allowed_w(advance(None, QUARTER, 0, began_s + 300), QUARTER) == pytest.approx(9_800)


@for_any(
    st.lists(st.tuples(st.floats(0, 40_000), st.floats(0.2, 30)), min_size=1, max_size=200)
)
def test_whoever_keeps_to_what_is_allowed_stays_below_the_peak(
    wishes: list[tuple[float, float]],
) -> None:
    at_s = began_s = begins_s(QUARTER, in_oslo("2026-11-27T12:00"))
    period, flowing_w, used_ws = Period(began_s, 0.0, began_s), 0.0, 0.0
    for wished_w, for_s in wishes:
        for_s = min(for_s, began_s + 900 - at_s - 0.001)
        used_ws += flowing_w * for_s
        at_s += for_s
        period = advance(period, QUARTER, flowing_w, at_s)
        flowing_w = min(wished_w, allowed_w(period, QUARTER))
        assert used_ws + flowing_w * min(30.0, began_s + 900 - at_s) <= 900 * 10_000

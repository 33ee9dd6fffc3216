"""What holds at which times of the week, by a clock that is put forward and back."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messages.installation_terms import WEEK, ScheduleRule, WeeklyWindow
from shared.phases import PhaseCurrents
from shared.weekly import (
    MINUTE_S,
    WEEK_MINUTES,
    CurrentSchedule,
    spans,
)

OSLO = "Europe/Oslo"
DAY = ScheduleRule(days=WEEK[:5], begins="06:00", ends="22:00", available_a=(80.0, 80.0, 80.0))
OTHERWISE_A = (160.0, 160.0, 160.0)
SCHEDULE = CurrentSchedule((DAY,), OTHERWISE_A, OSLO)
ZONES = (OSLO, "Etc/UTC", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu")
TURNING_S = (
    datetime(2026, 3, 29, 1, tzinfo=ZoneInfo("UTC")).timestamp(),
    datetime(2026, 10, 25, 1, tzinfo=ZoneInfo("UTC")).timestamp(),
    datetime(2026, 4, 4, 15, tzinfo=ZoneInfo("UTC")).timestamp(),
    datetime(2026, 11, 1, 4, tzinfo=ZoneInfo("UTC")).timestamp(),
)
"""When clocks are turned in one of these zones, or an hour or two before that."""

clocks = st.builds(
    lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.sampled_from((0, 7, 30))
)
rules = st.builds(
    ScheduleRule,
    days=st.lists(st.sampled_from(WEEK), min_size=1, unique=True).map(tuple),
    begins=clocks,
    ends=clocks,
    available_a=st.sampled_from(((8.0, 8.0, 8.0), (16.0, 20.0, 24.0))),
)


def apart(found: list[ScheduleRule]) -> tuple[ScheduleRule, ...]:
    """Leave out what holds at the time of an earlier one."""
    kept: list[ScheduleRule] = []
    for rule in found:
        if not any(a.meets(b) for other in kept for a in spans(rule) for b in spans(other)):
            kept.append(rule)
    return tuple(kept)


schedules = st.builds(
    CurrentSchedule,
    st.lists(rules, min_size=1, max_size=4).map(apart),
    st.sampled_from((None, OTHERWISE_A)),
    st.sampled_from(ZONES),
)
moments_s = st.builds(
    lambda at_s, off_s: float(at_s + off_s),
    st.sampled_from(TURNING_S),
    st.integers(-200_000, 200_000),
)


def in_oslo(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(OSLO)).timestamp()


@pytest.mark.parametrize(
    ("at", "allowed_a"),
    [
        ("2026-11-27T05:59:59", 160.0),
        ("2026-11-27T06:00", 80.0),
        ("2026-11-27T21:59:59", 80.0),
        ("2026-11-27T22:00", 160.0),
        ("2026-11-28T12:00", 160.0),
        ("2026-07-03T06:00", 80.0),
    ],
)
def test_a_rule_holds_at_its_time_and_something_else_otherwise(
    at: str, allowed_a: float
) -> None:
    assert SCHEDULE.allowed_a(in_oslo(at)) == (allowed_a,) * 3


def test_a_rule_that_ends_when_it_begins_lasts_a_day() -> None:
    sunday = ScheduleRule(days=(WEEK[6],), begins="08:00", ends="08:00", available_a=(8, 8, 8))
    kept = CurrentSchedule((sunday,), None, OSLO)

    assert kept.allowed_a(in_oslo("2026-11-29T08:00")) == (8, 8, 8)
    assert kept.allowed_a(in_oslo("2026-11-30T07:59")) == (8, 8, 8)
    assert kept.allowed_a(in_oslo("2026-11-30T08:00")) is None
    assert kept.allowed_a(in_oslo("2026-11-29T07:59")) is None


def test_it_is_known_until_when_something_holds() -> None:
    friday_night_s = SCHEDULE.changes_s(in_oslo("2026-11-27T12:00"))

    assert friday_night_s == in_oslo("2026-11-27T22:00")
    assert SCHEDULE.changes_s(friday_night_s) == in_oslo("2026-11-30T06:00")


def test_what_never_changes_ends_never() -> None:
    always = ScheduleRule(begins="08:00", ends="08:00", available_a=(8, 8, 8))

    assert CurrentSchedule((always,), None, OSLO).changes_s(in_oslo("2026-11-27T12:00")) is None


def test_parts_of_the_week_meet_across_its_end() -> None:
    sunday_night = WeeklyWindow(days=(WEEK[6],), begins="22:00", ends="06:00")
    monday_early = WeeklyWindow(days=(WEEK[0],), begins="05:00", ends="07:00")
    monday_late = WeeklyWindow(days=(WEEK[0],), begins="06:00", ends="07:00")
    (night,), (early,), (late,) = (
        spans(it) for it in (sunday_night, monday_early, monday_late)
    )

    assert night.ends > WEEK_MINUTES
    assert night.meets(early)
    assert early.meets(night)
    assert not night.meets(late)
    assert not late.meets(night)


@settings(max_examples=30)
@given(schedules, moments_s)
def test_nothing_changes_before_it_is_said_to(kept: CurrentSchedule, now_s: float) -> None:
    changes_s = kept.changes_s(now_s)
    until_s = now_s + 26 * 3600 if changes_s is None else changes_s
    seen = {kept.allowed_a(it) for it in every_minute(now_s, min(until_s, now_s + 26 * 3600))}

    assert seen == {kept.allowed_a(now_s)}
    if changes_s is not None:
        assert kept.allowed_a(changes_s) != kept.allowed_a(now_s)


@settings(max_examples=50)
@given(schedules, moments_s, st.integers(0, 600))
def test_the_least_is_no_more_than_at_any_second(
    kept: CurrentSchedule, now_s: float, seconds: int
) -> None:
    lowest_a = kept.lowest_a(now_s, now_s + seconds)
    seen = [kept.allowed_a(now_s + it) for it in range(seconds + 1)]

    assert lowest_a == least(seen)


def least(seen: list[PhaseCurrents | None]) -> PhaseCurrents | None:
    known = [it for it in seen if it is not None]
    return (
        None
        if not known
        else (min(a[0] for a in known), min(a[1] for a in known), min(a[2] for a in known))
    )


def every_minute(from_s: float, until_s: float) -> list[float]:
    first_s = (from_s // MINUTE_S + 1) * MINUTE_S
    count = max(0, int((until_s - first_s) // MINUTE_S))
    return [from_s, *(first_s + it * MINUTE_S for it in range(count))]

"""When somebody is told: gathered, not in quiet hours, never a flood."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.pacing import (
    FLOOD,
    FLOOD_WITHIN,
    GATHERED,
    JITTER,
    TRY_S_MAX,
    due,
    pause_s,
    report_months,
)
from shared.messages.notifications import Pace, QuietHours

OSLO = ZoneInfo("Europe/Oslo")
NIGHT = QuietHours(begins="22:00", ends="07:00")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def clock(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO)


@pytest.mark.parametrize(
    ("pace", "now", "told"),
    [
        (Pace.HOURLY, "2026-11-27 12:10", "2026-11-27 13:00"),
        (Pace.DAILY, "2026-11-27 07:59", "2026-11-27 08:00"),
        (Pace.DAILY, "2026-11-27 08:00", "2026-11-28 08:00"),
    ],
)
def test_a_digest_comes_with_the_hour_or_in_the_morning(
    pace: Pace, now: str, told: str
) -> None:
    assert due(pace, None, OSLO, clock(now)) == clock(told)


def test_at_once_waits_a_little_for_more() -> None:
    now = clock("2026-11-27 12:00")

    assert due(Pace.AT_ONCE, None, OSLO, now) == now + GATHERED


def test_after_some_messages_the_next_one_gathers_what_comes() -> None:
    now = clock("2026-11-27 12:00")
    sent = [now - timedelta(seconds=60 * it) for it in range(1, FLOOD + 1)]

    assert due(Pace.AT_ONCE, None, OSLO, now, sent) == sent[-1] + FLOOD_WITHIN
    assert due(Pace.AT_ONCE, None, OSLO, now, sent[1:]) == now + GATHERED


def test_who_wants_to_hear_nothing_is_told_nothing() -> None:
    assert due(Pace.NEVER, None, OSLO, clock("2026-11-27 12:00")) is None


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-11-27 23:00", "2026-11-28 07:00"),
        ("2026-11-28 03:00", "2026-11-28 07:00"),
        ("2026-11-28 06:30", "2026-11-28 07:00"),
    ],
)
def test_the_night_is_quiet_by_the_clock_at_the_installation(now: str, told: str) -> None:
    assert due(Pace.AT_ONCE, NIGHT, OSLO, clock(now)) == clock(told)


@given(MOMENTS, st.sampled_from([Pace.AT_ONCE, Pace.HOURLY, Pace.DAILY]))
def test_nobody_is_ever_told_in_quiet_hours_nor_before_it_happened(
    now: datetime, pace: Pace
) -> None:
    told = due(pace, NIGHT, OSLO, now)

    assert told is not None
    assert now < told <= now + timedelta(hours=36)
    assert 7 <= told.astimezone(OSLO).hour < 22


@given(st.integers(1, 40), st.floats(0, 1))
def test_pauses_grow_and_are_bounded(attempts: int, chance: float) -> None:
    assert 0 < pause_s(attempts, chance) <= TRY_S_MAX * (1 + JITTER)
    assert pause_s(attempts + 1, 0.5) >= pause_s(attempts, 0.5)


def test_a_report_is_owed_from_its_day_on_and_none_for_the_time_before_it_was_ordered() -> None:
    ordered = clock("2026-10-10 12:00")

    assert report_months(3, OSLO, ordered, clock("2026-10-20 09:00")) is None
    assert report_months(3, OSLO, ordered, clock("2026-11-03 07:59")) is None
    assert report_months(3, OSLO, ordered, clock("2026-11-03 08:00")) == "2026-10"
    assert report_months(3, OSLO, ordered, clock("2026-11-30 08:00")) == "2026-10"
    assert report_months(1, OSLO, ordered, clock("2027-01-01 08:00")) == "2026-12"

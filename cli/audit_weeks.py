"""Times of the week in an audit, counted by itself: what the balancer thinks of them is what is audited."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.messages.installation import CurrentScheduleSet
from shared.messages.installation_terms import WEEK, WeeklyWindow
from shared.phases import PhaseCurrents


def scheduled_a(schedule: CurrentScheduleSet, at_s: float) -> PhaseCurrents | None:
    """Name what a schedule allows all chargers together at a moment; none: what breakers carry."""
    local = datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(schedule.time_zone))
    holding = (it.available_a for it in schedule.rules if within(it, local))
    return next(holding, schedule.otherwise_a)


def within(window: WeeklyWindow, local: datetime) -> bool:
    """Count minutes of a window from the last midnight, and from the one before it."""
    for days_ago in (0, 1):
        day = (local - timedelta(days=days_ago)).weekday()
        if WEEK[day] not in window.days:
            continue
        minute = local.hour * 60 + local.minute + local.second / 60 + days_ago * 1440
        begins, ends = _minutes(window.begins), _minutes(window.ends)
        if ends <= begins:
            ends += 1440
        if begins <= minute < ends:
            return True
    return False


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)

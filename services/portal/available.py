"""What may be used of an installation's main breaker at present."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.portal.documents import Layout
from services.portal.wording import clock_time
from shared.phases import PHASES, PhaseCurrents
from shared.speech import _
from shared.spelling import plain
from shared.weekly import lowest_of


@dataclass(frozen=True, slots=True)
class Available:
    """What all chargers together may draw on each line, by what, and until when."""

    lines_a: PhaseCurrents
    by_schedule: bool
    """It is the schedule's value on every line on which less may be drawn than the breaker carries."""
    until: datetime | None


def available_of(layout: Layout, now: datetime) -> Available | None:
    """Name what all chargers together may draw at present; none: as much as the breakers allow."""
    until, schedule = layout.available_until, layout.current_schedule
    set_a = None if until is not None and until <= now else layout.available_a
    scheduled_a = None if schedule is None else schedule.allowed_a(now.timestamp())
    given = [it for it in (set_a, scheduled_a) if it is not None]
    lines_a = lowest_of(given)
    if lines_a is None:
        return None
    if schedule is None or scheduled_a != lines_a:
        return Available(lines_a, by_schedule=False, until=until if set_a == lines_a else None)
    changes_s = schedule.changes_s(now.timestamp())
    changes = None if changes_s is None else datetime.fromtimestamp(changes_s, UTC)
    return Available(lines_a, by_schedule=True, until=changes)


def available_a_of(layout: Layout, now: datetime) -> PhaseCurrents | None:
    """Name what all chargers together may draw at present; none: as much as the breakers allow."""
    available = available_of(layout, now)
    return None if available is None else available.lines_a


def available_text(layout: Layout, now: datetime, zone: ZoneInfo | None) -> str:
    """Say what all chargers together may draw, and until when; nothing when there is no limit."""
    available = available_of(layout, now)
    if available is None:
        return ""
    lines = layout.grid_type.lines
    values = [available.lines_a[PHASES.index(line)] for line in lines]
    if len(set(values)) == 1:
        currents = f"{plain(values[0])} A"
    else:
        each = (f"{line} {plain(a)} A" for line, a in zip(lines, values, strict=True))
        currents = ", ".join(each)
    until = available.until
    if until is None:
        return _("available %(currents)s", currents=currents)
    time = clock_time(until, now, zone)
    return _("available %(currents)s until %(time)s", currents=currents, time=time)

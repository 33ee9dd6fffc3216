"""
What holds at which times of the week, by the clock on an installation's wall.

That clock knows of summer time: where it is put forward, times that do not come that day are passed over;
where it is put back, an hour that comes twice counts twice. Rules change at full minutes only, so that
looking once a minute misses nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from shared.messages.installation import CurrentScheduleSet
from shared.messages.installation_terms import WEEK, ScheduleRule, WeeklyWindow
from shared.phases import PhaseCurrents

MINUTE_S: Final = 60.0
DAY_MINUTES: Final = 24 * 60
WEEK_MINUTES: Final = len(WEEK) * DAY_MINUTES
_LOOKED_AHEAD_DAYS: Final = 8
_TURNED_S: Final = 1800
"""Clocks are put forward and back at full or half hours, by half an hour or more."""


def within(windows: Iterable[WeeklyWindow], zone: str, now_s: float) -> bool:
    """Tell whether the clock on a wall shows a time of some window."""
    local = datetime.fromtimestamp(now_s, ZoneInfo(zone))
    return any(_shows(local, it) for it in windows)


def _shows(local: datetime, window: WeeklyWindow) -> bool:
    clock = f"{local:%H:%M}"
    today, yesterday = WEEK[local.weekday()], WEEK[local.weekday() - 1]
    if window.begins < window.ends:
        return today in window.days and window.begins <= clock < window.ends
    return (today in window.days and clock >= window.begins) or (
        yesterday in window.days and clock < window.ends
    )


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the week, in minutes since Monday 00:00; it may go on into the next week."""

    begins: int
    ends: int

    def meets(self, other: "Span") -> bool:
        """Tell whether two parts have a minute in common."""
        return any(
            self.begins < other.ends + turn and other.begins + turn < self.ends
            for turn in (-WEEK_MINUTES, 0, WEEK_MINUTES)
        )


def spans(window: WeeklyWindow) -> list[Span]:
    """
    Name the parts of the week that a window is, one for each of its days.

    >>> spans(WeeklyWindow(days=("SUN",), begins="22:00", ends="06:00"))
    [Span(begins=9960, ends=10440)]
    """
    begins, ends = minutes(window.begins), minutes(window.ends)
    if ends <= begins:
        ends += DAY_MINUTES
    starts = (WEEK.index(it) * DAY_MINUTES for it in window.days)
    return [Span(start + begins, start + ends) for start in starts]


def minutes(clock: str) -> int:
    """
    Count the minutes of a day.

    >>> minutes("06:30")
    390
    """
    hours, rest = clock.split(":")
    return int(hours) * 60 + int(rest)


@dataclass(frozen=True, slots=True)
class CurrentSchedule:
    """
    What all chargers of an installation together may draw at which times of the week.

    Args:
        rules: no two of them hold at the same time.
        otherwise_a: on L1, L2 and L3, when none of them holds; none: as much as the breakers allow.
        zone: of the clock on the wall.
    """

    rules: tuple[ScheduleRule, ...]
    otherwise_a: PhaseCurrents | None
    zone: str

    @classmethod
    def of(cls, event: CurrentScheduleSet) -> "CurrentSchedule | None":
        """Read what was decided; none, if there is no schedule any more."""
        if not event.rules:
            return None
        return cls(event.rules, event.otherwise_a, event.time_zone)

    def allowed_a(self, now_s: float) -> PhaseCurrents | None:
        """Name what may be drawn at a moment; none: as much as the breakers allow."""
        local = datetime.fromtimestamp(now_s, ZoneInfo(self.zone))
        for rule in self.rules:
            if _shows(local, rule):
                return rule.available_a
        return self.otherwise_a

    def lowest_a(self, from_s: float, until_s: float) -> PhaseCurrents | None:
        """Name the least that may be drawn on each line at any moment between two, both included."""
        found = [a for _, a in self._between(from_s, until_s) if a is not None]
        return lowest_of(found)

    def lowest_ever_a(self) -> PhaseCurrents | None:
        """Name the least that may be drawn on each line at any time of any week."""
        ever = [it.available_a for it in self.rules]
        return lowest_of(ever if self.otherwise_a is None else [*ever, self.otherwise_a])

    def ends_s(self, from_s: float, until_s: float, line: int) -> float | None:
        """Name when the least that may be drawn on a line between two moments is allowed no longer, for
        something else is; none if that never comes."""
        moments = [
            (a[line], at_s) for at_s, a in self._between(from_s, until_s) if a is not None
        ]
        if not moments:
            return None
        _, at_s = min(moments)
        return self.changes_s(at_s)

    def changes_s(self, now_s: float) -> float | None:
        """Name the next moment at which something else is allowed; none if that never comes."""
        present = self.allowed_a(now_s)
        return next((it for it in self._turns_s(now_s) if self.allowed_a(it) != present), None)

    def steps(
        self, from_s: float, until_s: float
    ) -> Iterator[tuple[float, PhaseCurrents | None]]:
        """Name what is allowed from when on, between two moments."""
        at_s: float | None = from_s
        while at_s is not None and at_s < until_s:
            yield at_s, self.allowed_a(at_s)
            at_s = self.changes_s(at_s)

    def _between(
        self, from_s: float, until_s: float
    ) -> Iterator[tuple[float, PhaseCurrents | None]]:
        yield from_s, self.allowed_a(from_s)
        at_s = (from_s // MINUTE_S + 1) * MINUTE_S
        while at_s <= until_s:
            yield at_s, self.allowed_a(at_s)
            at_s += MINUTE_S

    def _turns_s(self, now_s: float) -> Iterator[float]:
        """Name the moments, in order, at which something else may be allowed."""
        zone = ZoneInfo(self.zone)
        today = datetime.fromtimestamp(now_s, zone).date()
        clocks = {it for rule in self.rules for it in (rule.begins, rule.ends)}
        for days in range(_LOOKED_AHEAD_DAYS + 1):
            midnight = datetime.combine(today + timedelta(days=days), datetime.min.time())
            turns = {
                (midnight + timedelta(minutes=minutes(it))).replace(tzinfo=zone, fold=fold)
                for it in clocks
                for fold in (0, 1)
            }
            begins_s = midnight.replace(tzinfo=zone).timestamp()
            ends_s = (midnight + timedelta(days=1)).replace(tzinfo=zone).timestamp()
            halves = (begins_s + it for it in range(0, int(ends_s - begins_s), _TURNED_S))
            yield from sorted(
                it for it in {*(turn.timestamp() for turn in turns), *halves} if it > now_s
            )


def lowest_of(currents: Sequence[PhaseCurrents]) -> PhaseCurrents | None:
    """
    Name the least on each line; none of nothing.

    >>> lowest_of([(16.0, 10.0, 20.0), (10.0, 16.0, 20.0)])
    (10.0, 10.0, 20.0)
    """
    if not currents:
        return None
    l1, l2, l3 = (min(a[line] for a in currents) for line in range(3))
    return (l1, l2, l3)

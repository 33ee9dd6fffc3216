"""What people type for currents, phases, moments and times of the week."""

import re
from datetime import datetime, timedelta
from typing import Final

import typer

from shared.messages.installation_terms import WEEK, ScheduleRule, Weekday, WeeklyWindow
from shared.phases import PHASES, Phase

_WINDOW: Final = re.compile(r"(?:(\S+)\s+)?(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")


def three_of(text: str) -> tuple[float, float, float]:
    """
    Read a current on every phase, or one on each.

    Raises:
        BadParameter: it is neither.

    >>> three_of("40"), three_of("40,40,32")
    ((40.0, 40.0, 40.0), (40.0, 40.0, 32.0))
    """
    try:
        values = [float(it) for it in text.replace(",", " ").split()]
    except ValueError:
        values = []
    if len(values) not in {1, len(PHASES)}:
        raise typer.BadParameter(f"{text!r} is neither one current nor three, such as 40,40,32")
    first, second, third = values * (len(PHASES) // len(values))
    return first, second, third


def moment_of(text: str, now: datetime) -> datetime:
    """
    Read a moment: with its offset, without one by this machine's time zone, or from now on.

    Raises:
        BadParameter: it is none of these.

    >>> str(moment_of("2h", datetime.fromisoformat("2026-11-22T08:00Z")))
    '2026-11-22 10:00:00+00:00'
    """
    units = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
    if text[:-1].isdecimal() and text[-1] in units:
        return now + int(text[:-1]) * units[text[-1]]
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no time; write 2026-11-22T18:00+01:00, or 90m, 2h, 3d from now"
        ) from error


def phases_of(text: str) -> tuple[Phase, ...]:
    """
    Read phases.

    Raises:
        BadParameter: they are none.

    >>> [str(it) for it in phases_of("L1,l3")]
    ['L1', 'L3']
    """
    try:
        return tuple(Phase(it.upper()) for it in text.replace(",", " ").split())
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} names no phases; write L1,L2,L3 or some of them"
        ) from error


def window_of(text: str) -> WeeklyWindow:
    """
    Read a time of the week.

    Raises:
        BadParameter: it is none.

    >>> it = window_of("MON-FRI 17:00-20:00")
    >>> len(it.days), it.begins, window_of("22:00-6:00").ends
    (5, '17:00', '06:00')
    """
    found = _WINDOW.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        days, begins, ends = found.groups()
        return WeeklyWindow(
            days=WEEK if days is None else _days(days.upper()),
            begins=_clock(begins),
            ends=_clock(ends),
        )
    except (ValueError, KeyError) as error:
        raise typer.BadParameter(
            f"{text!r} is no time of the week; write 17:00-20:00, MON-FRI 17:00-20:00, or "
            "SAT,SUN 22:00-06:00"
        ) from error


def rule_of(text: str) -> ScheduleRule:
    """
    Read a rule of a schedule: a time of the week, and what may be drawn then.

    Raises:
        BadParameter: it is none.

    >>> it = rule_of("MON-FRI 06:00-22:00 80")
    >>> it.begins, it.ends, it.available_a
    ('06:00', '22:00', (80.0, 80.0, 80.0))
    >>> rule_of("SAT,SUN 00:00-00:00 40,40,32").available_a
    (40.0, 40.0, 32.0)
    """
    found = _WINDOW.fullmatch(text.strip().rpartition(" ")[0])
    currents = text.strip().rpartition(" ")[2]
    try:
        if found is None:
            raise ValueError(text)
        days, begins, ends = found.groups()
        return ScheduleRule(
            days=WEEK if days is None else _days(days.upper()),
            begins=_clock(begins),
            ends=_clock(ends),
            available_a=three_of(currents),
        )
    except (ValueError, KeyError) as error:
        raise typer.BadParameter(
            f"{text!r} is no rule; write a time of the week and amperes, such as "
            "'MON-FRI 06:00-22:00 80' or '22:00-06:00 160,160,120'"
        ) from error


def _days(text: str) -> tuple[Weekday, ...]:
    days: list[Weekday] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = WEEK.index(Weekday(first)), WEEK.index(Weekday(last or first))
        span = (end - begin) % len(WEEK) + 1
        days += (WEEK[(begin + it) % len(WEEK)] for it in range(span))
    return tuple(days)


def _clock(text: str) -> str:
    """Spell hours with two figures; midnight at the end of a day is that at its beginning."""
    hours, minutes = text.split(":")
    return f"{int(hours) % 24:02}:{minutes}"

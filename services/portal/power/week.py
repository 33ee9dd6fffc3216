"""A week of a schedule: drawn, and as the rows of a form that people fill in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from babel.dates import get_day_names
from pydantic import ValidationError

from services.portal.doing import Filled, wrong_fields
from services.portal.power.amounts import Unclear, currents_of, told, written
from shared.messages.installation_terms import (
    SCHEDULE_RULES_MAX,
    WEEK,
    ScheduleRule,
    Weekday,
    WeeklyWindow,
)
from shared.phases import GridType, PhaseCurrents
from shared.speech import _, spoken
from shared.weekly import DAY_MINUTES, WEEK_MINUTES, CurrentSchedule, spans

ROWS_EMPTY: Final = 2
"""How many rows a form offers besides those that are filled in."""


# --- Words ---


def day_name(day: Weekday) -> str:
    """
    Name a day of the week in short.

    >>> day_name(Weekday.TUE)
    'Tue'
    """
    return str(get_day_names("abbreviated", locale=spoken())[WEEK.index(day)]).rstrip(".")


def days_text(days: Sequence[Weekday]) -> str:
    """
    Name days of the week, several that follow one another as from the first to the last.

    >>> days_text(WEEK[:5]), days_text((WEEK[0], WEEK[5], WEEK[6])), days_text(WEEK)
    ('Mon–Fri', 'Mon, Sat, Sun', 'every day')
    """
    if set(days) == set(WEEK):
        return _("every day")
    runs: list[list[Weekday]] = []
    for day in (it for it in WEEK if it in days):
        if runs and WEEK.index(day) == WEEK.index(runs[-1][-1]) + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    texts: list[str] = []
    for run in runs:
        names = [day_name(it) for it in run]
        texts += [f"{names[0]}–{names[-1]}"] if len(names) > 2 else names
    return ", ".join(texts)


def window_text(window: WeeklyWindow) -> str:
    """
    Name a part of the week.

    >>> window_text(WeeklyWindow(days=WEEK[:5], begins="06:00", ends="22:00"))
    'Mon–Fri 06:00–22:00'
    """
    return f"{days_text(window.days)} {window.begins}–{window.ends}"


# --- The picture ---


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a day in which one current holds; minutes since midnight."""

    begins: int
    minutes: int
    text: str
    level: int
    """In tenths of what the main breaker carries."""
    by_rule: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the week."""

    name: str
    blocks: tuple[Block, ...]


def week_of(schedule: CurrentSchedule, breaker_a: float, grid: GridType) -> list[Day]:
    """Draw a week, as rules have it: on a day on which clocks are turned an hour is more or less."""
    cuts = {0, WEEK_MINUTES, *(it * DAY_MINUTES for it in range(len(WEEK)))}
    held: list[tuple[int, int, ScheduleRule]] = []
    for rule in schedule.rules:
        for span in spans(rule):
            for begins, ends in _within_the_week(span.begins, span.ends):
                held.append((begins, ends, rule))
                cuts |= {begins, ends}
    days: list[list[Block]] = [[] for _day in WEEK]
    edges = sorted(cuts)
    for begins, ends in pairwise(edges):
        holding = next((it for a, b, it in held if a <= begins < b), None)
        allowed_a = schedule.otherwise_a if holding is None else holding.available_a
        days[begins // DAY_MINUTES].append(
            Block(
                begins % DAY_MINUTES,
                ends - begins,
                _("all") if allowed_a is None else told(allowed_a, grid),
                _level(allowed_a, breaker_a, grid),
                holding is not None,
            )
        )
    return [Day(day_name(it), tuple(days[i])) for i, it in enumerate(WEEK)]


def _within_the_week(begins: int, ends: int) -> Iterator[tuple[int, int]]:
    yield begins, min(ends, WEEK_MINUTES)
    if ends > WEEK_MINUTES:
        yield 0, ends - WEEK_MINUTES


def _level(allowed_a: PhaseCurrents | None, breaker_a: float, grid: GridType) -> int:
    if allowed_a is None:
        return 10
    return min(10, round(10 * min(allowed_a[: len(grid.lines)]) / breaker_a))


# --- The form ---


@dataclass(frozen=True, slots=True)
class Row:
    """A rule as it stands in a form."""

    days: tuple[str, ...] = ()
    begins: str = ""
    ends: str = ""
    available: str = ""
    wrong: str = ""

    @property
    def empty(self) -> bool:
        return not (self.days or self.begins or self.ends or self.available)


def rows_of(rules: Sequence[ScheduleRule]) -> list[Row]:
    """Write rules into the rows of a form, with some empty ones behind them."""
    rows = [Row(it.days, it.begins, it.ends, written(it.available_a)) for it in rules]
    return [*rows, *(Row() for _row in range(ROWS_EMPTY))]


@dataclass(frozen=True, slots=True)
class Read:
    """What a form says: rules, or rows of which some are wrong."""

    rules: tuple[Mapping[str, Any], ...]
    rows: tuple[Row, ...]

    @property
    def wrong(self) -> bool:
        return any(it.wrong for it in self.rows)


def read_rows(filled: Filled) -> Read:
    """Read the rows of a form; empty ones are left out."""
    rules: list[Mapping[str, Any]] = []
    rows: list[Row] = []
    for number in range(SCHEDULE_RULES_MAX + ROWS_EMPTY):
        row = Row(
            tuple(filled.all(f"days-{number}")),
            filled.one(f"begins-{number}"),
            filled.one(f"ends-{number}"),
            filled.one(f"available-{number}"),
        )
        if row.empty:
            continue
        rule, wrong = _rule_of(row)
        rules.append(rule)
        rows.append(Row(row.days, row.begins, row.ends, row.available, wrong))
    return Read(tuple(rules), tuple(rows))


def _rule_of(row: Row) -> tuple[Mapping[str, Any], str]:
    if not row.days:
        return {}, _("Tick the days on which it holds.")
    if not (row.begins and row.ends):
        return {}, _("Enter from when until when it holds; from 00:00 to 00:00 is all day.")
    if not row.available:
        return {}, _("Enter the current.")
    rule: dict[str, Any] = {"days": row.days, "begins": row.begins, "ends": row.ends}
    try:
        rule["available_a"] = currents_of(row.available)
        ScheduleRule.model_validate(rule)
    except Unclear as error:
        return {}, str(error)
    except ValidationError as error:
        return {}, next(iter(wrong_fields(error).fields.values()), str(error))
    return rule, ""

"""Traces: moments become minutes, minutes become columns, pictures and rows."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.traces.drawing import HEIGHT, WIDTH, Drawing, drawing
from services.portal.traces.keeping import Keeping
from services.portal.traces.recent import KEPT_S, MINUTES_MAX, Recent
from services.portal.traces.samples import (
    Gathering,
    Key,
    Minute,
    Sample,
    breaker_part,
    charger_part,
)
from services.portal.traces.trace import coarser, trace_of
from services.portal.traces.tracing import Traces, TraceUnavailable
from shared.phases import PHASES, Phase
from tests.unit.portal.facts import AT, GARAGE, OSLO, balance, reading

KEY = (GARAGE, charger_part("bay-1"))
START_S = AT.timestamp()


def sample(second: float, a: float = 10.0, limit_a: float | None = 12.0) -> Sample:
    return Sample(START_S + second, (a, 0.0, 0.0), limit_a)


def minute(number: int, a: float = 10.0, limit_a: float | None = 12.0) -> Minute:
    currents_a = (a, 0.0, 0.0)
    return Minute(START_S + 60 * number, currents_a, currents_a, currents_a, limit_a)


class Kept(Keeping):
    """A database that keeps what a test says; or that is away."""

    def __init__(self, minutes: Sequence[Minute], *, away: bool = False) -> None:
        super().__init__(None, Recent(), lambda: AT)
        self._minutes = minutes
        self._away = away

    async def minutes(self, _key: Key, begins: datetime, ends: datetime) -> list[Minute]:
        if self._away:
            raise asyncpg.InterfaceError("the pool is closing")
        first_s, last_s = begins.timestamp(), ends.timestamp()
        return [it for it in self._minutes if first_s <= it.at_s < last_s]


# --- Minutes ---


@given(st.lists(st.floats(0, 80), min_size=1, max_size=50))
def test_a_minute_lies_between_its_lowest_and_its_highest_moment(drawn_a: list[float]) -> None:
    gathering = Gathering(START_S)
    for index, a in enumerate(drawn_a):
        gathering.take(sample(index, a))
    told = gathering.so_far()

    assert (told.low_a[0], told.high_a[0]) == (min(drawn_a), max(drawn_a))
    assert told.low_a[0] - 1e-9 <= told.mean_a[0] <= told.high_a[0] + 1e-9


def test_a_minute_knows_the_latest_limit_and_the_most_that_was_committed() -> None:
    gathering = Gathering(START_S)
    for committed_a, set_a in ((20.0, 50.0), (40.0, 50.0), (30.0, 40.0)):
        three = (committed_a, 0.0, 0.0)
        gathering.take(Sample(START_S, (1.0, 0.0, 0.0), set_a, three))
    told = gathering.so_far()

    assert (told.limit_a, told.committed_a) == (40.0, (40.0, 0.0, 0.0))


def test_a_minute_is_handed_out_once_when_it_is_over() -> None:
    recent = Recent()
    recent.take(KEY, sample(10))
    during, after = recent.over(START_S + 59), recent.over(START_S + 60)

    assert during == []
    assert [(key, it.at_s) for key, it in after] == [(KEY, START_S)]
    assert recent.over(START_S + 120) == []


def test_the_next_minute_ends_the_one_before() -> None:
    recent = Recent()
    for second in (10, 70, 20):  # the last one comes late, and its minute is over
        recent.take(KEY, sample(second, a=float(second)))

    assert [it.at_s - START_S for it in recent.minutes(KEY)] == [0, 60]
    assert recent.minutes(KEY)[0].high_a[0] == 10.0


def test_minutes_that_could_not_be_kept_wait_and_the_oldest_go_first() -> None:
    recent = Recent()
    recent.put_back([(KEY, minute(it)) for it in range(MINUTES_MAX + 5)])
    over = recent.over(START_S)

    assert len(over) == MINUTES_MAX
    assert over[0][1].at_s == minute(5).at_s


class CutOff:
    """A pool whose connections are cut in the middle of asyncpg's protocol."""

    async def executemany(self, *_: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 12")


async def test_minutes_wait_for_a_database_that_is_cut_off() -> None:
    recent = Recent()
    recent.put_back([(KEY, minute(0))])
    await Keeping(CutOff(), recent, lambda: AT).write()

    assert len(recent.over(START_S)) == 1


# --- Moments ---


def test_moments_are_kept_for_a_quarter_of_an_hour() -> None:
    recent = Recent()
    for second in range(0, 2000, 2):
        recent.take(KEY, sample(second))
    kept = [it.at_s - START_S for it in recent.moments(KEY, START_S)]

    assert kept[-1] == 1998
    assert KEPT_S <= kept[-1] - kept[0] <= 1.1 * KEPT_S


def test_two_moments_a_second_are_kept_at_most_and_the_latest_always() -> None:
    recent = Recent()
    for index in range(20):
        recent.take(KEY, sample(index / 10, a=float(index)))
    kept = list(recent.moments(KEY, START_S))

    assert [it.current_a[0] for it in kept] == [0.0, 4.0, 8.0, 12.0, 16.0, 19.0]


def test_what_is_not_known_of_a_moment_stays_unknown() -> None:
    recent = Recent()
    recent.take(KEY, sample(1, limit_a=None))

    assert list(recent.moments(KEY, START_S)) == [sample(1, limit_a=None)]
    assert list(recent.moments((GARAGE, "charger/bay-9"), START_S)) == []


# --- Columns ---


def test_a_trace_is_columns_of_the_same_length() -> None:
    told = trace_of([minute(0), minute(1)], lines=(Phase.L1,))

    assert told.at_s == [START_S, START_S + 60]
    assert [it.phase for it in told.lines] == [Phase.L1]
    assert told.lines[0].mean_a == [10.0, 10.0]
    assert told.lines[0].committed_a is None
    assert told.limit_a == [12.0, 12.0]


def test_a_minute_of_which_moments_are_known_is_told_by_these() -> None:
    told = trace_of([minute(0), minute(1), minute(2)], [sample(70), sample(80)])

    assert [it - START_S for it in told.at_s] == [0, 70, 80]


def test_of_a_breaker_it_is_told_what_is_committed() -> None:
    both = [
        Minute(
            START_S, (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), 63.0, (9.0, 8.0, 7.0)
        )
    ]

    assert [it.committed_a for it in trace_of(both).lines] == [[9.0], [8.0], [7.0]]


def test_quarters_of_an_hour_have_the_extremes_of_their_minutes() -> None:
    quarters = coarser([minute(it, a=float(it)) for it in range(30)], 900)

    assert [it.at_s - START_S for it in quarters] == [0, 900]
    assert [(it.low_a[0], it.mean_a[0], it.high_a[0]) for it in quarters] == [
        (0.0, 7.0, 14.0),
        (15.0, 22.0, 29.0),
    ]


# --- Memory and database as one ---


async def test_a_trace_goes_on_from_the_database_into_memory() -> None:
    recent = Recent()
    kept = Kept([minute(-2), minute(-1)])
    traces = Traces(recent, kept, lambda *_: 12.0, lambda: AT)
    traces.hear_reading(reading(received_s=5))
    told = await traces.trace(KEY, AT - timedelta(minutes=10), AT + timedelta(minutes=1))

    assert [it - START_S for it in told.at_s] == [-120, -60, 5]
    assert told.lines[0].mean_a == [10.0, 10.0, 11.4]
    assert told.limit_a == [12.0, 12.0, 12.0]


async def test_a_day_is_told_by_minutes_and_more_by_quarters() -> None:
    kept = Kept([minute(it) for it in range(-120, 0)])
    traces = Traces(Recent(), kept, lambda *_: None, lambda: AT)
    day = await traces.trace(KEY, AT - timedelta(days=1), AT)
    week = await traces.trace(KEY, AT - timedelta(days=7), AT)

    assert (day.step_s, len(day.at_s)) == (60, 120)
    assert (week.step_s, len(week.at_s)) == (900, 8)


async def test_breakers_are_traced_from_balances() -> None:
    traces = Traces(Recent(), Kept([]), lambda *_: None, lambda: AT)
    traces.hear_balance(balance())
    key = (GARAGE, breaker_part("level-1"))
    told = await traces.trace(key, AT - timedelta(hours=1), AT + timedelta(seconds=1))

    assert told.lines[0].mean_a == [20.0]
    assert told.lines[0].committed_a == [24.0]
    assert told.limit_a == [50.0]


async def test_a_database_that_is_away_is_said_and_loses_no_minute() -> None:
    traces = Traces(Recent(), Kept([], away=True), lambda *_: None, lambda: AT)
    with pytest.raises(TraceUnavailable):
        await traces.trace(KEY, AT - timedelta(hours=1), AT)

    class Away:
        async def executemany(self, *_: object) -> None:
            raise OSError("connection lost")

    recent = Recent()
    recent.take(KEY, sample(1))
    await Keeping(Away(), recent, lambda: AT + timedelta(minutes=2)).write()
    assert [it.at_s for it in recent.minutes(KEY)] == [START_S]


# --- Pictures ---


def picture(minutes: Sequence[Minute], lines: Sequence[Phase] = PHASES) -> Drawing:
    return drawing(minutes, AT, AT + timedelta(hours=1), 60, OSLO, lines)


def test_a_line_is_broken_where_nothing_is_known() -> None:
    told = picture([minute(0), minute(1), minute(30)])

    assert told.curves[0].path.count("M") == 2
    assert told.curves[0].path.count("L") == 1


@given(st.lists(st.floats(0, 400), min_size=1, max_size=60))
def test_everything_is_drawn_within_the_picture(drawn_a: list[float]) -> None:
    minutes = [minute(index, a, limit_a=a) for index, a in enumerate(drawn_a)]
    told = picture(minutes)
    places = [it.split(" ") for it in re.split("[ML]", told.curves[0].path)[1:]]

    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in places)
    assert all(0 <= it.at <= HEIGHT for it in told.upwards)
    assert all(0 <= it.at <= WIDTH for it in told.across)


def test_the_table_has_the_same_numbers_the_latest_first() -> None:
    told = picture([minute(0, 10.26), minute(1, 7.0, limit_a=None)], (Phase.L1,))

    assert [(it.time, it.currents, it.limit) for it in told.rows] == [
        ("09:01", ("7.0",), "–"),
        ("09:00", ("10.3",), "12.0"),
    ]
    assert (
        told.rows[0].utc == f"{datetime.fromtimestamp(START_S + 60, UTC):%Y-%m-%d %H:%M:%S} UTC"
    )

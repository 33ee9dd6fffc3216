"""A clock that is off is found; a right one is never suspected, however late its messages come."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.clocks import OFF_S, Clock, corrected, is_news, is_off
from tests.unit.telemetry.facts import AT


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def seen(pairs: list[tuple[float, float]]) -> Clock:
    """Let a clock be seen by (time the charger gave, time it was received), in seconds."""
    clock = Clock()
    for said_s, received_s in pairs:
        clock.saw(at(said_s), at(received_s))
    return clock


LATE_S = st.floats(0, 1.9)
"""How late live messages come."""
GAPS_S = st.lists(st.floats(3, 900), min_size=3, max_size=30)
ERRORS_S = st.floats(-1e8, 1e8)


@given(error_s=ERRORS_S, gaps_s=GAPS_S, data=st.data())
def test_a_clock_that_is_off_by_a_constant_is_found(
    error_s: float, gaps_s: list[float], data: st.DataObject
) -> None:
    taken_s, pairs = 0.0, []
    for gap_s in gaps_s:
        taken_s += gap_s + 2.0
        pairs.append((taken_s + error_s, taken_s + data.draw(LATE_S)))

    found_s = seen(pairs).drift_s

    assert found_s is not None
    assert error_s - 2.0 <= found_s <= error_s + 0.01


@given(
    outages=st.lists(
        st.tuples(st.floats(5, 20_000), st.floats(0.001, 0.8), st.floats(1, 60)), max_size=5
    ),
    every_s=st.floats(4, 60),
    data=st.data(),
)
def test_a_right_clock_is_not_suspected_when_it_tells_later_what_it_kept(
    outages: list[tuple[float, float, float]], every_s: float, data: st.DataObject
) -> None:
    """Readings are kept in outages, and told faster than they were taken; some twice, some in disorder."""
    pairs: list[tuple[float, float]] = []
    now_s = 0.0
    for outage_s, pace, live in outages:
        for _ in range(int(live)):
            now_s += every_s
            pairs.append((now_s, now_s + data.draw(LATE_S)))
        kept = [now_s + n * every_s for n in range(1, 2 + min(40, int(outage_s / every_s)))]
        kept += data.draw(st.lists(st.sampled_from(kept), max_size=5))
        if data.draw(st.booleans()):
            kept = data.draw(st.permutations(kept))
        now_s = max(kept) + outage_s
        gap_s = min(every_s * pace, every_s - 2.1 if every_s > 5 else 2.9)
        for taken_s in kept:
            now_s += gap_s
            pairs.append((taken_s, now_s))

    clock = Clock()
    for said_s, received_s in pairs:
        clock.saw(at(said_s), at(received_s))
        assert clock.drift_s is None or not is_off(clock.drift_s)


@given(
    said_s=st.lists(st.floats(-1e6, 0), min_size=1, max_size=40),
    data=st.data(),
)
def test_whatever_comes_less_than_three_seconds_apart_shows_nothing(
    said_s: list[float], data: st.DataObject
) -> None:
    received_s, pairs = 0.0, []
    for said in said_s:
        received_s += data.draw(st.floats(0, 2.9 / len(said_s)))
        pairs.append((said, received_s))

    assert seen(pairs).drift_s is None


def test_a_message_told_again_and_again_shows_nothing() -> None:
    assert seen([(0.0, 60.0 + n) for n in range(100)]).drift_s is None


def test_a_clock_that_was_set_is_found_to_be_right() -> None:
    wrong = [(n * 10.0 - 300.0, n * 10.0) for n in range(10)]
    right = [(n * 10.0, n * 10.0) for n in range(10, 13)]

    assert seen(wrong).drift_s == -300.0
    assert seen([*wrong, *right]).drift_s == 0.0


@pytest.mark.parametrize(
    ("known_s", "drift_s", "news"),
    [
        (0.0, 10.0, False),
        (0.0, -10.1, True),
        (-300.0, -291.0, False),
        (-300.0, -289.0, True),
        (-300.0, 0.0, True),
        (12.0, 9.0, False),
        (12.0, 4.0, True),
        (4.0, 0.0, False),
    ],
)
def test_a_drift_is_news_when_it_passes_a_bound_or_changes(
    known_s: float, drift_s: float, news: bool
) -> None:
    assert is_news(known_s, drift_s) is news


@given(error_s=ERRORS_S, kept_s=st.floats(0, 86_400))
def test_times_are_corrected_by_the_drift(error_s: float, kept_s: float) -> None:
    said_at = at(error_s - kept_s)
    found = corrected(said_at, at(0), error_s)

    if is_off(error_s) and abs(error_s - kept_s) > OFF_S:
        assert abs((found - at(-kept_s)).total_seconds()) < 0.01
    else:
        assert found == said_at, "a time that is right as it stands is left alone"


@given(said_s=ERRORS_S, drift_s=st.floats(-1e10, 1e10))
def test_no_time_is_moved_into_the_future(said_s: float, drift_s: float) -> None:
    found = corrected(at(said_s), at(0), drift_s)

    assert found == at(said_s) or found <= at(0)

"""Breakers trip at least as fast as the fastest lawful one, and never up to 1.13 of their rating."""

import hypothesis
import pytest
from hypothesis import strategies as st

from simulator.breakers import Breaker

RATING_A = 100.0


def cold(set_a: float = RATING_A) -> Breaker:
    return Breaker("main", RATING_A, set_a)


def trip_s(ratio: float, breaker: Breaker, within_s: float, dt_s: float = 0.05) -> float | None:
    elapsed_s = 0.0
    while elapsed_s < within_s:
        breaker.step((ratio * RATING_A, 0.0, 0.0), dt_s)
        elapsed_s += dt_s
        if breaker.tripped:
            return elapsed_s
    return None


@pytest.mark.parametrize(
    ("ratio", "table_s"), [(1.2, 32.0), (1.45, 6.3), (2.0, 1.9), (2.55, 1.0)]
)
def test_from_cold_it_trips_at_least_as_fast_as_the_fastest_lawful_one(
    ratio: float, table_s: float
) -> None:
    seconds = trip_s(ratio, cold(), within_s=60.0)

    assert seconds is not None
    assert table_s / 5 < seconds <= table_s


def test_the_more_it_carries_the_sooner_it_trips() -> None:
    seconds = [trip_s(ratio, cold(), 60.0) or 60.0 for ratio in (1.14, 1.2, 1.45, 2.0, 2.55)]

    assert sorted(seconds, reverse=True) == seconds


@hypothesis.given(
    ratios=st.lists(st.floats(0.0, 1.13), min_size=1, max_size=50), dt_s=st.floats(0.01, 3600.0)
)
def test_up_to_1_13_of_its_rating_it_never_trips(ratios: list[float], dt_s: float) -> None:
    breaker = cold()

    for ratio in ratios:
        breaker.step((ratio * RATING_A, RATING_A, 0.0), dt_s)

    assert not breaker.tripped


def test_a_hot_breaker_trips_sooner_than_a_cold_one() -> None:
    warm = cold()
    warm.step((RATING_A, 0.0, 0.0), 3600.0)

    after_warm_s = trip_s(1.45, warm, 60.0)
    after_cold_s = trip_s(1.45, cold(), 60.0)

    assert after_warm_s is not None
    assert after_cold_s is not None
    assert after_warm_s < after_cold_s / 2


def test_heat_is_forgotten_in_time() -> None:
    breaker = cold()
    breaker.step((1.45 * RATING_A, 0.0, 0.0), 3.0)

    breaker.step((0.0, 0.0, 0.0), 60.0)

    assert breaker.heat == pytest.approx(0.0, abs=1e-3)
    assert not breaker.tripped


def test_one_long_step_heats_like_many_short_ones() -> None:
    once, often = cold(), cold()

    once.step((1.1 * RATING_A, 0.0, 0.0), 2.0)
    for _ in range(200):
        often.step((1.1 * RATING_A, 0.0, 0.0), 0.01)

    assert once.heat == pytest.approx(often.heat)


def test_the_magnetic_release_acts_at_once_at_three_times_the_rating() -> None:
    below, at = cold(), cold()

    below.step((2.99 * RATING_A, 0.0, 0.0), 0.001)
    at.step((3.0 * RATING_A, 0.0, 0.0), 0.001)

    assert (below.tripped, at.tripped) == (False, True)


def test_overload_is_counted_above_the_set_value_on_every_line() -> None:
    breaker = cold(set_a=80.0)

    over_as = breaker.step((90.0, 80.0, 100.0), 2.0)

    assert over_as == (20.0, 0.0, 40.0)
    assert breaker.overload_as == 60.0
    assert breaker.ratio_max == 1.0
    assert not breaker.tripped

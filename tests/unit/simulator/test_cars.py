# ruff: noqa: S311  # the habits of simulated cars need no cryptography
"""Cars follow their offer in time, keep to it, and stop when they are full; but for the rogue."""

from random import Random

import hypothesis
import pytest
from hypothesis import strategies as st

from shared.units import CAR_FOLLOW_S, PILOT_MIN_A
from simulator.cars import (
    ASLEEP_AFTER_S,
    LAG_S_MAX,
    SLEEPY_SHARE,
    THREE_PHASE_16,
    Car,
    CarModel,
    model_of,
    new_car,
)
from simulator.sessions import load_sessions

THREE_PHASE_32 = CarModel("big", 3, 32.0)
MUCH_KWH = 1000.0
DT_S = 0.1


def car(model: CarModel = THREE_PHASE_32, need_kwh: float = MUCH_KWH, **more: bool) -> Car:
    return new_car(model, 3, need_kwh, Random(7), **more)


def live(it: Car, offered_a: float, seconds: float, dt_s: float = DT_S) -> list[float]:
    return [it.step(offered_a, 32.0, dt_s) for _ in range(round(seconds / dt_s))]


@pytest.mark.parametrize("seed", range(20))
def test_a_decrease_is_complete_within_five_seconds(seed: int) -> None:
    it = new_car(THREE_PHASE_32, 3, MUCH_KWH, Random(seed))
    live(it, 32.0, 10.0)

    draws_a = live(it, 10.0, CAR_FOLLOW_S)

    assert draws_a[0] > 10.0, "it takes a while"
    assert draws_a[-1] <= 10.0


@pytest.mark.parametrize("seed", range(20))
def test_a_decrease_is_not_put_off_by_another_one_soon_after(seed: int) -> None:
    it = new_car(THREE_PHASE_32, 3, MUCH_KWH, Random(seed))
    live(it, 32.0, 10.0)

    live(it, 10.0, it.lag_s / 2)
    live(it, 8.0, CAR_FOLLOW_S - it.lag_s / 2)

    assert it.draw_a <= 10.0


offers = st.lists(
    st.tuples(
        st.sampled_from((0.0, 5.9, 6.0, 6.1, 10.0, 16.0, 31.9, 32.0)), st.floats(0.1, 8.0)
    ),
    min_size=1,
    max_size=15,
)


@hypothesis.settings(deadline=None)
@hypothesis.given(
    offers=offers, seed=st.integers(0, 1000), dt_s=st.sampled_from((0.05, 0.1, 0.25))
)
def test_a_draw_never_exceeds_the_highest_offer_of_the_last_five_seconds(
    offers: list[tuple[float, float]], seed: int, dt_s: float
) -> None:
    it = new_car(THREE_PHASE_32, 3, MUCH_KWH, Random(seed))
    history: list[tuple[float, float]] = []
    now_s = 0.0

    for offered_a, seconds in offers:
        for draw_a in live(it, offered_a, max(seconds, dt_s), dt_s):
            now_s += dt_s
            history.append((now_s, offered_a))
            recent = [a for at_s, a in history if at_s > now_s - CAR_FOLLOW_S]
            # An offer below 6 A is none.
            assert draw_a <= max(a if a >= PILOT_MIN_A else 0.0 for a in recent)


def test_a_rise_is_followed_too_but_not_at_once_nor_beyond() -> None:
    it = car()
    live(it, 8.0, 10.0)

    draws_a = live(it, 24.0, 6.0)

    assert draws_a[2] <= 8.0
    assert 23.0 < draws_a[-1] <= 24.0
    assert draws_a == sorted(draws_a)


@pytest.mark.parametrize("offered_a", [0.0, 3.0, 5.99])
def test_an_offer_below_six_amperes_is_a_pause(offered_a: float) -> None:
    it = car()
    live(it, 16.0, 10.0)

    live(it, offered_a, CAR_FOLLOW_S)

    assert it.draw_a == 0.0


def test_a_car_draws_a_little_less_than_it_is_offered_and_nothing_between_zero_and_six() -> (
    None
):
    it = car()

    draws_a = live(it, 16.0, 10.0) + live(it, 0.0, 10.0)

    assert 0.985 * 16.0 <= max(draws_a) <= 16.0
    assert all(a == 0.0 or a >= 0.985 * PILOT_MIN_A for a in draws_a)


def test_a_small_car_draws_less_than_it_may() -> None:
    it = new_car(CarModel("small", 3, 11.0), 3, MUCH_KWH, Random(1))

    live(it, 32.0, 10.0)

    assert 0.985 * 11.0 <= it.draw_a <= 11.0
    assert it.wish_a(32.0) == pytest.approx(it.draw_a)


def test_a_three_phase_car_at_a_one_phase_charger_charges_on_one_phase() -> None:
    assert new_car(THREE_PHASE_16, 1, 10.0, Random(1)).phases == 1


def test_near_the_end_a_car_takes_less_and_less_and_then_nothing() -> None:
    it = car(THREE_PHASE_16, need_kwh=10.0)
    live(it, 16.0, 10.0)

    draws_a = []
    for _ in range(100_000):
        it.fill(11_000.0 * it.draw_a / 16.0, 1.0)
        draws_a.append(it.step(16.0, 32.0, 1.0))
        if it.full:
            break

    last_a = [a for a in draws_a if a > 0.0][-1]
    assert it.got_kwh == pytest.approx(10.0)
    assert draws_a[0] > 15.7, "full power until the last 4 %"
    assert PILOT_MIN_A <= last_a < 6.5
    assert draws_a == sorted(draws_a, reverse=True)
    assert it.draw_a == 0.0
    assert it.wish_a(32.0) == 0.0


def test_the_rogue_draws_its_own_maximum_whatever_it_is_offered() -> None:
    it = car(THREE_PHASE_16, rogue=True)

    live(it, 6.0, 10.0)

    assert it.draw_a > 15.7


def test_not_even_the_rogue_draws_through_an_open_contactor() -> None:
    it = car(THREE_PHASE_16, rogue=True)
    live(it, 6.0, 10.0)

    live(it, 5.9, CAR_FOLLOW_S)

    assert it.draw_a == 0.0


def test_a_car_cut_off_draws_nothing_at_once_and_starts_anew() -> None:
    it = car()
    live(it, 16.0, 10.0)

    it.cut()

    assert it.draw_a == 0.0
    assert it.step(16.0, 32.0, DT_S) == 0.0
    assert live(it, 16.0, 10.0)[-1] > 15.7


def test_habits_come_from_the_seed() -> None:
    one, same, other = (new_car(THREE_PHASE_16, 3, 1.0, Random(seed)) for seed in (1, 1, 2))

    assert (one.lag_s, one.draws_share) == (same.lag_s, same.draws_share)
    assert one.lag_s != other.lag_s
    assert 1.0 <= one.lag_s <= LAG_S_MAX < CAR_FOLLOW_S


def test_four_in_ten_cars_charge_on_one_phase_and_most_others_on_three_at_16_amperes() -> None:
    models = [model_of(it.session_id) for it in load_sessions()]

    one_phase = sum(it.phases == 1 for it in models) / len(models)
    three_phase_16 = sum(it is THREE_PHASE_16 for it in models) / len(models)

    assert 0.35 < one_phase < 0.45
    assert 0.38 < three_phase_16 < 0.50
    assert {it.max_a for it in models} >= {10.0, 11.0, 13.0, 16.0, 32.0}


def sleepy() -> Car:
    it = car()
    it.sleepy = True
    live(it, 16.0, 10.0)
    live(it, 0.0, ASLEEP_AFTER_S + 1)
    return it


def test_a_sleepy_car_passes_over_the_first_offer_after_a_pause() -> None:
    it = sleepy()

    assert max(live(it, 16.0, 120.0)) == 0.0


def test_it_wakes_up_when_that_offer_is_taken_away_and_comes_back() -> None:
    it = sleepy()
    live(it, 16.0, 20.0)
    live(it, 0.0, 5.0)

    assert live(it, 16.0, CAR_FOLLOW_S + 5)[-1] > 15.0


def test_in_a_short_pause_nobody_falls_asleep() -> None:
    it = car()
    it.sleepy = True
    live(it, 16.0, 10.0)
    live(it, 0.0, ASLEEP_AFTER_S / 2)

    assert live(it, 16.0, CAR_FOLLOW_S + 5)[-1] > 15.0


def test_about_one_car_in_twenty_is_sleepy() -> None:
    cars = [new_car(THREE_PHASE_16, 3, 10.0, Random(seed)) for seed in range(2000)]

    assert sum(it.sleepy for it in cars) / len(cars) == pytest.approx(SLEEPY_SHARE, rel=0.3)

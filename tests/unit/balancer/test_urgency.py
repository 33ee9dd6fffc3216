"""What an ampere is worth."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.balancer.site import ChargingWish
from services.balancer.urgency import weight_of, worth

hours = st.floats(0, 48)


@given(hours, hours)
def test_a_weight_is_between_1_and_61(stay_h: float, need_h: float) -> None:
    assert 1 <= worth(stay_h, need_h) <= 61


@given(hours, hours, hours)
def test_who_leaves_sooner_weighs_no_less(stay_h: float, later_h: float, need_h: float) -> None:
    assert worth(stay_h, need_h) >= worth(stay_h + later_h, need_h) - 1e-9


@given(hours, hours, hours)
def test_who_needs_more_weighs_no_less(stay_h: float, need_h: float, more_h: float) -> None:
    assert worth(stay_h, need_h + more_h) >= worth(stay_h, need_h) - 1e-9


def test_a_car_that_needs_nothing_weighs_least() -> None:
    assert worth(stay_h=0.1, need_h=0) == 1


# --- Wishes ---

NOW_S = 10_000.0
WISH = ChargingWish(departure_s=NOW_S + 2 * 3600, energy_wh=20_000, made_s=NOW_S - 60)


def test_who_has_no_time_to_spare_weighs_most() -> None:
    assert weight_of(WISH, None, 0.0, 10_000.0, NOW_S) == 64, "61, in steps of half a doubling"
    assert weight_of(WISH, None, 10_000.0, 10_000.0, NOW_S) == pytest.approx(2**5)


def test_without_a_wish_and_when_it_is_fulfilled_a_car_weighs_1() -> None:
    assert weight_of(None, None, 0.0, 10_000.0, NOW_S) == 1
    assert weight_of(WISH, None, 20_000.0, 10_000.0, NOW_S) == 1


def test_a_wish_ends_with_its_departure() -> None:
    assert weight_of(WISH, None, 0.0, 10_000.0, WISH.departure_s - 1) > 1
    assert weight_of(WISH, None, 0.0, 10_000.0, WISH.departure_s) == 1


def test_a_wish_ends_with_the_session_it_was_made_in_or_before() -> None:
    assert weight_of(WISH, WISH.made_s - 1, 0.0, 10_000.0, NOW_S) > 1
    assert weight_of(WISH, WISH.made_s + 1, 0.0, 10_000.0, NOW_S) == 1


@given(hours, st.floats(0, 50_000))
def test_a_weight_changes_in_steps_and_is_never_below_1(
    stay_h: float, delivered_wh: float
) -> None:
    wish = replace(WISH, departure_s=NOW_S + stay_h * 3600)

    doublings = 2 * math.log2(weight_of(wish, None, delivered_wh, 10_000.0, NOW_S))

    assert doublings >= 0
    assert doublings == pytest.approx(round(doublings))

"""What an ampere is worth."""

from hypothesis import given
from hypothesis import strategies as st

from services.balancer.urgency import worth

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

"""Shares: no breaker is overrun, nobody is above what they want, and nothing usable is left."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from services.balancer.allocation import OWN_MAX, Demand, Share, allocate
from shared.units import PILOT_MIN_A, STEP_A, TOLERANCE_A

CONSTRAINTS = 6

capacities = st.lists(
    st.floats(0, 100).map(lambda a: round(a, 2)), min_size=CONSTRAINTS, max_size=CONSTRAINTS
)
demands = st.lists(
    st.builds(
        Demand,
        constraints=st.sets(st.integers(0, CONSTRAINTS - 1), min_size=1).map(tuple),
        max_a=st.sampled_from([6.0, 10.0, 13.3, 16.0, 32.0]),
        min_a=st.sampled_from([6.0, 8.0]),
        fixed_a=st.none() | st.sampled_from([10.0, 16.0]),
    ),
    max_size=12,
)


def loads(capacity_a: list[float], cars: list[Demand], shares: list[Share]) -> list[float]:
    return [
        sum(it.share_a for car, it in zip(cars, shares, strict=True) if c in car.constraints)
        for c in range(len(capacity_a))
    ]


@given(capacities, demands)
def test_no_constraint_is_ever_overrun(capacity_a: list[float], cars: list[Demand]) -> None:
    shares = allocate(capacity_a, cars)

    for load_a, limit_a in zip(loads(capacity_a, cars, shares), capacity_a, strict=True):
        assert load_a <= limit_a + TOLERANCE_A


@given(capacities, demands)
def test_every_share_is_nothing_or_at_least_the_minimum(
    capacity_a: list[float], cars: list[Demand]
) -> None:
    for car, it in zip(cars, allocate(capacity_a, cars), strict=True):
        lowest_a = car.min_a if car.fixed_a is None else car.fixed_a
        highest_a = max(car.max_a, car.min_a) if car.fixed_a is None else car.fixed_a
        assert it.share_a == 0 or lowest_a <= it.share_a <= highest_a + TOLERANCE_A
        assert it.admitted == (it.share_a > 0)


@given(capacities, demands)
def test_nobody_can_be_given_another_step(capacity_a: list[float], cars: list[Demand]) -> None:
    shares = allocate(capacity_a, cars)
    left = [
        limit_a - load_a
        for limit_a, load_a in zip(capacity_a, loads(capacity_a, cars, shares), strict=True)
    ]

    for car, it in zip(cars, shares, strict=True):
        if it.admitted and car.fixed_a is None and it.share_a <= car.max_a - 2 * STEP_A:
            assert min(left[c] for c in car.constraints) < 2 * STEP_A


@given(capacities, demands)
def test_whoever_is_stopped_by_a_breaker_has_as_much_above_the_minimum_as_others_there(
    capacity_a: list[float], cars: list[Demand]
) -> None:
    shares = allocate(capacity_a, cars)

    for car, it in zip(cars, shares, strict=True):
        if not it.admitted or it.constraint == OWN_MAX or car.fixed_a is not None:
            continue
        for other, theirs in zip(cars, shares, strict=True):
            if other.fixed_a is None and it.constraint in other.constraints and theirs.admitted:
                above_a = it.share_a - car.min_a
                assert theirs.share_a - other.min_a <= above_a + 2 * STEP_A


@pytest.mark.parametrize(
    ("capacity_a", "cars", "expected_a"),
    [
        ([32.0], 1, [32.0]),
        ([32.0], 2, [16.0, 16.0]),
        ([32.0], 3, [10.7, 10.7, 10.6]),
        ([32.0], 6, [6.4, 6.4, 6.4, 6.4, 6.4, 0.0]),
        ([5.9], 1, [0.0]),
        ([-3.0], 1, [0.0]),
    ],
)
def test_equal_cars_share_equally(
    capacity_a: list[float], cars: int, expected_a: list[float]
) -> None:
    shares = allocate(capacity_a, [Demand((0,), 32.0)] * cars)

    assert sorted((it.share_a for it in shares), reverse=True) == pytest.approx(expected_a)


def test_who_comes_first_is_admitted_first() -> None:
    shares = allocate([PILOT_MIN_A], [Demand((0,), 16.0), Demand((0,), 16.0)])

    assert [it.admitted for it in shares] == [True, False]
    assert shares[1].constraint == 0


def test_what_one_car_cannot_use_the_others_get() -> None:
    shares = allocate([32.0], [Demand((0,), 8.0), Demand((0,), 32.0)])

    assert [it.share_a for it in shares] == [8.0, 24.0]
    assert shares[0].constraint == OWN_MAX


def test_a_car_on_one_line_does_not_suffer_for_another_line() -> None:
    three_phase, on_l1 = Demand((0, 1, 2), 32.0), Demand((0,), 32.0)

    shares = allocate([40.0, 40.0, 6.0], [three_phase, on_l1])

    assert [it.share_a for it in shares] == [6.0, 32.0]

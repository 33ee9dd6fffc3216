"""The highest weighted sum of currents within what breakers carry."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.balancer.handout import handed_out
from services.balancer.throughput import Room, relaxed
from shared.units import PILOT_MIN_A, STEP_A

ANGLES = (0.0, math.pi / 6, -math.pi / 6)
"""Of a three-phase car and of both pairs on a line of an IT grid; in a TN grid all are 0."""


def room(factors: list[list[complex]], capacity_a: list[float]) -> Room:
    """A room in which nothing flows yet."""
    return Room(
        np.array(factors, dtype=complex),
        np.array(capacity_a),
        np.zeros(len(capacity_a), dtype=complex),
    )


def test_who_weighs_most_is_served_first() -> None:
    shares_a = relaxed(room([[1, 1]], [20.0]), np.array([5.0, 1.0]), np.array([16.0, 16.0]))

    assert shares_a == pytest.approx([16.0, 4.0], abs=0.05)


def test_cars_of_equal_weight_share() -> None:
    shares_a = relaxed(room([[1, 1]], [20.0]), np.ones(2), np.array([16.0, 16.0]))

    assert shares_a == pytest.approx([10.0, 10.0], abs=0.05)


def test_currents_out_of_phase_leave_room_for_more() -> None:
    pairs = [complex(math.cos(it), math.sin(it)) for it in ANGLES[1:]]

    shares_a = relaxed(room([pairs], [16.0]), np.ones(2), np.array([32.0, 32.0]))

    # a * a + a * b + b * b = 16 * 16 at a = b
    assert shares_a == pytest.approx([16 / math.sqrt(3)] * 2, abs=0.05)


def test_what_flows_already_takes_room() -> None:
    part = Room(np.ones((1, 1), complex), np.array([20.0]), np.array([8 + 0j]))

    assert relaxed(part, np.ones(1), np.array([32.0])) == pytest.approx([12.0], abs=0.05)


@st.composite
def rooms(draw: st.DrawFn) -> tuple[Room, np.ndarray, np.ndarray, np.ndarray]:
    cars, constraints = draw(st.integers(1, 20)), draw(st.integers(1, 8))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    angles = chance.choice(ANGLES, (constraints, cars))
    passes = chance.random((constraints, cars)) < draw(st.sampled_from((0.3, 1.0)))
    capacity_a = chance.uniform(6, 200, constraints)
    base_a = capacity_a * chance.uniform(0, 1.05, constraints) * draw(st.sampled_from((0, 1)))
    weights = chance.choice((1.0, 2.5, 61.0), cars)
    min_a = np.full(cars, draw(st.sampled_from((STEP_A, PILOT_MIN_A))))
    max_a = chance.choice((0.05, 6.0, 16.0, 31.95), cars)
    return (
        Room(passes * np.exp(1j * angles), capacity_a, base_a.astype(complex)),
        weights,
        min_a,
        max_a,
    )


@given(rooms())
@settings(deadline=None)
def test_what_is_handed_out_fits_and_can_be_offered(
    case: tuple[Room, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    place, weights, min_a, max_a = case

    shares_a = handed_out(place, weights, min_a, max_a)

    flowing_a = np.abs(place.base_a + place.factors @ shares_a)
    above_a = flowing_a - np.maximum(place.capacity_a, np.abs(place.base_a))
    assert (above_a <= 1e-6).all()
    assert ((shares_a == 0) | (shares_a >= min_a - 1e-9)).all()
    assert (shares_a <= max_a + 1e-6).all()
    assert shares_a * 10 == pytest.approx(np.round(shares_a * 10), abs=1e-6)


@given(rooms())
@settings(deadline=None)
def test_nobody_can_take_a_step_more(
    case: tuple[Room, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    place, weights, min_a, max_a = case

    shares_a = handed_out(place, weights, min_a, max_a)

    for car in np.flatnonzero(shares_a):
        more_a = shares_a.copy()
        more_a[car] += STEP_A
        passed = place.factors[:, car] != 0
        over_a = (
            np.abs(place.base_a + place.factors @ more_a)[passed] - place.capacity_a[passed]
        )
        assert more_a[car] > max_a[car] + 1e-6 or over_a.max(initial=-1.0) > -1e-6


def test_it_is_close_to_the_exact_optimum() -> None:
    from scipy.optimize import linprog

    chance = np.random.default_rng(3)
    for _ in range(30):
        uses = (chance.random((6, 25)) < 0.4).astype(complex)
        capacity_a = chance.uniform(20, 150, 6)
        weights, max_a = chance.uniform(1, 60, 25), chance.choice((16.0, 32.0), 25)

        shares_a = relaxed(room(uses.tolist(), capacity_a.tolist()), weights, max_a)

        best = -linprog(
            -weights, A_ub=uses.real, b_ub=capacity_a, bounds=[(0, it) for it in max_a]
        ).fun
        assert weights @ shares_a == pytest.approx(best, rel=2e-3)


def test_a_minimum_is_given_whole_or_not_at_all() -> None:
    # Three equal cars want 6 A or more, and there is room for two.
    shares_a = handed_out(
        room([[1, 1, 1]], [15.0]), np.ones(3), np.full(3, 6.0), np.full(3, 32.0)
    )

    assert sorted(shares_a > 0) == [False, True, True]
    assert shares_a.sum() == pytest.approx(15.0)


def test_nobody_charges_where_more_flows_already_than_may() -> None:
    place = Room(np.ones((1, 2), complex), np.array([16.0]), np.array([17 + 0j]))

    assert handed_out(place, np.ones(2), np.full(2, 6.0), np.full(2, 32.0)).tolist() == [0, 0]

"""What may be in force at a charger, moment by moment."""

from dataclasses import replace

import pytest

from services.balancer.commitments import CLOCK_SKEW_S, SAME_CAR_S, Granted, Place, Standing
from shared.phases import ALL_TERMINALS, PHASES, Phase

NOW_S = 1_000.0
LIMIT_16 = Granted(16.0, PHASES, NOW_S + 90, sequence=1)
LIMIT_8 = Granted(8.0, PHASES, NOW_S + 100, sequence=2)


def worst_a(standing: Standing, at_s: float) -> float:
    return max(standing.worst_a(NOW_S + at_s))


def test_without_a_limit_the_fail_safe_is_in_force() -> None:
    assert worst_a(Standing(6.0, PHASES), 0) == 6.0


def test_a_limit_counts_from_its_announcement() -> None:
    standing = Standing(6.0, PHASES, (LIMIT_16,))

    assert worst_a(standing, 0) == 16.0


def test_an_unconfirmed_decrease_does_not_count_yet() -> None:
    standing = Standing(0.0, PHASES, (LIMIT_16, LIMIT_8), {1: NOW_S - 10})

    assert worst_a(standing, 0) == 16.0


@pytest.mark.parametrize(("after_s", "expected_a"), [(0, 16.0), (4.9, 16.0), (5.1, 8.0)])
def test_a_confirmed_decrease_counts_once_the_car_has_followed(
    after_s: float, expected_a: float
) -> None:
    standing = Standing(0.0, PHASES, (LIMIT_16, LIMIT_8), {1: NOW_S - 10, 2: NOW_S})

    assert worst_a(standing, after_s) == expected_a


@pytest.mark.parametrize(("after_s", "expected_a"), [(0, 6.0), (4.9, 6.0), (5.1, 0.0)])
def test_a_fail_safe_that_was_held_down_counts_until_the_car_has_followed(
    after_s: float, expected_a: float
) -> None:
    pause = Granted(0.0, PHASES, NOW_S + 150, sequence=1)

    assert worst_a(Standing(6.0, PHASES, (pause,), {1: NOW_S}), after_s) == expected_a


def test_a_renewed_pause_does_not_bring_the_fail_safe_back() -> None:
    pause = Granted(0.0, PHASES, NOW_S + 50, sequence=1)
    renewed = Granted(0.0, PHASES, NOW_S + 150, sequence=2)
    standing = Standing(6.0, PHASES, (pause, renewed), {1: NOW_S - 60, 2: NOW_S})

    assert worst_a(standing, 0) == 0.0
    assert worst_a(standing, 60) == 0.0
    assert worst_a(standing, 146) == 6.0


@pytest.mark.parametrize(
    ("after_s", "expected_a"), [(84, 16.0), (86, 16.0), (99, 16.0), (101, 6.0)]
)
def test_a_lease_counts_until_the_slowest_clock_has_ended_it(
    after_s: float, expected_a: float
) -> None:
    assert worst_a(Standing(6.0, PHASES, (LIMIT_16,), {1: NOW_S}), after_s) == expected_a


ON_L2 = Granted(16.0, (Phase.L2,), NOW_S + 90, sequence=1, terminals=ALL_TERMINALS)
RENEWED = replace(ON_L2, sequence=2)


@pytest.mark.parametrize(
    ("granted", "on_others_a"),
    [
        pytest.param((ON_L2,), 0.0, id="its-car-uses-one-line"),
        pytest.param((ON_L2, RENEWED), 0.0, id="two-limits-agree"),
        pytest.param((replace(ON_L2, lines=PHASES),), 6.0, id="it-uses-all"),
        pytest.param(
            (ON_L2, replace(RENEWED, lines=(Phase.L3,))), 6.0, id="two-that-do-not-agree"
        ),
        pytest.param((replace(ON_L2, terminals=(1,)),), 6.0, id="its-contactor-closes-again"),
        pytest.param((replace(ON_L2, former=True),), 6.0, id="it-was-wired-otherwise"),
        pytest.param((ON_L2.elsewhere(),), 6.0, id="it-stands-elsewhere"),
    ],
)
def test_a_fail_safe_after_a_lease_is_on_the_lines_of_its_car_for_a_while(
    granted: tuple[Granted, ...], on_others_a: float
) -> None:
    """For that long nobody else is thought to have plugged in."""
    standing = Standing(6.0, PHASES, granted, {1: NOW_S})
    moment_s = max(NOW_S + 101, standing.fail_safe_from_s)
    other_s = standing.fail_safe_from_s + SAME_CAR_S

    assert standing.fail_safe_from_s == NOW_S + 90 - CLOCK_SKEW_S
    assert standing.worst_a(moment_s)[:3] == (on_others_a, 6.0, on_others_a)
    assert standing.worst_a(other_s - 0.1)[:3] == (on_others_a, 6.0, on_others_a)
    assert standing.worst_a(other_s)[:3] == (6.0, 6.0, 6.0)
    assert standing.course([moment_s, other_s]) == [
        standing.worst_a(moment_s),
        standing.worst_a(other_s),
    ]


def test_a_fail_safe_that_no_lease_came_before_is_on_all_lines() -> None:
    over = replace(ON_L2, valid_until_s=NOW_S - 10)

    assert Standing(6.0, PHASES).worst_a(NOW_S)[:3] == (6.0, 6.0, 6.0)
    assert Standing(6.0, PHASES, (over,)).worst_a(NOW_S)[:3] == (6.0, 6.0, 6.0)


def test_a_shorter_limit_that_may_have_taken_the_place_of_a_pause_ends_the_pause() -> None:
    """Nobody confirmed it, but it may be in force; when it ends, the fail-safe comes up."""
    pause = Granted(0.0, PHASES, NOW_S + 150, sequence=1)
    shorter = Granted(16.0, PHASES, NOW_S + 50, sequence=2)
    standing = Standing(6.0, PHASES, (pause, shorter), {1: NOW_S - 60})

    assert standing.fail_safe_from_s == NOW_S + 45
    assert worst_a(standing, 61) == 6.0


def test_a_pause_after_it_holds_the_fail_safe_off_only_from_its_own_confirmation() -> None:
    pause = Granted(0.0, PHASES, NOW_S + 150, sequence=1)
    shorter = Granted(16.0, PHASES, NOW_S - 20, sequence=2)
    again = Granted(0.0, PHASES, NOW_S + 160, sequence=3)
    standing = Standing(6.0, PHASES, (pause, shorter, again), {1: NOW_S - 60, 3: NOW_S})

    assert worst_a(standing, 4.9) == 6.0
    assert worst_a(standing, 5.1) == 0.0


def test_a_pause_that_follows_another_one_at_its_very_end_does_not_hold_the_fail_safe_off_between() -> (
    None
):
    """The lease may have been over at that moment, if only for that."""
    pause = Granted(0.0, PHASES, NOW_S + 5, sequence=1)
    again = Granted(0.0, PHASES, NOW_S + 90, sequence=2)
    standing = Standing(6.0, PHASES, (pause, again), {1: NOW_S - 60, 2: NOW_S})

    assert worst_a(standing, 4.9) == 6.0
    assert worst_a(standing, 5.1) == 0.0


def test_a_fail_safe_that_is_not_counted_any_longer_is_over() -> None:
    standing = Standing(6.0, PHASES, (LIMIT_16,), fail_safe_ends_s=NOW_S + 200)

    assert worst_a(standing, 199) == 6.0
    assert worst_a(standing, 200) == 0.0
    assert standing.ends_s == NOW_S + 200


def test_a_car_may_follow_the_fail_safe_of_before_for_a_moment() -> None:
    standing = Standing(0.0, PHASES, fading_a=6.0, fading_ends_s=NOW_S + 5)

    assert worst_a(standing, 4.9) == 6.0
    assert worst_a(standing, 5) == 0.0
    assert standing.ends_s == NOW_S + 5


def test_where_a_charger_stood_new_limits_are_not_drawn_but_hold_the_fail_safe_off() -> None:
    place = Place((0,), Standing(6.0, PHASES, (), {2: NOW_S}), follows=True)

    standing = place.granting(LIMIT_8).standing

    assert worst_a(standing, 50) == 0.0
    assert worst_a(standing, 100) == 6.0

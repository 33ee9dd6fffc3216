"""Plans of faults: the same seed, the same faults; every kind once; calm before and after."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.chaos.commands import all_faults
from cli.chaos.plan import (
    CALM_AFTER_S,
    CALM_BEFORE_S,
    QUIET_AFTER_S,
    QUIET_BEFORE_S,
    QUIET_RUN_S_MIN,
    Kind,
    left_out,
    plan,
)

KINDS = [it.kind for it in all_faults()]
LONG_S = 1800.0
ROUNDED_S = 0.11


def test_the_same_seed_draws_the_same_faults() -> None:
    assert plan(7, LONG_S, KINDS) == plan(7, LONG_S, KINDS)
    assert plan(7, LONG_S, KINDS) != plan(8, LONG_S, KINDS)


@given(seed=st.integers(0, 10**6))
def test_a_long_run_has_every_kind(seed: int) -> None:
    assert left_out(KINDS, plan(seed, LONG_S, KINDS)) == []


@given(seed=st.integers(0, 10**6), seconds=st.floats(CALM_BEFORE_S + CALM_AFTER_S + 1, LONG_S))
def test_calm_is_before_and_after_and_what_is_to_be_alone_is(seed: int, seconds: float) -> None:
    alone = {it.name for it in KINDS if it.alone}
    planned = plan(seed, seconds, KINDS)

    assert [it.at_s for it in planned] == sorted(it.at_s for it in planned)
    assert all(
        it.at_s >= CALM_BEFORE_S and it.over_s <= seconds - CALM_AFTER_S for it in planned
    )
    for it in planned:
        others = [other for other in planned if other is not it]
        if it.kind in alone:
            assert all(
                other.over_s <= it.at_s or other.at_s >= it.over_s for other in others
            ), it


@given(seed=st.integers(0, 10**6), seconds=st.floats(QUIET_RUN_S_MIN, LONG_S))
def test_each_balancer_is_killed_once_with_nothing_else_around(
    seed: int, seconds: float
) -> None:
    planned = plan(seed, seconds, KINDS)
    quiet = [it for it in planned if it.quiet]

    assert [it.target for it in quiet] == ["balancer", "balancer-2"]
    for it in quiet:
        assert it.at_s - QUIET_BEFORE_S >= CALM_BEFORE_S
        assert it.at_s + QUIET_AFTER_S <= seconds - CALM_AFTER_S
        for other in planned:
            if other is not it:
                assert (
                    other.over_s <= it.at_s - QUIET_BEFORE_S + ROUNDED_S
                    or other.at_s >= it.at_s + QUIET_AFTER_S - ROUNDED_S
                ), (it, other)


def test_a_short_run_has_no_quiet_time() -> None:
    assert not any(it.quiet for it in plan(1, QUIET_RUN_S_MIN - 1, KINDS))


def test_what_takes_long_is_for_long_runs() -> None:
    long = Kind("long", ("nats",), (60.0, 60.0), run_s_min=900.0)
    short = Kind("short", ("nats",))

    assert {it.kind for it in plan(1, 200.0, [long, short])} == {"short"}
    assert {it.kind for it in plan(1, 1000.0, [long, short])} == {"long", "short"}


def test_a_run_without_time_for_faults_is_refused() -> None:
    with pytest.raises(ValueError, match="take more than"):
        plan(1, CALM_BEFORE_S + CALM_AFTER_S, KINDS)

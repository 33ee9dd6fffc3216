"""What may be in force at a charger, moment by moment."""

import pytest

from services.balancer.commitments import Granted, Ledger, Standing
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN
from shared.phases import PHASES, GridType

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


def test_room_is_what_the_others_leave_at_every_moment_of_the_lease() -> None:
    site = Site(
        GridType.TN_3_PHASE,
        (Breaker(MAIN, None, "Main", 20.0),),
        {it: SiteCharger(it, MAIN, PHASES, 32.0, 6.0) for it in ("a", "b")},
    )
    pause = Granted(0.0, PHASES, NOW_S + 60, sequence=1)
    standings = {
        "a": Standing(0.0, PHASES),
        "b": Standing(6.0, PHASES, (pause,), {1: NOW_S - 10}),
    }
    ledger = Ledger(site, standings, {}, NOW_S)

    assert ledger.room_a("a", PHASES, NOW_S + 30) == pytest.approx(20.0)
    assert ledger.room_a("a", PHASES, NOW_S + 90) == pytest.approx(14.0)
    ledger.grant("a", Granted(14.0, PHASES, NOW_S + 90, sequence=1))
    assert ledger.room_a("b", PHASES, NOW_S + 30) == pytest.approx(6.0)


def test_a_car_that_draws_more_than_it_may_is_counted_at_what_it_draws() -> None:
    site = Site(
        GridType.TN_3_PHASE,
        (Breaker(MAIN, None, "Main", 20.0),),
        {"a": SiteCharger("a", MAIN, PHASES, 32.0, 0.0)},
    )
    ledger = Ledger(site, {"a": Standing(0.0, PHASES)}, {"a": (16.0, 0.0, 0.0)}, NOW_S)

    assert ledger.committed_a(0) == 16.0
    assert ledger.committed_a(1) == 0.0

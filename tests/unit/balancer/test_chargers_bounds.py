"""What a charger itself bounds: it is out of use, its breaker, its minimum and maximum, watts."""

from dataclasses import replace

import pytest

from services.balancer.behaviour import Behaviour
from shared.messages.balancer import LimitedBy, Rule
from shared.phases import GridType
from tests.unit.balancer.deciding import (
    charging,
    decided,
    plugged,
    site,
    told_a,
    with_charger,
)

LOCKED = LimitedBy(rule=Rule.LOCKED, circuit_id="east")
OUT_OF_USE = LimitedBy(rule=Rule.OUT_OF_USE)


@pytest.mark.parametrize("reason", [LOCKED, OUT_OF_USE])
def test_a_charger_out_of_use_is_told_0_a_at_once_and_why(reason: LimitedBy) -> None:
    at = with_charger(site("a"), "a", out_of_use=reason)

    decision = decided(at, a=charging(16.0))

    assert told_a(decision) == {"a": 0.0}
    assert decision.announcements[0].limited_by == reason
    assert decision.committed_a[0] == 16.0, "it counts until it has confirmed"


def test_a_paused_charger_that_goes_out_of_use_is_told_why_it_gets_nothing_now() -> None:
    queued = replace(
        charging(0.0), limited_by=LimitedBy(rule=Rule.QUEUE), charging_since_s=None
    )
    at = with_charger(site("a"), "a", out_of_use=LOCKED)
    told = decided(at, a=queued)

    assert [it.limited_by.rule for it in told.announcements] == [Rule.LOCKED]
    assert not told.announcements[0].renewal

    knows = replace(queued, limited_by=LOCKED)
    assert decided(at, a=knows).announcements == ()
    assert [it.limited_by.rule for it in decided(site("a"), a=knows).announcements] != []


def test_what_a_locked_charger_falls_back_to_is_held_down() -> None:
    at = with_charger(site("a", fail_safe_a=6.0), "a", out_of_use=LOCKED)

    assert told_a(decided(at, a=plugged(fail_safe_a=6.0))) == {"a": 0.0}


def test_a_locked_charger_that_is_not_connected_counts_with_what_may_be_in_force() -> None:
    at = with_charger(site("a", "b"), "a", out_of_use=LOCKED)
    silent = replace(charging(20.0), connected=False)

    assert told_a(decided(at, a=silent, b=plugged())) == {"b": 12.0}


# --- Chargers' own limits ---


def test_a_chargers_own_breaker_bounds_it_and_is_named() -> None:
    at = with_charger(site("a"), "a", breaker_a=13.0)

    decision = decided(at, a=plugged())

    assert told_a(decision) == {"a": 13.0}
    assert decision.announcements[0].limited_by.rule is Rule.OWN_BREAKER


def test_an_own_breaker_above_the_chargers_maximum_is_not_what_bounds_it() -> None:
    at = with_charger(site("a", main_a=63.0), "a", breaker_a=40.0)

    assert decided(at, a=plugged()).announcements[0].limited_by.rule is Rule.CHARGER


def test_a_charger_is_offered_its_minimum_or_nothing() -> None:
    at = with_charger(site("a", "b", main_a=20.0), "b", min_a=12.0)

    assert told_a(decided(at, a=plugged(50), b=plugged(5))) == {"a": 7.0, "b": 13.0}
    full = with_charger(site("a", "b", main_a=16.0), "b", min_a=12.0)
    assert told_a(decided(full, a=plugged(50), b=plugged(5))) == {"a": 16.0}


def test_a_charger_waits_rather_than_be_offered_less_than_its_minimum() -> None:
    at = with_charger(site("a", "b"), "b", min_a=12.0)

    assert told_a(decided(at, a=charging(24.0), b=plugged())) == {"a": 13.0}


def test_a_car_that_takes_less_than_the_minimum_is_offered_the_minimum() -> None:
    at = with_charger(site("a"), "a", min_a=10.0)
    modest = replace(charging(16.0), behaviour=Behaviour(wish_a=7.0, one_phase=False))

    assert told_a(decided(at, a=modest)) == {"a": 10.0}


def test_when_the_minimum_rises_above_what_a_car_has_it_is_paused_until_there_is_room() -> None:
    at = with_charger(site("a", "b"), "a", min_a=12.0)
    soon = charging(8.0, for_s=3)

    assert told_a(decided(at, a=soon, b=charging(24.0))) == {"a": 0.0, "b": 13.0}


def test_a_charger_whose_minimum_is_above_its_breaker_gets_nothing() -> None:
    at = with_charger(site("a"), "a", min_a=16.0, breaker_a=10.0)

    decision = decided(at, a=charging(10.0))

    assert told_a(decision) == {"a": 0.0}
    assert decision.announcements[0].limited_by.rule is Rule.OWN_BREAKER


# --- Chargers that are told watts ---


@pytest.mark.parametrize(
    ("grid", "imbalance_a"),
    [
        (GridType.TN_3_PHASE, None),
        (GridType.TN_3_PHASE, 20.0),
        (GridType.IT_3_PHASE, None),
    ],
)
@pytest.mark.parametrize(("min_a", "told"), [(6.0, {"a": 6.2, "b": 6.4}), (10.0, {"b": 25.0})])
def test_all_the_power_of_a_charger_may_flow_on_one_line(
    grid: GridType, imbalance_a: float | None, min_a: float, told: dict[str, float]
) -> None:
    """It has a share that commitments bear; where that is less than it charges with, others have theirs."""
    at = replace(site("a", "b", main_a=25.0), grid=grid, imbalance_a=imbalance_a)
    at = with_charger(at, "a", min_a=min_a)

    watts = replace(plugged(waiting_s=20.0), spread=3.0)

    assert told_a(decided(at, a=watts, b=plugged())) == told

"""From facts to limits: who is told what, when, and why."""

from dataclasses import replace

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from services.balancer.behaviour import IGNORES_MARGIN_A, STALE_S, Behaviour
from services.balancer.commitments import (
    Standing,
)
from services.balancer.facts import ChargerFacts
from services.balancer.site import Breaker, BrokenLayout, ChargingWish, Site, SiteCharger
from shared.messages.balancer import MAIN, Rule
from shared.phases import PHASES, GridType, Phase
from shared.units import TOLERANCE_A
from tests.unit.balancer.deciding import (
    NOW_S,
    ON_L1,
    charging,
    decided,
    plugged,
    site,
    told_a,
    with_charger,
)


def test_one_car_gets_all_its_charger_has() -> None:
    decision = decided(site("a", main_a=63.0), a=plugged())

    assert told_a(decision) == {"a": 32.0}
    assert decision.announcements[0].limited_by.rule is Rule.CHARGER


def test_a_newcomer_waits_until_the_others_have_made_room() -> None:
    decision = decided(site("a", "b"), a=charging(32.0), b=plugged())

    assert told_a(decision) == {"a": 16.0}


def test_a_newcomer_gets_what_is_free_already() -> None:
    decision = decided(site("a", "b", main_a=40.0), a=charging(32.0), b=plugged())

    assert told_a(decision) == {"a": 20.0, "b": 8.0}
    assert decision.announcements[-1].limited_by.rule is Rule.DECREASE_FIRST


def test_when_not_everybody_can_have_6_a_the_longest_wait_comes_first() -> None:
    decision = decided(site("a", "b", main_a=10.0), a=plugged(5), b=plugged(50))

    assert told_a(decision) == {"b": 10.0}
    assert [it.charger_id for it in decision.queued] == ["a"]
    assert decision.queued[0].limited_by.rule is Rule.QUEUE


def test_a_car_that_has_charged_long_makes_room_for_one_that_waits() -> None:
    waits = plugged(20)

    soon = decided(site("a", "b", main_a=10.0), a=charging(10.0, for_s=59), b=waits)
    then = decided(site("a", "b", main_a=10.0), a=charging(10.0, for_s=61), b=waits)

    assert told_a(soon) == {}
    assert told_a(then) == {"a": 0.0}
    assert then.rotated


def test_a_car_on_one_phase_leaves_the_others_to_others() -> None:
    one_phase = replace(plugged(), behaviour=Behaviour(one_phase=True))

    decision = decided(site("a", "b", main_a=32.0), a=one_phase, b=one_phase)

    assert {it.grant.lines for it in decision.announcements} == {ON_L1}
    assert told_a(decision) == {"a": 16.0, "b": 16.0}


def test_in_an_it_grid_cars_get_what_the_lines_carry_as_phasors() -> None:
    wirings = (PHASES, (*PHASES[1:], PHASES[0]), (*PHASES[2:], *PHASES[:2]))
    chargers = {
        name: SiteCharger(name, MAIN, wiring, 32.0, 0.0)
        for name, wiring in zip("abc", wirings, strict=True)
    }
    it_site = Site(GridType.IT_3_PHASE, (Breaker(MAIN, None, "Main", 32.0),), chargers)
    one_phase = replace(plugged(), behaviour=Behaviour(one_phase=True))

    decision = decided(it_site, a=one_phase, b=one_phase, c=one_phase)

    assert sum(told_a(decision).values()) == pytest.approx(3 * 32.0 / 3**0.5, abs=0.3)
    assert max(decision.committed_a) <= 32.0


def test_a_car_that_does_not_obey_is_told_the_least_and_counted_in_full() -> None:
    rogue = charging(10.0)
    rogue = replace(
        rogue, behaviour=replace(rogue.behaviour, current_a=(16.0,) * 3, disobeys_a=16.0)
    )
    decision = decided(site("a", "b", main_a=30.0), a=rogue, b=charging(14.0))

    assert told_a(decision) == {"a": 6.0, "b": 13.5}
    reasons = {it.charger_id: it.limited_by.rule for it in decision.announcements}
    assert reasons["a"] is Rule.DISOBEYS
    assert decision.committed_a[0] == pytest.approx(16.0 + IGNORES_MARGIN_A + 14.0)


def disobeying(
    draws_a: float, told_a: float, read_s: float = 1.0, *, car: bool = True
) -> ChargerFacts:
    """A charger that gives more than it was told; the latest reading is so old."""
    facts = charging(told_a)
    read_a = (draws_a,) * 3
    behaviour = replace(
        facts.behaviour, current_a=read_a, disobeys_a=draws_a, read_at_s=NOW_S - read_s
    )
    since_s = facts.session_since_s if car else None
    return replace(facts, behaviour=behaviour, session_since_s=since_s)


@pytest.mark.parametrize("read_s", [1.0, STALE_S + 1, 10 * STALE_S])
def test_others_make_room_for_a_car_that_does_not_obey_however_old_its_readings_are(
    read_s: float,
) -> None:
    decision = decided(
        site("a", "b", main_a=30.0), a=disobeying(20.0, 10.0, read_s), b=charging(20.0)
    )

    assert told_a(decision)["b"] == 30.0 - 20.0 - IGNORES_MARGIN_A


def test_others_make_room_for_what_flows_without_a_session_too() -> None:
    rogue = disobeying(20.0, 0.0, car=False)

    decision = decided(site("a", "b", main_a=30.0), a=rogue, b=charging(20.0))

    assert told_a(decision) == {"b": 9.5}


def test_nobody_else_is_given_anything_behind_a_breaker_that_a_disobedient_car_fills() -> None:
    decision = decided(site("a", "b", main_a=20.0), a=disobeying(32.0, 6.0), b=charging(14.0))

    assert told_a(decision) == {"b": 0.0}


def test_overload_is_seen_where_it_is_measured() -> None:
    decision = decided(site("a", main_a=20.0), a=charging(32.0))

    assert [it.constraint for it in decision.overloads] == [0, 1, 2]
    assert told_a(decision) == {"a": 20.0}


def test_breakers_in_a_circle_are_refused() -> None:
    circle = (Breaker("a", "b", "A", 20.0), Breaker("b", "a", "B", 20.0))

    with pytest.raises(BrokenLayout):
        _ = Site(GridType.TN_3_PHASE, circle, {}).paths


# --- Available current ---


def test_available_current_below_the_breaker_lowers_limits_at_once_and_says_so() -> None:
    at = replace(site("a", "b"), available_a=(20.0, 20.0, 20.0))

    decision = decided(at, a=charging(16.0), b=charging(16.0))

    assert told_a(decision) == {"a": 10.0, "b": 10.0}
    assert {it.limited_by.rule for it in decision.announcements} == {Rule.AVAILABLE}
    assert decision.announcements[0].limited_by.circuit_id == MAIN
    assert decision.announcements[0].limited_by.shared_by == 2


def test_available_current_that_has_ended_bounds_nothing() -> None:
    at = replace(site("a"), available_a=(8.0, 8.0, 8.0), available_until_s=NOW_S)

    assert told_a(decided(at, a=plugged())) == {"a": 32.0}
    assert told_a(decided(replace(at, available_until_s=NOW_S + 1), a=plugged())) == {"a": 8.0}


def test_available_current_is_a_limit_of_each_phase() -> None:
    at = replace(site("a", "b"), available_a=(32.0, 8.0, 32.0))
    on_l1 = replace(plugged(), behaviour=Behaviour(one_phase=True))

    decision = decided(at, a=on_l1, b=plugged())

    assert told_a(decision) == {"a": 24.0, "b": 8.0}
    phases = {it.charger_id: it.limited_by.phase for it in decision.announcements}
    assert phases["b"] is Phase.L2


def test_where_nothing_is_available_it_is_nobodys_turn() -> None:
    at = replace(site("a"), available_a=(0.0, 0.0, 0.0))

    decision = decided(at, a=charging(16.0))

    assert told_a(decision) == {"a": 0.0}
    assert decision.announcements[0].limited_by.rule is Rule.AVAILABLE


def test_more_than_is_available_is_no_overload_of_the_breaker() -> None:
    at = replace(site("a"), available_a=(8.0, 8.0, 8.0))

    assert decided(at, a=charging(16.0)).overloads == ()


# --- Priorities ---


def test_a_higher_priority_comes_first_however_long_others_have_waited() -> None:
    at = with_charger(site("a", "b", main_a=10.0), "b", priority=9)

    assert told_a(decided(at, a=plugged(500), b=plugged(5))) == {"b": 10.0}


def test_a_car_of_a_lower_priority_makes_room_for_a_higher_one_at_once() -> None:
    at = with_charger(site("a", "b", main_a=10.0), "b", priority=1)

    assert told_a(decided(at, a=charging(10.0, for_s=1), b=plugged(5))) == {"a": 0.0}


def test_nobody_makes_room_for_a_car_of_a_lower_priority() -> None:
    at = with_charger(site("a", "b", main_a=10.0), "a", priority=1)

    assert told_a(decided(at, a=charging(10.0, for_s=5_000), b=plugged(500))) == {}


def test_within_a_priority_cars_take_turns() -> None:
    at = site("a", "b", "c", main_a=18.0)
    for name in ("a", "b"):
        at = with_charger(at, name, priority=5)
    low = charging(6.0, for_s=5_000)
    long, short = charging(6.0, for_s=100), charging(6.0, for_s=50)
    waiting = plugged(20)
    at = replace(at, chargers={**at.chargers, "d": replace(at.chargers["a"], charger_id="d")})
    narrow = replace(at, breakers=(replace(at.breakers[0], set_a=13.0),))

    decision = decided(narrow, a=long, b=short, c=low, d=waiting)

    assert decision.rotated
    assert told_a(decision)["a"] == 0.0, "the one that has charged longest among equals"
    assert told_a(decision)["c"] == 0.0, "no room is left for the lower priority"


# --- Imbalance ---

ONE_LINE = [(line,) for line in PHASES]


@for_any(st.lists(st.sampled_from([*ONE_LINE, PHASES]), min_size=1, max_size=9))
def test_the_lines_of_the_main_breaker_differ_by_no_more_than_they_may(
    wirings: list[tuple[Phase, ...]],
) -> None:
    chargers = {
        f"bay-{i}": SiteCharger(f"bay-{i}", "level", wiring, 32.0, 0.0)
        for i, wiring in enumerate(wirings)
    }
    breakers = (Breaker("level", MAIN, "Level", 80.0), Breaker(MAIN, None, "Main", 100.0))
    at = Site(GridType.TN_3_PHASE, breakers, chargers, imbalance_a=20.0)
    cars = {
        it: replace(
            plugged(),
            standing=Standing(0.0, charger.wiring),
            behaviour=Behaviour(one_phase=len(charger.wiring) == 1),
        )
        for it, charger in chargers.items()
    }

    told = decided(at, **cars).announcements

    lines_a = [
        sum(it.grant.limit_a for it in told if line in it.grant.lines) for line in PHASES
    ]
    assert max(lines_a) - min(lines_a) <= 20.0 + TOLERANCE_A
    assert max(lines_a) > 0


def test_cars_on_three_lines_have_what_they_would_have_without_an_imbalance_limit() -> None:
    free = site("a", "b", "c", main_a=100.0)
    for name in "ab":
        free = with_charger(free, name, wiring=ON_L1)
    one_phase = replace(
        plugged(), standing=Standing(0.0, ON_L1), behaviour=Behaviour(one_phase=True)
    )
    cars = {"a": one_phase, "b": one_phase, "c": plugged()}

    without = told_a(decided(free, **cars))
    within = told_a(decided(replace(free, imbalance_a=20.0), **cars))

    assert without == {"a": 32.0, "b": 32.0, "c": 32.0}
    assert within == {"a": 10.0, "b": 10.0, "c": 32.0}


# --- Wishes ---


def in_a_hurry(after_h: float, energy_wh: float = 20_000) -> ChargingWish:
    return ChargingWish(NOW_S + after_h * 3600, energy_wh, made_s=NOW_S - 5)


def test_a_car_in_a_hurry_gets_more_than_its_neighbour_and_both_their_minimum() -> None:
    at = with_charger(site("a", "b", main_a=32.0), "a", wish=in_a_hurry(1))

    limits_a = told_a(decided(at, a=plugged(), b=plugged()))

    assert limits_a["a"] > 20 > limits_a["b"] >= 6
    assert sum(limits_a.values()) == pytest.approx(32.0)


def test_what_a_session_has_taken_is_not_needed_any_more() -> None:
    at = with_charger(site("a", "b", main_a=32.0), "a", wish=in_a_hurry(1))
    fulfilled = replace(plugged(), delivered_wh=20_000)

    assert told_a(decided(at, a=fulfilled, b=plugged())) == {"a": 16.0, "b": 16.0}


def test_a_wish_of_an_earlier_session_weighs_nothing() -> None:
    at = with_charger(site("a", "b", main_a=32.0), "a", wish=in_a_hurry(1))
    another = replace(plugged(1), session_ended_s=NOW_S - 2)

    assert told_a(decided(at, a=another, b=plugged())) == {"a": 16.0, "b": 16.0}


@for_any(st.lists(st.none() | st.floats(0.01, 48), min_size=1, max_size=5), st.floats(30, 80))
def test_whatever_is_wished_breakers_hold_and_everybody_has_their_minimum(
    departures_h: list[float | None], main_a: float
) -> None:
    names = [f"bay-{i}" for i in range(len(departures_h))]
    at = site(*names, main_a=main_a)
    for name, after_h in zip(names, departures_h, strict=True):
        if after_h is not None:
            at = with_charger(at, name, wish=in_a_hurry(after_h))

    decision = decided(at, **dict.fromkeys(names, plugged()))

    limits_a = told_a(decision)
    assert set(limits_a) == set(names)
    assert min(limits_a.values()) >= 6
    assert sum(limits_a.values()) <= main_a + TOLERANCE_A
    assert max(decision.committed_a) <= main_a + TOLERANCE_A

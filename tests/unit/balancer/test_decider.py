"""From facts to limits: who is told what, when, and why."""

from dataclasses import replace

import pytest

from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Granted, Standing
from services.balancer.decider import Decision, decide
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.site import Breaker, BrokenLayout, Site, SiteCharger
from shared.messages.balancer import MAIN, Rule
from shared.phases import PHASES, GridType, Phase

NOW_S = 10_000.0
TIMING = Timing(rotation_s=60, rotation_gap_s=30)
ON_L1 = (Phase.L1,)


def site(*names: str, main_a: float = 32.0, fail_safe_a: float = 0.0) -> Site:
    chargers = {it: SiteCharger(it, MAIN, PHASES, 32.0, fail_safe_a) for it in names}
    return Site(GridType.TN_3_PHASE, (Breaker(MAIN, None, "Main", main_a),), chargers)


def plugged(waiting_s: float = 10.0, fail_safe_a: float = 0.0) -> ChargerFacts:
    """A car that waits, at a charger without any limit."""
    standing = Standing(fail_safe_a, PHASES)
    return ChargerFacts(standing, connected=True, session_since_s=NOW_S - waiting_s)


def charging(limit_a: float, for_s: float = 30.0, left_s: float = 80.0) -> ChargerFacts:
    """A car that charges under a confirmed limit."""
    grant = Granted(limit_a, PHASES, NOW_S + left_s, sequence=1)
    return ChargerFacts(
        Standing(0.0, PHASES, (grant,), {1: NOW_S - for_s}),
        connected=True,
        session_since_s=NOW_S - for_s - 1,
        charging_since_s=NOW_S - for_s,
        changed_at_s=NOW_S - for_s,
        sequence=1,
        behaviour=Behaviour(current_a=(limit_a,) * 3, read_at_s=NOW_S - 1, one_phase=False),
    )


def decided(at: Site, **chargers: ChargerFacts) -> Decision:
    return decide(SiteFacts("garage", at, chargers, epoch=1), TIMING, NOW_S)


def told_a(decision: Decision) -> dict[str, float]:
    return {it.charger_id: it.grant.limit_a for it in decision.announcements}


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


def test_a_charger_without_a_car_that_would_fall_back_to_6_a_is_held_down() -> None:
    idle = replace(plugged(fail_safe_a=6.0), session_since_s=None)

    assert told_a(decided(site("a", fail_safe_a=6.0), a=idle)) == {"a": 0.0}


def test_a_charger_that_is_not_connected_keeps_its_fail_safe_set_aside() -> None:
    away = ChargerFacts(Standing(6.0, PHASES))
    decision = decided(site("a", "b", fail_safe_a=6.0), a=away, b=plugged(fail_safe_a=6.0))

    assert told_a(decision) == {"b": 26.0}


def test_a_car_on_one_phase_leaves_the_others_to_others() -> None:
    one_phase = replace(plugged(), behaviour=Behaviour(one_phase=True))

    decision = decided(site("a", "b", main_a=32.0), a=one_phase, b=one_phase)

    assert {it.grant.lines for it in decision.announcements} == {ON_L1}
    assert told_a(decision) == {"a": 16.0, "b": 16.0}


def test_a_car_that_does_not_obey_is_told_the_least_and_counted_in_full() -> None:
    rogue = charging(10.0)
    rogue = replace(
        rogue, behaviour=replace(rogue.behaviour, current_a=(16.0,) * 3, disobeys_a=16.0)
    )
    decision = decided(site("a", "b", main_a=30.0), a=rogue, b=charging(14.0))

    assert told_a(decision) == {"a": 6.0}
    assert decision.announcements[0].limited_by.rule is Rule.DISOBEYS
    assert decision.committed_a[0] == pytest.approx(30.0)


def test_a_steady_garage_says_nothing_until_a_lease_runs_out() -> None:
    assert decided(site("a"), a=charging(32.0, left_s=70)).announcements == ()

    ending = decided(site("a"), a=charging(32.0, left_s=50))
    assert told_a(ending) == {"a": 32.0}


def test_overload_is_seen_where_it_is_measured() -> None:
    decision = decided(site("a", main_a=20.0), a=charging(32.0))

    assert [it.constraint for it in decision.overloads] == [0, 1, 2]
    assert told_a(decision) == {"a": 20.0}


def test_breakers_in_a_circle_are_refused() -> None:
    circle = (Breaker("a", "b", "A", 20.0), Breaker("b", "a", "B", 20.0))

    with pytest.raises(BrokenLayout):
        _ = Site(GridType.TN_3_PHASE, circle, {}).paths

"""From facts to limits: who is told what, when, and why."""

from dataclasses import replace

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from services.balancer.behaviour import IGNORES_MARGIN_A, STALE_S, Behaviour
from services.balancer.commitments import (
    CLOCK_SKEW_S,
    OVER_AFTER_S,
    SAME_CAR_S,
    Granted,
    Place,
    Standing,
)
from services.balancer.decider import Decision, decide
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.site import Breaker, BrokenLayout, ChargingWish, Site, SiteCharger
from shared.messages.balancer import MAIN, LimitedBy, Rule
from shared.phases import PHASES, GridType, Phase
from shared.units import CAR_FOLLOW_S, TOLERANCE_A

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


def test_a_one_phase_car_is_told_its_fail_safe_so_that_it_counts_on_its_phase_only() -> None:
    one_phase = replace(plugged(fail_safe_a=6.0), behaviour=Behaviour(one_phase=True))
    three_phase = replace(plugged(fail_safe_a=6.0), behaviour=Behaviour(one_phase=False))
    small = site("a", "b", main_a=12.0, fail_safe_a=6.0)

    decision = decided(small, a=one_phase, b=three_phase)

    assert [
        (it.charger_id, it.grant.limit_a, it.grant.lines) for it in decision.announcements
    ] == [("a", 6.0, ON_L1)]


def test_others_have_the_lines_that_a_one_phase_car_leaves_free() -> None:
    """Even until after its own lease: for a minute it is taken to be the same car."""
    a, b = plugged(fail_safe_a=6.0), plugged()
    on_l1 = replace(a, behaviour=Behaviour(one_phase=True))
    on_l2 = replace(b, standing=Standing(0.0, (Phase.L2,)), behaviour=Behaviour(one_phase=True))
    at = with_charger(site("a", "b"), "a", fail_safe_a=6.0)
    at = with_charger(at, "b", wiring=(Phase.L2,))

    begun = decided(at, a=on_l1).announcements[0].grant
    holding = replace(
        on_l1,
        standing=replace(on_l1.standing, granted=(begun,), confirmed_at_s={1: NOW_S - 60}),
        sequence=1,
    )
    told = {it.charger_id: it.grant for it in decided(at, a=holding, b=on_l2).announcements}

    assert told["b"].limit_a == 32.0
    falls_back_s = begun.valid_until_s - CLOCK_SKEW_S
    assert falls_back_s < told["b"].valid_until_s <= falls_back_s + SAME_CAR_S - OVER_AFTER_S


@pytest.mark.parametrize(("lines", "told"), [(ON_L1, [PHASES]), (PHASES, [])])
def test_a_pause_counts_on_all_lines_once_its_car_has_gone(
    lines: tuple[Phase, ...], told: list[tuple[Phase, ...]]
) -> None:
    """The next one may use all of them when the pause is over and the charger falls back."""
    pause = Granted(0.0, lines, NOW_S + 155, sequence=1)
    idle = replace(
        plugged(),
        standing=Standing(6.0, PHASES, (pause,), {1: NOW_S - 10}),
        session_since_s=None,
        changed_at_s=NOW_S - 10,
        sequence=1,
    )

    decision = decided(site("a", fail_safe_a=6.0), a=idle)

    assert [it.grant.lines for it in decision.announcements] == told


def test_a_one_phase_car_relies_on_a_pause_itself() -> None:
    """What is below its fail-safe lasts longest."""
    idle = replace(plugged(fail_safe_a=6.0), session_since_s=None)
    on_l1 = replace(plugged(fail_safe_a=6.0), behaviour=Behaviour(one_phase=True))
    at = site("a", "b", fail_safe_a=6.0)

    first = {it.charger_id: it.grant for it in decided(at, a=on_l1, b=idle).announcements}
    held = replace(
        idle,
        standing=replace(
            idle.standing, granted=(first["b"],), confirmed_at_s={1: NOW_S - CAR_FOLLOW_S}
        ),
        sequence=1,
    )
    then = {it.charger_id: it.grant for it in decided(at, a=on_l1, b=held).announcements}

    assert (first["b"].limit_a, then["a"].limit_a) == (0.0, 32.0)
    assert then["a"].valid_until_s <= first["b"].valid_until_s - OVER_AFTER_S - CLOCK_SKEW_S


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


# --- Out of use ---


def with_charger(at: Site, name: str, **update: object) -> Site:
    charger = replace(at.chargers[name], **update)  # type: ignore[arg-type]
    return replace(at, chargers={**at.chargers, name: charger})


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


# --- Where chargers stood ---


def test_nothing_is_given_away_that_may_still_flow_where_a_charger_stood() -> None:
    gone = Place((0,), Standing(0.0, PHASES, (Granted(20.0, PHASES, NOW_S + 50, 1),)))
    facts = SiteFacts("garage", site("a"), {"a": plugged()}, 1, departed={"b@7": (gone,)})

    assert told_a(decide(facts, TIMING, NOW_S)) == {"a": 12.0}


def test_a_limit_that_was_decided_for_another_place_is_told_anew() -> None:
    before = charging(32.0)
    former = replace(before.standing.granted[0], former=True)
    moved = replace(before, standing=replace(before.standing, granted=(former,)))

    assert told_a(decided(site("a"), a=moved)) == {"a": 32.0}


# --- Lowered breakers ---


def test_when_a_breaker_is_lowered_everybody_is_told_less_at_once() -> None:
    at = site("a", "b", main_a=16.0)

    assert told_a(decided(at, a=charging(16.0), b=charging(16.0))) == {"a": 8.0, "b": 8.0}


def test_until_the_earlier_limits_are_over_no_lower_one_goes_on_for_longer() -> None:
    """One car may not be reached: its earlier limit alone takes all that is left."""
    at = site("a", "b", main_a=16.0)
    ending, other = charging(16.0, left_s=20), charging(16.0, left_s=80)

    told = {it.charger_id: it.grant for it in decided(at, a=ending, b=other).announcements}

    assert told["a"].limit_a == 8.0
    assert told["a"].valid_until_s == NOW_S + 20


def test_a_lower_limit_that_was_lost_is_sent_again_though_it_may_not_go_on_for_longer() -> None:
    at = site("a", "b", main_a=16.0)
    before, lower = (Granted(a, PHASES, NOW_S + 40, i) for a, i in ((16.0, 1), (8.0, 2)))
    lost = replace(
        charging(16.0),
        standing=Standing(0.0, PHASES, (before, lower), {1: NOW_S - 60}),
        changed_at_s=NOW_S - TIMING.retry_s,
        sequence=2,
    )

    decision = decided(at, a=lost, b=charging(16.0, left_s=80))

    told = {it.charger_id: it.grant for it in decision.announcements}
    assert (told["a"].limit_a, told["a"].sequence) == (8.0, 3)
    assert told["a"].valid_until_s == NOW_S + 40


def test_a_pause_is_not_ended_when_what_it_holds_down_would_not_fit_afterwards() -> None:
    """A limit that ends before the pause does would let the fail-safe come up while another one has,
    and while a third car's limit is in force."""
    at = with_charger(site("a", "b", "c", main_a=22.0, fail_safe_a=6.0), "b", fail_safe_a=0.0)
    paused = replace(
        plugged(),
        standing=Standing(
            6.0, PHASES, (Granted(0.0, PHASES, NOW_S + 200, 1),), {1: NOW_S - 60}
        ),
        limited_by=LimitedBy(rule=Rule.QUEUE),
        changed_at_s=NOW_S - 60,
        sequence=1,
    )
    away = replace(
        paused,
        connected=False,
        standing=replace(
            paused.standing,
            fail_safe_a=10.0,
            granted=(Granted(0.0, PHASES, NOW_S + 115, 1),),
        ),
    )

    unread = replace(charging(12.0).behaviour, current_a=None)
    long = replace(charging(12.0, left_s=130), behaviour=unread)
    short = replace(charging(12.0, left_s=90), behaviour=unread)
    assert told_a(decided(at, a=paused, b=long, c=away)) == {"b": 6.0}
    assert told_a(decided(at, a=paused, b=short, c=away)) == {"b": 6.0, "a": 6.0}


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

"""For how long limits are told, and what may be in force when they are over."""

from dataclasses import replace

import pytest

from services.balancer.behaviour import Behaviour
from services.balancer.commitments import (
    CLOCK_SKEW_S,
    OVER_AFTER_S,
    SAME_CAR_S,
    Granted,
    Place,
    Standing,
)
from services.balancer.decider import decide
from services.balancer.facts import ChargerFacts, SiteFacts
from shared.messages.balancer import LimitedBy, Rule
from shared.phases import PHASES, Phase
from shared.units import CAR_FOLLOW_S
from tests.unit.balancer.deciding import (
    NOW_S,
    ON_L1,
    TIMING,
    charging,
    decided,
    plugged,
    site,
    told_a,
    with_charger,
)


def test_a_charger_without_a_car_that_would_fall_back_to_6_a_is_held_down() -> None:
    idle = replace(plugged(fail_safe_a=6.0), session_since_s=None)

    assert told_a(decided(site("a", fail_safe_a=6.0), a=idle)) == {"a": 0.0}


def test_a_charger_that_is_not_connected_keeps_its_fail_safe_set_aside() -> None:
    away = ChargerFacts(Standing(6.0, PHASES))
    decision = decided(site("a", "b", fail_safe_a=6.0), a=away, b=plugged(fail_safe_a=6.0))

    assert told_a(decision) == {"b": 26.0}


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


def test_a_steady_garage_says_nothing_until_a_lease_runs_out() -> None:
    assert decided(site("a"), a=charging(32.0, left_s=70)).announcements == ()

    ending = decided(site("a"), a=charging(32.0, left_s=50))
    assert told_a(ending) == {"a": 32.0}


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

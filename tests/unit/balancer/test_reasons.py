"""Every limit says what holds it down, what would be next, and who waits until when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.balancer import lifting
from services.balancer.angles import Capacity
from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Granted, Standing
from services.balancer.decider import decide
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.site import Breaker, Site, SiteCharger
from services.balancer.turns import take_turns
from services.balancer.waiting import turn_at_s, waiting
from shared.messages.balancer import MAIN, LimitedBy, Rule, RunnerUp
from shared.phases import PHASES, GridType, Phase

NOW_S = 10_000.0
TIMING = Timing(rotation_s=600, rotation_gap_s=60)
CAR = ChargerFacts(Standing(0.0, PHASES), connected=True, session_since_s=NOW_S - 10)
LEVEL = Breaker("level-1", MAIN, "Level 1", 32.0)


def site(
    *chargers: SiteCharger, main_a: float = 50.0, available_a: float | None = None
) -> Site:
    """Chargers on level 1 (32 A), which hangs on the main breaker."""
    return Site(
        GridType.TN_3_PHASE,
        (Breaker(MAIN, None, "Main", main_a), LEVEL),
        {it.charger_id: it for it in chargers},
        available_a=None if available_a is None else (available_a,) * 3,
    )


def on_level(name: str, max_a: float = 32.0, **about: object) -> SiteCharger:
    given = {"circuit_id": "level-1", "wiring": PHASES, "max_a": max_a, "fail_safe_a": 0.0}
    return SiteCharger(charger_id=name, **(given | about))  # type: ignore[arg-type]


def reasons(at: Site, **changed: ChargerFacts) -> dict[str, LimitedBy]:
    """Decide for cars at all chargers, and read the reasons that are announced."""
    cars = dict.fromkeys(at.chargers, CAR) | changed
    decision = decide(SiteFacts("garage", at, cars, epoch=1), TIMING, NOW_S)
    return {
        **{it.charger_id: it.limited_by for it in decision.queued},
        **{it.charger_id: it.limited_by for it in decision.announcements},
    }


# --- What would be next ---


def test_without_the_breaker_that_binds_the_one_above_it_is_next() -> None:
    at = site(*(on_level(it) for it in "abcd"), main_a=40.0)

    reason = reasons(at)["a"]

    assert (reason.rule, reason.circuit_id, reason.shared_by) == (Rule.BREAKER, "level-1", 4)
    assert reason.usable_a == 32.0
    assert reason.runner_up == RunnerUp(
        rule=Rule.BREAKER, circuit_id=MAIN, phase=Phase.L1, usable_a=40.0, limit_a=10.0
    )


def test_without_the_breaker_that_binds_a_weak_charger_stops_by_itself() -> None:
    at = site(on_level("a", max_a=20.0), on_level("b"))

    assert reasons(at)["a"].runner_up == RunnerUp(rule=Rule.CHARGER, limit_a=20.0)


def test_what_is_available_hides_the_main_breaker() -> None:
    at = site(on_level("a"), on_level("b"), main_a=30.0, available_a=20.0)

    reason = reasons(at)["a"]

    assert (reason.rule, reason.usable_a) == (Rule.AVAILABLE, 20.0)
    assert reason.runner_up == RunnerUp(
        rule=Rule.BREAKER, circuit_id=MAIN, phase=Phase.L1, usable_a=30.0, limit_a=15.0
    )


def test_a_charger_at_its_own_maximum_is_told_which_breaker_comes_next() -> None:
    reason = reasons(site(on_level("a", max_a=10.0), on_level("b", max_a=16.0)))["a"]

    assert reason.rule is Rule.CHARGER
    assert reason.runner_up is not None
    assert (reason.runner_up.circuit_id, reason.runner_up.limit_a) == ("level-1", 16.0)


def test_behind_a_breaker_of_its_own_a_charger_has_its_maximum_next() -> None:
    reason = reasons(site(on_level("a", max_a=20.0, breaker_a=16.0)))["a"]

    assert reason.rule is Rule.OWN_BREAKER
    assert reason.runner_up == RunnerUp(rule=Rule.CHARGER, limit_a=20.0)


def test_a_car_that_takes_little_could_have_what_its_charger_gives() -> None:
    frugal = replace(CAR, behaviour=Behaviour(wish_a=9.0))

    reason = reasons(site(on_level("a", max_a=16.0)), a=frugal)["a"]

    assert reason.rule is Rule.CAR
    assert reason.runner_up == RunnerUp(rule=Rule.CHARGER, limit_a=16.0)


def test_who_waits_for_others_to_make_room_is_told_what_it_has_then() -> None:
    grant = Granted(20.0, PHASES, NOW_S + 80, sequence=1)
    charging = replace(
        CAR,
        standing=Standing(0.0, PHASES, (grant,), {1: NOW_S - 30}),
        charging_since_s=NOW_S - 30,
    )

    reason = reasons(site(on_level("a"), on_level("b")), a=charging)["b"]

    assert reason.rule is Rule.DECREASE_FIRST
    assert reason.runner_up == RunnerUp(
        rule=Rule.BREAKER, circuit_id="level-1", phase=Phase.L1, usable_a=32.0, limit_a=16.0
    )


def test_a_large_site_does_not_wait_for_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifting, "DIVIDED_MAX", 6)  # three chargers are given shares twice
    at = site(*(on_level(it, max_a=8.0) for it in "abc"))

    told = [it.runner_up is not None for it in reasons(at).values()]

    assert sorted(told) == [False, True, True]


@given(
    st.lists(st.floats(6.0, 32.0).map(lambda it: round(it, 1)), min_size=1, max_size=5),
    st.floats(30.0, 80.0).map(lambda it: round(it, 1)),
)
def test_where_all_have_their_minimum_nobody_would_have_less_without_what_stops_them(
    maximums_a: list[float], main_a: float
) -> None:
    at = site(*(on_level(f"c{i}", max_a=it) for i, it in enumerate(maximums_a)), main_a=main_a)
    cars = dict.fromkeys(at.chargers, CAR)

    decision = decide(SiteFacts("garage", at, cars, epoch=1), TIMING, NOW_S)

    for it in decision.announcements:
        following = it.limited_by.runner_up
        assert following is not None
        assert following.limit_a is not None
        assert following.limit_a >= it.grant.limit_a - 1e-6
        assert (following.rule, following.circuit_id, following.phase) != (
            it.limited_by.rule,
            it.limited_by.circuit_id,
            it.limited_by.phase,
        )


# --- Imbalance ---


def unequal(*lines: Phase, main_a: float = 63.0, max_a: float = 32.0) -> Site:
    """Chargers on one line each, at a main breaker whose lines may differ by 20 A."""
    chargers = (
        on_level(f"{line}-{i}", max_a, circuit_id=MAIN, wiring=(line,))
        for i, line in enumerate(lines)
    )
    return replace(site(*chargers, main_a=main_a), imbalance_a=20.0)


def test_whom_the_other_lines_stop_is_told_so_and_what_is_next() -> None:
    reason = reasons(unequal(Phase.L1, Phase.L1, main_a=30.0))["L1-0"]

    assert (reason.rule, reason.circuit_id, reason.phase) == (Rule.IMBALANCE, MAIN, Phase.L1)
    assert reason.usable_a is None
    assert reason.runner_up == RunnerUp(
        rule=Rule.BREAKER, circuit_id=MAIN, phase=Phase.L1, usable_a=30.0, limit_a=15.0
    )


def test_a_charger_at_its_own_maximum_is_told_that_the_lines_differ_by_no_more_then() -> None:
    reason = reasons(unequal(Phase.L1, max_a=16.0))["L1-0"]

    assert reason.rule is Rule.CHARGER
    assert reason.runner_up == RunnerUp(
        rule=Rule.IMBALANCE, circuit_id=MAIN, phase=Phase.L1, limit_a=20.0
    )


def test_whom_the_other_lines_leave_out_waits_for_its_turn() -> None:
    told = reasons(unequal(*[Phase.L1] * 4))
    (waits,) = [it for it in told.values() if it.place is not None]

    assert (waits.rule, waits.place) == (Rule.QUEUE, 1)
    assert waits.runner_up is None, "no breaker is full"


# --- Who waits ---


def test_who_waits_is_told_its_place_and_when_its_turn_comes() -> None:
    at = site(on_level("a"), on_level("b"), on_level("c"), main_a=10.0)
    charging = replace(CAR, charging_since_s=NOW_S - 100)
    late = replace(CAR, session_since_s=NOW_S - 5)

    told = reasons(at, a=charging, c=late)

    assert [told[it].rule for it in "bc"] == [Rule.QUEUE, Rule.QUEUE]
    assert [told[it].place for it in "bc"] == [1, 2]
    expected_s = [it.timestamp() - NOW_S for it in (told["b"].turn_at, told["c"].turn_at) if it]
    assert expected_s == [500.0, 1100.0]


def test_who_has_just_made_room_waits_behind_those_that_wait_longer() -> None:
    at = site(on_level("a"), on_level("b"), on_level("c"), main_a=10.0)
    charged = replace(CAR, session_since_s=NOW_S - 2000, charging_since_s=NOW_S - 1000)
    late = replace(CAR, session_since_s=NOW_S - 5)
    cars = {"a": charged, "b": CAR, "c": late}
    facts = SiteFacts("garage", at, cars, epoch=1)

    left_a = at.usable_a(NOW_S)
    capacity = Capacity(at.form, left_a, [0j] * len(left_a))
    turns, rotated = take_turns(facts, capacity, TIMING, NOW_S)
    places = {it.charger_id: it.place for it in waiting(facts, turns, TIMING, NOW_S)}

    assert rotated
    assert places == {"c": 1, "a": 2}


def test_nobody_makes_room_for_a_car_of_a_lower_priority() -> None:
    at = site(on_level("a", priority=5), on_level("b"), main_a=10.0)

    reason = reasons(at, a=replace(CAR, charging_since_s=NOW_S - 100))["b"]

    assert (reason.place, reason.turn_at) == (1, None)


def test_turns_follow_one_another_with_a_pause() -> None:
    make_room_at_s = [0.0, 0.0, 0.0]

    turns = [turn_at_s(make_room_at_s, place, TIMING, 1000.0) for place in (1, 2, 3, 4)]

    assert turns == [1000.0, 1060.0, 1120.0, 1600.0]

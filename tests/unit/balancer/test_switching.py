"""In which ways a car may charge now, what a switch costs, and how it is announced."""

from dataclasses import replace
from typing import Any

import pytest

from cli.proving.moments import START_S, moment
from services.balancer.announced import (
    Announced,
    SessionSwitches,
    fold_announced,
    switches_of,
)
from services.balancer.behaviour import Behaviour, PhasesTold
from services.balancer.commitments import CLOCK_SKEW_S, Granted, Standing
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.hardware import SWITCHING_S, phases_told
from services.balancer.ledger import Ledger
from services.balancer.planning import SETTLES_S, Announcement, Planner, Target, leases_end_s
from services.balancer.reported import (
    Reported,
    fold_reported,
)
from services.balancer.site import Breaker, Site, SiteCharger
from services.balancer.switching import Closing, closings_of
from shared.messages.balancer import MAIN, CurrentLimitAllocated, LimitedBy, Rule
from shared.messages.telemetry import (
    ChargerConnected,
    CurrentLimitRejected,
)
from shared.phases import ALL_TERMINALS, PHASES, GridType, Phase, PhaseSwitching
from shared.units import CAR_FOLLOW_S
from tests.unit.balancer.garage import Garage

NOW_S = START_S
TIMING = Timing(switch_gap_s=600.0, switches_max=5)
WIRING = (Phase.L2, Phase.L3, Phase.L1)
FIRST, ANY = PhaseSwitching.FIRST_TERMINAL, PhaseSwitching.ANY_TERMINAL
THREE = Closing(ALL_TERMINALS, PHASES)
ONE = Closing((1,), (Phase.L2,))


def facts(
    charger: ChargerFacts,
    switching: PhaseSwitching = FIRST,
    switch_current_a: float | None = 15.0,
    grid: GridType = GridType.TN_3_PHASE,
    **others: ChargerFacts,
) -> SiteFacts:
    chargers = {"bay": charger, **others}
    site = Site(
        grid,
        (Breaker(MAIN, None, "Main", 32.0),),
        {
            it: SiteCharger(it, MAIN, WIRING, 32.0, 0.0, phase_switching=switching)
            for it in chargers
        },
        switch_current_a=switch_current_a,
    )
    return SiteFacts("garage", site, chargers, epoch=1)


def car(
    last: tuple[int, ...] | None = None,
    switches: int = 0,
    since_s: float = 3600.0,
    **more: Any,
) -> ChargerFacts:
    """A car in a session, whose terminals have changed so often, for the last time so long ago."""
    return ChargerFacts(
        Standing(0.0, PHASES),
        connected=True,
        session_since_s=NOW_S - 7200,
        last_terminals=last,
        switches=switches,
        switched_at_s=NOW_S - since_s if switches else None,
        **more,
    )


def ways(at: SiteFacts) -> tuple[Closing, ...]:
    return closings_of(at, "bay", TIMING, NOW_S).allowed


# --- Which ways are open ---


def test_a_session_begins_in_any_way() -> None:
    found = closings_of(facts(car()), "bay", TIMING, NOW_S)

    assert found.allowed == (THREE, ONE)
    assert found.present is None


def test_a_charger_that_may_choose_has_every_phase() -> None:
    lines = [it.lines for it in ways(facts(car(), ANY))]

    assert lines == [PHASES, (Phase.L2,), (Phase.L3,), (Phase.L1,)]


def test_in_an_it_grid_one_phase_stands_between_two_lines() -> None:
    lines = [set(it.lines) for it in ways(facts(car(), ANY, grid=GridType.IT_3_PHASE))]

    assert lines[1:] == [{Phase.L2, Phase.L3}, {Phase.L3, Phase.L1}, {Phase.L1, Phase.L2}]


@pytest.mark.parametrize(
    "at",
    [
        facts(car(), PhaseSwitching.NONE),
        facts(car(), switch_current_a=None),
        facts(car(behaviour=Behaviour(keeps_three_phases=True))),
        facts(car(not_taken=frozenset({(1,)}))),
    ],
)
def test_where_nothing_can_be_switched_the_car_uses_what_it_uses(at: SiteFacts) -> None:
    assert ways(at) == (Closing(None, PHASES),)


def test_terminals_that_were_not_taken_are_not_asked_for_again() -> None:
    found = ways(facts(car(not_taken=frozenset({(2,), (3,)})), ANY))

    assert [it.terminals for it in found] == [ALL_TERMINALS, (1,)]


@pytest.mark.parametrize(("last", "told"), [(None, ALL_TERMINALS), ((1,), (1,))])
def test_for_a_one_phase_car_nothing_is_switched(
    last: tuple[int, ...] | None, told: tuple[int, ...]
) -> None:
    at = facts(car(last, behaviour=Behaviour(one_phase=True)))

    assert ways(at) == (Closing(told, (Phase.L2,)),)


def test_a_one_phase_car_may_be_put_on_another_phase_where_that_can_be_chosen() -> None:
    at = facts(car(behaviour=Behaviour(one_phase=True)), ANY)

    assert [it.lines for it in ways(at)] == [(Phase.L2,), (Phase.L3,), (Phase.L1,)]


# --- What a switch costs ---


@pytest.mark.parametrize("last", [(1,), ALL_TERMINALS])
def test_a_car_that_has_just_switched_stays_as_it_is(last: tuple[int, ...]) -> None:
    recently = closings_of(facts(car(last, 1, since_s=599)), "bay", TIMING, NOW_S)
    later = closings_of(facts(car(last, 1, since_s=601)), "bay", TIMING, NOW_S)

    assert [it.terminals for it in recently.allowed] == [last]
    assert len(later.allowed) == 2
    assert later.allowed[later.present or 0].terminals == last


def test_only_one_phase_is_kept_in_reserve_for_a_car_that_would_get_nothing() -> None:
    on_three = closings_of(facts(car(ALL_TERMINALS, 1, since_s=10)), "bay", TIMING, NOW_S)
    on_one = closings_of(facts(car((1,), 1, since_s=10)), "bay", TIMING, NOW_S)

    assert on_three.withheld == (ONE,)
    assert on_one.withheld == ()


@pytest.mark.parametrize(
    ("last", "switches", "may_switch"),
    [
        ((1,), 3, True),
        ((1,), 4, False),
        (ALL_TERMINALS, 4, True),
        ((1,), 5, False),
        (ALL_TERMINALS, 5, False),
    ],
)
def test_the_last_switch_of_a_session_leads_to_one_phase(
    last: tuple[int, ...], switches: int, may_switch: bool
) -> None:
    assert (len(ways(facts(car(last, switches)))) > 1) is may_switch


def allocated(
    sequence: int, terminals: tuple[int, ...] | None, limit_a: float = 10.0
) -> CurrentLimitAllocated:
    return CurrentLimitAllocated(
        installation_id="garage",
        charger_id="bay",
        limit_a=limit_a,
        phases=PHASES,
        valid_until=moment(NOW_S + 90),
        sequence=sequence,
        epoch=1,
        limited_by=LimitedBy(rule=Rule.BREAKER),
        terminals=terminals,
    )


def announced(*limits: tuple[float, tuple[int, ...] | None, float]) -> Announced:
    """Fold limits: when each was announced, for which terminals, in amperes."""
    known: Announced | None = None
    for sequence, (after_s, terminals, limit_a) in enumerate(limits, start=1):
        event = allocated(sequence, terminals, limit_a)
        known = fold_announced(known, "bay", event, moment(NOW_S + after_s))
    return known or Announced()


def test_switches_are_counted_from_what_was_announced() -> None:
    told = announced(
        (0, ALL_TERMINALS, 10), (10, (1,), 10), (20, (1,), 32), (30, ALL_TERMINALS, 16)
    )

    assert switches_of(told, moment(NOW_S - 1)) == SessionSwitches(
        ALL_TERMINALS, 2, moment(NOW_S + 30)
    )


def test_a_pause_is_no_switch_and_what_came_before_it_is_not_forgotten() -> None:
    told = announced((0, ALL_TERMINALS, 10), (10, ALL_TERMINALS, 0), (20, (1,), 10))

    assert switches_of(told, moment(NOW_S - 1)).switches == 1


def test_another_session_begins_with_none() -> None:
    told = announced((0, ALL_TERMINALS, 10), (10, ALL_TERMINALS, 0), (20, (1,), 10))

    assert switches_of(told, moment(NOW_S + 15)) == SessionSwitches((1,), 0, None)
    assert switches_of(told, moment(NOW_S + 25)).switches == 0


def test_a_charger_that_was_told_nothing_of_terminals_has_closed_them_all() -> None:
    assert switches_of(announced((0, None, 10)), moment(NOW_S - 1)).last == ALL_TERMINALS


# --- What its contactor does ---


def confirmed(at_s: dict[int, float]) -> Reported:
    return Reported(
        installation_id="garage", confirmed_at={k: moment(NOW_S + s) for k, s in at_s.items()}
    )


def test_a_charger_switches_a_while_after_it_has_confirmed() -> None:
    told = announced((0, ALL_TERMINALS, 10), (10, (1,), 10))
    both = confirmed({1: 0, 2: 11})
    over_s = 11 + CAR_FOLLOW_S + SWITCHING_S

    assert phases_told(told, both, NOW_S + over_s - 0.1) is PhasesTold.UNSURE
    assert phases_told(told, both, NOW_S + over_s) is PhasesTold.ONE


def test_what_was_not_confirmed_may_be_in_force_or_not() -> None:
    told = announced((0, (1,), 10), (30, ALL_TERMINALS, 10))

    assert phases_told(told, confirmed({1: 0}), NOW_S + 60) is PhasesTold.UNSURE
    assert phases_told(told, confirmed({1: 0, 2: 31}), NOW_S + 60) is PhasesTold.ALL


def test_when_its_lease_may_be_over_it_may_have_fallen_back_to_three_phases() -> None:
    told, one = announced((0, (1,), 10)), confirmed({1: 0})

    assert phases_told(told, one, NOW_S + 90 - CLOCK_SKEW_S - 0.1) is PhasesTold.ONE
    assert phases_told(told, one, NOW_S + 90 - CLOCK_SKEW_S) is PhasesTold.UNSURE


def test_a_charger_that_is_told_nothing_of_terminals_closes_all() -> None:
    assert phases_told(announced((0, None, 10)), None, NOW_S) is PhasesTold.ALL


def test_what_a_charger_rejects_is_not_asked_of_it_until_it_connects_anew() -> None:
    about = {"installation_id": "garage", "charger_id": "bay"}
    rejected = CurrentLimitRejected(
        **about, limit_a=10, sequence=1, epoch=1, status="PhaseNotTellable", terminals=(2,)
    )
    all_three = rejected.model_copy(update={"terminals": ALL_TERMINALS})
    connected = ChargerConnected(
        **about, serial="ZAP1", vendor="", model="", gateway_id="g", remote=""
    )

    after = fold_reported(None, rejected, moment(NOW_S))

    assert after.not_taken == {(2,)}
    assert fold_reported(after, all_three, moment(NOW_S)).not_taken == {(2,)}
    assert fold_reported(after, connected, moment(NOW_S)).not_taken == set()


# --- How it is announced ---


def charging(
    limit_a: float, way: Closing, since_s: float = 60.0, *, is_confirmed: bool = True
) -> ChargerFacts:
    grant = Granted(limit_a, way.lines, NOW_S + 80, 1, terminals=way.terminals)
    confirmed_at = {1: NOW_S - since_s} if is_confirmed else {}
    return replace(
        car(way.terminals),
        standing=Standing(0.0, PHASES, (grant,), confirmed_at),
        charging_since_s=NOW_S - since_s,
        changed_at_s=NOW_S - since_s,
        sequence=1,
        limited_by=LimitedBy(rule=Rule.BREAKER),
    )


def planned(at: SiteFacts, limit_a: float, way: Closing) -> Announcement | None:
    target = Target("bay", limit_a, way.lines, LimitedBy(rule=Rule.BREAKER), way.terminals)
    ends_s = leases_end_s(TIMING, NOW_S, at.installation_id)
    ledger = Ledger(at.site.capacity_a, at.places(), {}, NOW_S, ends_s)
    planner = Planner(at, ledger, TIMING, NOW_S)
    assert planner.switches(target)
    return planner.switch(target)


def said(announcement: Announcement | None) -> tuple[float, tuple[int, ...] | None, Rule]:
    assert announcement is not None
    grant = announcement.grant
    return grant.limit_a, grant.terminals, announcement.limited_by.rule


def test_phases_change_first_and_the_current_follows() -> None:
    at = facts(charging(10.6, THREE))

    assert said(planned(at, 32.0, ONE)) == (10.6, (1,), Rule.SWITCHING)


def test_a_switch_to_less_current_is_told_with_it() -> None:
    assert said(planned(facts(charging(32.0, ONE)), 16.0, THREE)) == (
        16.0,
        ALL_TERMINALS,
        Rule.BREAKER,
    )


def test_where_the_further_phases_are_taken_only_the_current_is_lowered() -> None:
    neighbour = charging(30.0, Closing((2,), (Phase.L3,)))
    at = facts(charging(32.0, ONE), other=neighbour)

    assert said(planned(at, 16.0, THREE)) == (16.0, (1,), Rule.BREAKER)


def test_where_the_further_phases_are_taken_a_car_goes_on_as_it_is() -> None:
    neighbour = charging(30.0, Closing((2,), (Phase.L3,)))
    at = facts(charging(10.0, ONE), other=neighbour)

    assert planned(at, 10.0, THREE) is None


def test_a_switch_waits_until_the_last_limit_has_had_its_time() -> None:
    assert planned(facts(charging(10.0, THREE, since_s=4.0)), 32.0, ONE) is None


def test_one_phase_at_no_more_than_before_always_fits() -> None:
    full = charging(21.4, THREE)
    at = facts(charging(10.6, THREE), other=full)

    announcement = planned(at, 32.0, ONE)

    assert said(announcement) == (10.6, (1,), Rule.SWITCHING)


def test_after_a_switch_the_current_is_not_raised_before_readings_can_tell_of_it() -> None:
    def raised_after(after_s: float) -> Announcement | None:
        charger = replace(
            charging(10.6, ONE, since_s=after_s), switched_at_s=NOW_S - after_s, switches=1
        )
        at = facts(charger)
        target = Target("bay", 32.0, ONE.lines, LimitedBy(rule=Rule.BREAKER), (1,))
        ledger = Ledger(at.site.capacity_a, at.places(), {}, NOW_S)
        return Planner(at, ledger, TIMING, NOW_S).higher(target)

    assert raised_after(SETTLES_S - 1) is None
    assert said(raised_after(SETTLES_S)) == (32.0, (1,), Rule.BREAKER)


def test_the_old_lines_are_counted_until_the_switch_is_confirmed_and_followed() -> None:
    charger = charging(10.6, THREE)
    announcement = planned(facts(charger), 32.0, ONE)
    assert announcement is not None
    standing = charger.standing.granting(announcement.grant)
    told = replace(standing, confirmed_at_s={**standing.confirmed_at_s, 2: NOW_S + 2})

    assert standing.worst_a(NOW_S + 60) == (10.6, 10.6, 10.6)
    assert told.worst_a(NOW_S + 2 + CAR_FOLLOW_S - 0.1) == (10.6, 10.6, 10.6)
    assert told.worst_a(NOW_S + 2 + CAR_FOLLOW_S) == (0.0, 10.6, 0.0)


# --- From facts to limits ---


def test_three_cars_share_a_breaker_on_one_phase_each() -> None:
    """The vendor's own example: 32 A and a switch current of 15 A."""
    world = Garage(switch_current_a=15.0, cars=3)
    world.live(120)

    assert world.limits_a() == {"bay-0": 32.0, "bay-1": 32.0, "bay-2": 32.0}
    assert sorted(world.lines()) == [(Phase.L1,), (Phase.L2,), (Phase.L3,)]
    assert world.drawn_a() == (32.0, 32.0, 32.0)
    assert world.planned_overload() == (0.0, None)


def test_with_a_lower_switch_current_they_stay_on_three() -> None:
    world = Garage(switch_current_a=10.0, cars=3)
    world.live(120)

    assert set(world.limits_a().values()) <= {10.6, 10.7}
    assert world.lines() == [PHASES] * 3
    assert world.switches() == 0


def test_two_cars_share_it_on_three_phases() -> None:
    world = Garage(switch_current_a=15.0, cars=2)
    world.live(120)

    assert world.limits_a() == {"bay-0": 16.0, "bay-1": 16.0}
    assert world.lines() == [PHASES] * 2


def test_when_one_of_three_leaves_the_others_get_their_three_phases_back_once() -> None:
    world = Garage(switch_current_a=15.0, cars=2)
    world.live(30)
    world.come(2)
    world.live(120)
    on_one = world.lines()
    world.leave(2)
    world.live(60)
    on_three = world.lines()

    assert sorted(on_one) == [(Phase.L1,), (Phase.L2,), (Phase.L3,)]
    assert on_three == [PHASES] * 2
    assert world.limits_a() == {"bay-0": 16.0, "bay-1": 16.0}
    assert world.peak_a <= 32.0
    assert world.planned_overload() == (0.0, None)


def test_where_three_phases_leave_most_waiting_everybody_charges_on_one() -> None:
    world = Garage(switch_current_a=15.0, cars=3, main_a=10.0)
    world.live(60)

    assert world.limits_a() == {"bay-0": 10.0, "bay-1": 10.0, "bay-2": 10.0}
    assert sorted(world.lines()) == [(Phase.L1,), (Phase.L2,), (Phase.L3,)]
    assert world.planned_overload() == (0.0, None)


def test_chargers_that_may_choose_spread_over_the_phases_however_they_are_wired() -> None:
    world = Garage(
        switch_current_a=15.0, cars=3, switching=PhaseSwitching.ANY_TERMINAL, alike=True
    )
    world.live(120)

    assert sorted(world.lines()) == [(Phase.L1,), (Phase.L2,), (Phase.L3,)]
    assert set(world.limits_a().values()) == {32.0}
    assert world.peak_a <= 32.0
    assert world.planned_overload() == (0.0, None)


def test_chargers_that_do_not_switch_stay_on_three_phases() -> None:
    world = Garage(switch_current_a=15.0, cars=3, switching=PhaseSwitching.NONE)
    world.live(60)

    assert world.lines() == [PHASES] * 3
    assert world.planned_overload() == (0.0, None)

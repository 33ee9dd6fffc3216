"""
What a schedule allows is kept from its first second on, however unfriendly the world is.

Limits are leases: one that was given while much was allowed may be in force for a while after less is.
"""

from dataclasses import replace
from datetime import UTC, datetime
from statistics import mean

import pytest

from cli.proving.buildings import WIRINGS, Building
from cli.proving.chargers import Charger
from cli.proving.happenings import live, plug_in
from cli.proving.moments import START_S, Chances
from cli.proving.sites import CLOCKS_OFF_S
from cli.proving.world import World
from services.balancer import decider
from services.balancer.decider import decide
from services.balancer.facts import SiteFacts
from shared.messages.balancer import MAIN, Rule
from shared.messages.installation import CurrentScheduleSet
from shared.messages.installation_terms import ScheduleRule
from shared.phases import PhaseCurrents
from shared.units import TOLERANCE_A
from shared.weekly import CurrentSchedule, minutes
from tests.unit.balancer.test_reasons import CAR, NOW_S, TIMING, on_level, site

MAIN_A = 32.0
MINUTES = 6
SETTLED_S = 10
"""Chargers came with a fail-safe, which is 0 A from the start on; cars take time to follow that."""
ALLOWED_A = (0.0, 8.0, 16.0, 24.0, MAIN_A)


def clock(minute: int) -> str:
    """The world begins at a full hour."""
    begins = datetime.fromtimestamp(START_S + minute * 60, UTC)
    return f"{begins:%H:%M}"


def three(a: float) -> PhaseCurrents:
    return (a, a, a)


def schedule_of(chances: Chances) -> CurrentScheduleSet:
    """Something else every minute or two."""
    rules, minute = [], 0
    while minute < MINUTES:
        ends = minute + chances.pick((1, 2))
        rule = ScheduleRule(
            begins=clock(minute), ends=clock(ends), available_a=three(chances.pick(ALLOWED_A))
        )
        if not chances.one_in(4):
            rules.append(rule)
        minute = ends
    rules.append(ScheduleRule(begins=clock(20), ends=clock(21), available_a=three(8.0)))
    return CurrentScheduleSet(
        installation_id="site", rules=tuple(rules), otherwise_a=None, time_zone="Etc/UTC"
    )


def world_with(chances: Chances, schedule: CurrentScheduleSet) -> World:
    building = Building("site", MAIN_A, {"level": MAIN_A}, {"level": MAIN})
    chargers = [
        Charger(f"ZAP{it:04}", chances.pick(CLOCKS_OFF_S), one_phase_car=chances.one_in(2))
        for it in range(6)
    ]
    world = World((building,), chargers)
    world.change(building.created(), START_S)
    world.change((schedule,), START_S)
    for index, charger in enumerate(chargers):
        wiring = WIRINGS[index % 3]
        world.change(building.assign(f"bay-{index}", charger.serial, "level", wiring), START_S)
        world.change(building.wish(f"bay-{index}", 0.0), START_S)
    world.hear(START_S)
    world.gateway.hear(START_S)
    for charger in chargers:
        world.gateway.connect(charger, START_S)
    return world


def overrun_s(world: World, schedule: CurrentScheduleSet, chances: Chances) -> float | None:
    """Live through it, and name the first moment at which more could flow than is allowed."""
    overrun_s: float | None = None
    kept = CurrentSchedule.of(schedule)
    assert kept is not None
    for step in range(MINUTES * 60):
        now_s = START_S + step
        live(world, chances, now_s, balanced=True)
        if step < SETTLED_S:
            continue
        allowed_a = kept.allowed_a(now_s) or three(MAIN_A)
        counted_a = world.counted_a("site", now_s)[MAIN]
        loads_a = world.loads_a("site")[MAIN]
        for may, counted, load in zip(allowed_a, counted_a, loads_a, strict=True):
            if max(counted, load) > may + TOLERANCE_A and overrun_s is None:
                overrun_s = now_s
    return overrun_s


@pytest.mark.parametrize("seed", range(1, 7))
def test_no_more_is_in_force_at_any_moment_than_the_schedule_allows_then(seed: int) -> None:
    chances = Chances(seed)
    schedule = schedule_of(chances)
    world = world_with(chances, schedule)

    assert overrun_s(world, schedule, chances) is None
    assert world.planned_overload() == (0.0, None)


def test_a_balancer_that_does_not_look_ahead_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = decider.headroom
    monkeypatch.setattr(decider, "headroom", lambda *given: whole(*given[:-1]))
    found = []
    for seed in range(1, 4):
        chances = Chances(seed)
        schedule = schedule_of(chances)
        world = world_with(chances, schedule)
        found.append((overrun_s(world, schedule, chances), world.planned_overload()[0]))

    assert any(at_s is not None for at_s, _ in found)
    assert any(overload_as > 0 for _, overload_as in found), "the audit found nothing"


def test_what_is_allowed_is_used() -> None:
    rule = ScheduleRule(begins=clock(3), ends=clock(5), available_a=three(16.0))
    schedule = CurrentScheduleSet(
        installation_id="site", rules=(rule,), otherwise_a=None, time_zone="Etc/UTC"
    )
    chances = Chances(5)
    world = world_with(chances, schedule)
    for charger in world.chargers.values():
        charger.one_phase_car = False
    loads = []
    for step in range(MINUTES * 60):
        now_s = START_S + step
        world.hear(now_s)
        decided = world.announce(world.mind, world.mind.decide("site", now_s), now_s)
        assert decided is not None
        world.gateway.on_the_way += [(now_s, it) for it in decided.commands]
        world.gateway.deliver(now_s)
        world.gateway.confirm(lambda: "now", now_s)
        for charger in world.chargers.values():
            if not charger.plugged:
                plug_in(world, charger, now_s)
        world.read_meters(now_s)
        loads.append(world.loads_a("site")[MAIN][0])

    # The queue rotates meanwhile, and whoever makes room does so before somebody else has it.
    assert mean(loads[10:60]) >= 0.95 * MAIN_A
    assert mean(loads[180:300]) >= 0.8 * 16.0
    assert mean(loads[310:]) >= 0.95 * MAIN_A


def test_who_is_limited_by_the_schedule_is_told_until_when_it_holds() -> None:
    local = datetime.fromtimestamp(NOW_S, UTC)
    now = f"{local:%H:%M}"
    ends = minutes(now) + 30
    rule = ScheduleRule(
        begins=now, ends=f"{ends // 60:02}:{ends % 60:02}", available_a=three(20.0)
    )
    at = replace(
        site(on_level("a"), on_level("b"), main_a=30.0),
        schedule=CurrentSchedule((rule,), None, "Etc/UTC"),
    )
    decision = decide(SiteFacts("garage", at, dict.fromkeys("ab", CAR), epoch=1), TIMING, NOW_S)
    told = {it.charger_id: it.limited_by for it in decision.announcements}

    assert {it.rule for it in told.values()} == {Rule.SCHEDULE}
    assert {it.usable_a for it in told.values()} == {20.0}
    until = told["a"].until
    assert until is not None
    assert (until.hour * 60 + until.minute, until.second) == (ends, 0)

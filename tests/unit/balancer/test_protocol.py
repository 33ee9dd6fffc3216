"""
The promise that no breaker trips, tried against an unfriendly world.

At every step the most that its cars may draw is added up and held against what the balancer counts, and
against every breaker. At the end the logs are audited: no limit was ever announced that could have put
more on a breaker than it may carry.
"""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import Phase as Phases
from hypothesis import given, settings

from shared.messages.balancer import MAIN
from shared.phases import PHASES, GridType
from shared.units import TOLERANCE_A
from tests.unit.balancer.buildings import STEPS as LAYOUT_STEPS
from tests.unit.balancer.buildings import WIRINGS, Building
from tests.unit.balancer.moments import START_S, Chances
from tests.unit.balancer.world import Charger, World, happen, world_of

STEP_S = 1.0
STEPS = 120
WITHOUT_SHRINKING = (Phases.explicit, Phases.reuse, Phases.generate)
"""A seed cannot be made simpler."""
SEEDS = st.integers(0, 2**32 - 1)


def live(world: World, chances: Chances, now_s: float, *, balanced: bool) -> None:
    """One second of life, with whatever goes wrong in it."""
    in_use = [it for it in world.chargers.values() if it.spot is not None]
    happen(world, chances.pick(in_use), chances.pick(range(26)), now_s)
    world.carry(now_s)
    world.gateway_hears(now_s)
    world.hear(now_s)
    if balanced:
        if chances.one_in(40):
            world.behaviours.clear()  # a new balancer knows the log, and nothing of readings
        for name in world.buildings:
            for sent in world.decide(name, now_s):
                late_s = chances.pick([0.0, 0.0, 0.0, 2.0, 7.0, None])
                if late_s is not None:
                    world.on_the_way.append((now_s + late_s, *sent))
    world.deliver(now_s)
    world.confirm(lambda: chances.pick(["now", "now", "now", "later", "lost"]), now_s)
    world.read_meters(now_s)


def check_counted(world: World, step: int, now_s: float) -> None:
    """Whatever cars may draw is counted where they draw it."""
    for name in world.buildings:
        counted_a, loads_a = world.counted_a(name, now_s), world.loads_a(name)
        for circuit_id, load_a in loads_a.items():
            for line, counted, load in zip(PHASES, counted_a[circuit_id], load_a, strict=True):
                assert load <= counted + TOLERANCE_A, (step, name, circuit_id, line)


def check_breakers(world: World, step: int) -> None:
    for name, building in world.buildings.items():
        may_a = {MAIN: building.main_a, **building.set_a}
        for circuit_id, load_a in world.loads_a(name).items():
            assert max(load_a) <= may_a[circuit_id] + TOLERANCE_A, (step, name, circuit_id)


@settings(max_examples=25, deadline=None, phases=WITHOUT_SHRINKING)
@given(SEEDS)
def test_no_breaker_is_overrun_whatever_is_lost_late_or_repeated(seed: int) -> None:
    chances = Chances(seed)
    world = world_of(chances)
    blackout = chances.pick([STEPS, *range(20, STEPS, 5)])
    for step in range(STEPS):
        now_s = START_S + step * STEP_S
        live(world, chances, now_s, balanced=not blackout <= step < blackout + 50)
        check_counted(world, step, now_s)
        check_breakers(world, step)
    assert world.planned_overload() == (0.0, None)


@settings(max_examples=40, deadline=None, phases=WITHOUT_SHRINKING)
@given(SEEDS)
def test_no_limit_is_planned_above_a_breaker_however_the_layout_changes(seed: int) -> None:
    chances = Chances(seed)
    world = world_of(chances)
    buildings = list(world.buildings.values())
    blackout = chances.pick([STEPS, *range(20, STEPS, 5)])
    for step in range(STEPS):
        now_s = START_S + step * STEP_S
        if chances.one_in(6):
            one, other = chances.shuffled(buildings)
            events = list(chances.pick(LAYOUT_STEPS)(one, other, chances, now_s))
            late_s, carried_s = (
                chances.pick([0.0, 0.0, 1.0, 3.0]),
                chances.pick([0.0, 5.0, 30.0]),
            )
            world.change(events, now_s, late_s, carried_s)
        live(world, chances, now_s, balanced=not blackout <= step < blackout + 50)
        check_counted(world, step, now_s)
    assert world.planned_overload() == (0.0, None)


def quiet_site(
    main_a: float,
    chargers: int,
    grid: GridType = GridType.TN_3_PHASE,
    *,
    one_phase: bool = False,
) -> World:
    building = Building("site", main_a, {"level": main_a}, {"level": MAIN}, grid)
    models = [
        Charger(f"ZAP{it:04}", clock_off_s=0.0, one_phase_car=one_phase)
        for it in range(chargers)
    ]
    world = World((building,), models)
    world.change(building.created(), START_S)
    for index, charger in enumerate(models):
        wiring = WIRINGS[index % 3]
        world.change(building.assign(f"bay-{index}", charger.serial, "level", wiring), START_S)
        world.change(building.wish(f"bay-{index}", 0.0), START_S)
    world.hear(START_S)
    world.gateway_hears(START_S)
    for charger in models:
        world.connect(charger, START_S)
        happen(world, charger, 0, START_S)
    return world


def quiet_second(world: World, now_s: float) -> list[float]:
    """Everything comes at once, and is confirmed; name what flows through the main breaker."""
    world.hear(now_s)
    world.on_the_way += [(now_s, *it) for it in world.decide("site", now_s)]
    world.deliver(now_s)
    world.confirm(lambda: "now", now_s)
    world.read_meters(now_s)
    return world.loads_a("site")[MAIN]


def test_a_quiet_site_comes_to_use_all_its_main_breaker() -> None:
    world = quiet_site(32.0, chargers=6)

    loads = [quiet_second(world, START_S + step)[0] for step in range(60)]

    assert max(loads) <= 32.0 + TOLERANCE_A
    assert min(loads[10:20]) >= 0.95 * 32.0
    charged = [it for it, a in world.announced.items() if any(x.limit_a > 0 for x in a.leases)]
    assert len(charged) == 6, "the queue did not rotate"
    assert world.planned_overload() == (0.0, None)


def test_one_phase_cars_of_an_it_grid_come_to_use_what_its_lines_carry_as_phasors() -> None:
    """Three balanced pairs of 18.4 A make 32 A on every line; as a sum of amperes 16 A would."""
    world = quiet_site(32.0, chargers=3, grid=GridType.IT_3_PHASE, one_phase=True)

    loads = [quiet_second(world, START_S + step) for step in range(60)]

    assert max(map(max, loads)) <= 32.0 + TOLERANCE_A
    assert min(loads[-1]) >= 0.99 * 32.0
    drawn_a = sum(it.worst_draw_a() for it in world.chargers.values())
    assert drawn_a == pytest.approx(3 * 32.0 / math.sqrt(3), abs=0.3)
    assert world.planned_overload() == (0.0, None)

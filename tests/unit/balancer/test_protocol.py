"""
The promise that no breaker trips, tried against an unfriendly world.

Chance is the same in every run, so that a failure is one of the code; `ampledger prove random` goes on
with other seeds for as long as one likes. Mistakes are made on purpose, to show that they are found.
"""

import math
from collections.abc import Callable
from itertools import islice

import pytest

from cli.proving.buildings import WIRINGS, Building
from cli.proving.chargers import Charger
from cli.proving.gateways import Gateway
from cli.proving.happenings import happen
from cli.proving.minds import Decided, Mind, remember
from cli.proving.moments import START_S
from cli.proving.trials import PromiseBroken, trials
from cli.proving.world import World
from services.balancer import commitments, hardware, ledger, planning
from shared.messages.balancer import MAIN
from shared.phases import GridType, PhaseCurrents
from shared.units import TOLERANCE_A

FIRST_SEED = 1


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 20))
def test_no_breaker_is_overrun_whatever_is_lost_late_or_repeated(seed: int) -> None:
    next(trials(seed, changing=False)).run()


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 30))
def test_no_limit_is_planned_above_a_breaker_however_the_layout_changes(seed: int) -> None:
    next(trials(seed, changing=True)).run()


# --- Mistakes, to show that they are found ---


def append_unread(world: World, mind: Mind, decided: Decided, now_s: float) -> Decided | None:
    """Append whatever a balancer has decided, whether or not it has read what others did."""
    world.log.extend((now_s, event) for event in decided.events)
    remember(world.announced, decided.events, now_s)
    remember(mind.announced, decided.events, now_s)
    return decided


def broken_within(trials_max: int) -> bool:
    for trial in islice(trials(FIRST_SEED, changing=False), trials_max):
        try:
            trial.run()
        except PromiseBroken:
            return True
    return False


def forget_that_clocks_are_off(patch: pytest.MonkeyPatch) -> None:
    for module in (commitments, ledger):
        patch.setattr(module, "CLOCK_SKEW_S", 0.0)
        patch.setattr(module, "OVER_AFTER_S", commitments.CAR_FOLLOW_S)


def forget_that_cars_take_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(commitments, "CAR_FOLLOW_S", 0.0)
    for module in (commitments, ledger):
        patch.setattr(module, "OVER_AFTER_S", commitments.CLOCK_SKEW_S)


def let_a_former_balancer_append(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(World, "announce", append_unread)


def send_whatever_comes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Gateway, "in_order", lambda _gateway, _command: True)


def end_a_limit_by_a_fail_safe(patch: pytest.MonkeyPatch) -> None:
    def alone(_gateway: Gateway, charger: Charger) -> None:
        charger.limit_a = charger.terminals = None

    patch.setattr(Gateway, "tell_held_again", alone)


def believe_watts(patch: pytest.MonkeyPatch) -> None:
    for module in (hardware, planning):
        patch.setattr(module, "counts_a", lambda _limit_a, _spread, _most_a: None)


@pytest.mark.parametrize(
    "make",
    [
        end_a_limit_by_a_fail_safe,
        believe_watts,
        forget_that_clocks_are_off,
        forget_that_cars_take_time,
        let_a_former_balancer_append,
        send_whatever_comes,
    ],
)
def test_a_mistake_is_found(
    make: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(monkeypatch)

    assert broken_within(40)


# --- A quiet site ---


def quiet_site(
    main_a: float,
    chargers: int,
    grid: GridType = GridType.TN_3_PHASE,
    *,
    one_phase: bool = False,
    fail_safe_a: float = 0.0,
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
        world.change(building.wish(f"bay-{index}", fail_safe_a), START_S)
    world.hear(START_S)
    world.gateway.hear(START_S)
    for charger in models:
        world.gateway.connect(charger, START_S)
        happen(world, charger, 0, START_S)
    return world


def quiet_second(world: World, now_s: float, lost: str | None = None) -> PhaseCurrents:
    """Everything comes at once, and is confirmed, but what is for a charger whose commands are lost; name
    what flows through the main breaker."""
    world.hear(now_s)
    decided = world.announce(world.mind, world.mind.decide("site", now_s), now_s)
    assert decided is not None
    come = [it for it in decided.commands if it.lease.charger_id != lost]
    world.gateway.on_the_way += [(now_s, it) for it in come]
    world.gateway.deliver(now_s)
    world.gateway.confirm(lambda: "now", now_s)
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


def test_one_phase_cars_come_to_use_every_line_whatever_their_chargers_fall_back_to() -> None:
    """What a charger falls back to is no reason to leave free, lease after lease, what its car does
    not use."""
    world = quiet_site(63.0, chargers=9, one_phase=True, fail_safe_a=6.0)

    loads = [quiet_second(world, START_S + step) for step in range(240)]

    assert sum(it.fail_safe_a for it in world.chargers.values()) >= 0.4 * 63.0
    assert max(map(max, loads)) <= 63.0 + TOLERANCE_A
    assert min(map(min, loads[30:])) >= 0.99 * 63.0
    assert world.planned_overload() == (0.0, None)


@pytest.mark.parametrize("times", [1, 10])
def test_another_car_may_come_a_minute_after_the_lease_of_one_that_used_one_phase(
    times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its charger hears nothing any more, and falls back. Whoever takes it for the same car for longer is
    found."""
    same_car_s = commitments.SAME_CAR_S
    for module in (commitments, ledger):
        monkeypatch.setattr(module, "SAME_CAR_S", times * same_car_s)
    world = quiet_site(32.0, chargers=3, one_phase=True, fail_safe_a=6.0)
    silent = world.chargers["ZAP0000"]

    loads = [quiet_second(world, START_S + step) for step in range(40)]
    changes_s = silent.valid_until_s + same_car_s - commitments.CLOCK_SKEW_S
    for now_s in (START_S + step for step in range(40, 240)):
        silent.one_phase_car = now_s < changes_s
        loads.append(quiet_second(world, now_s, lost="bay-0"))

    fits = max(map(max, loads)) <= 32.0 + TOLERANCE_A
    as_planned = world.planned_overload() == (0.0, None)
    assert (fits, as_planned) == ((True, True) if times == 1 else (False, False))


def test_one_phase_cars_of_an_it_grid_come_to_use_what_its_lines_carry_as_phasors() -> None:
    """Three balanced pairs of 18.4 A make 32 A on every line; as a sum of amperes 16 A would."""
    world = quiet_site(32.0, chargers=3, grid=GridType.IT_3_PHASE, one_phase=True)

    loads = [quiet_second(world, START_S + step) for step in range(60)]

    assert max(map(max, loads)) <= 32.0 + TOLERANCE_A
    assert min(loads[-1]) >= 0.99 * 32.0
    drawn_a = sum(it.worst_draw_a() for it in world.chargers.values())
    assert drawn_a == pytest.approx(3 * 32.0 / math.sqrt(3), abs=0.3)
    assert world.planned_overload() == (0.0, None)

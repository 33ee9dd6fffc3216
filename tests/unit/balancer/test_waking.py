"""Cars that fall asleep in a pause are woken, with as few interruptions as that takes."""

from dataclasses import dataclass, field, replace
from random import Random

import pytest

from cli.proving.buildings import Building
from cli.proving.chargers import Charger
from cli.proving.happenings import plug_in
from cli.proving.moments import START_S, moment
from cli.proving.world import World
from services.balancer.announced import (
    Announced,
    fold_announced,
)
from services.balancer.behaviour import (
    FINISHED_S,
    WAKE_S,
    WAKES_MAX,
    Behaviour,
    Offer,
    observe,
)
from services.balancer.commitments import CLOCK_SKEW_S
from services.balancer.reported import (
    fold_reported,
    offer_of,
)
from shared.messages.balancer import (
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    LimitedBy,
    Rule,
)
from shared.messages.installation import AvailableCurrentSet
from shared.messages.telemetry import CurrentLimitApplied, FailSafeApplied
from shared.phases import PHASES
from simulator.cars import CarModel, new_car
from tests.unit.balancer.test_behaviour import NOW_S, SITE

BIG = CarModel("big", 3, 32.0)
OFF_A, ON_A = 0.0, 16.0


# --- What readings tell ---


def readings(
    before: Behaviour, limit_a: float, drawn_a: float, from_s: float, for_s: float
) -> Behaviour:
    """A reading every second, under a limit that was confirmed well before."""
    behaviour, offer = before, Offer(limit_a, from_s - 10)
    for after_s in range(round(for_s) + 1):
        drawn = (drawn_a,) * 3
        now_s = from_s + after_s
        behaviour = observe(behaviour, SITE, "bay-1", "s", drawn, offer, now_s)
    return behaviour


def paused() -> Behaviour:
    """A car that has charged, and was told to stop for the sake of others."""
    charged = readings(Behaviour(session_id="s"), ON_A, ON_A, NOW_S, 30)
    return readings(charged, OFF_A, 0.0, NOW_S + 40, 60)


def test_a_car_that_draws_nothing_after_a_pause_is_woken_and_not_finished() -> None:
    at_s = NOW_S + 200
    soon = readings(paused(), ON_A, 0.0, at_s, FINISHED_S - 1)
    then = readings(paused(), ON_A, 0.0, at_s, FINISHED_S)

    assert not soon.waking(at_s + FINISHED_S - 1)
    assert then.waking(at_s + FINISHED_S)
    assert not then.waking(at_s + FINISHED_S + WAKE_S)
    assert not then.finished(at_s + FINISHED_S)


def test_each_further_try_takes_longer_and_then_it_has_finished() -> None:
    behaviour, now_s, offs_s = paused(), NOW_S + 200, []
    for _ in range(WAKES_MAX):
        behaviour = readings(behaviour, ON_A, 0.0, now_s, FINISHED_S)
        now_s += FINISHED_S
        assert behaviour.waking_until_s is not None
        offs_s.append(behaviour.waking_until_s - now_s)
        behaviour = readings(behaviour, OFF_A, 0.0, now_s, offs_s[-1])
        now_s += offs_s[-1]
    behaviour = readings(behaviour, ON_A, 0.0, now_s, FINISHED_S)

    assert offs_s == [WAKE_S, 2 * WAKE_S, 4 * WAKE_S]
    assert behaviour.finished(now_s + FINISHED_S)
    assert not behaviour.waking(now_s + FINISHED_S)
    again_s = now_s + 1000
    off = readings(behaviour, OFF_A, 0.0, now_s + 100, 60)
    asked_again = readings(off, ON_A, 0.0, again_s, 2 * FINISHED_S)
    assert asked_again.wakes == 0, "it was not we who stopped it"
    assert asked_again.finished(again_s + 2 * FINISHED_S)


def test_a_car_that_charges_again_is_left_alone_until_the_next_pause() -> None:
    awake = readings(paused(), ON_A, ON_A, NOW_S + 200, 60)
    full = readings(awake, ON_A, 0.0, NOW_S + 300, FINISHED_S)

    assert full.finished(NOW_S + 300 + FINISHED_S)
    assert full.wakes == 0


def test_a_car_that_was_never_paused_is_not_woken() -> None:
    behaviour = readings(Behaviour(session_id="s"), ON_A, 0.0, NOW_S, FINISHED_S)

    assert behaviour.finished(NOW_S + FINISHED_S)


def test_another_car_is_not_woken_for_what_the_last_one_did() -> None:
    behaviour = observe(
        replace(paused(), wakes=2), SITE, "bay-1", "t", (0.0, 0.0, 0.0), None, NOW_S + 200
    )

    assert (behaviour.paused, behaviour.wakes) == (False, 0)


def confirmed(limit_a: float, sequence: int, at_s: float, for_s: float) -> CurrentLimitApplied:
    return CurrentLimitApplied(
        installation_id="site",
        charger_id="bay-0",
        limit_a=limit_a,
        valid_until=moment(at_s + for_s),
        sequence=sequence,
        epoch=1,
        applied_at=moment(at_s),
    )


def test_a_limit_that_is_renewed_is_the_same_offer_until_it_runs_out() -> None:
    """Else a car whose lease is renewed every few seconds would never be known."""
    told, since_s = None, []
    for sequence, (limit_a, after_s) in enumerate(
        ((16.0, 0), (16.0, 10), (16.0, 20), (10.0, 25), (10.0, 70)), start=1
    ):
        event = confirmed(limit_a, sequence, START_S + after_s, for_s=30)
        told = fold_reported(told, event, moment(START_S + after_s))
        offer = offer_of(told, START_S + after_s)
        assert offer is not None
        assert offer.limit_a == limit_a
        since_s.append(offer.confirmed_at_s - START_S)

    assert since_s == [0, 0, 0, 25, 70]


def test_a_limit_that_has_run_out_is_offered_no_more() -> None:
    """Else a car at a charger that has fallen back to nothing is taken to have finished, and gets nothing
    again until it leaves."""
    nothing = FailSafeApplied(installation_id="here", charger_id="bay", fail_safe_a=0.0)
    told = fold_reported(None, nothing, moment(START_S))
    told = fold_reported(told, confirmed(14.0, 1, START_S, for_s=30), moment(START_S))

    assert offer_of(told, START_S + 30) == Offer(14.0, START_S)
    assert offer_of(told, START_S + 31) == Offer(0.0, START_S + 30 + CLOCK_SKEW_S)


# --- What is remembered of it ---


def allocated(limit_a: float, sequence: int, rule: Rule) -> CurrentLimitAllocated:
    return CurrentLimitAllocated(
        installation_id="site",
        charger_id="bay-0",
        limit_a=limit_a,
        phases=PHASES,
        valid_until=moment(START_S + 90),
        sequence=sequence,
        epoch=1,
        limited_by=LimitedBy(rule=rule),
    )


def test_a_car_that_is_woken_keeps_its_turn() -> None:
    told: Announced | None = None
    fields = set(Lease.model_fields)
    woken = allocated(0.0, 2, Rule.WAKING)
    again = Lease(**woken.model_dump(include=fields - {"sequence"}), sequence=3)
    renewed = LeasesRenewed(installation_id="site", epoch=1, leases=(again,))
    for after_s, event in enumerate((allocated(16.0, 1, Rule.BREAKER), woken, renewed)):
        told = fold_announced(told, "bay-0", event, moment(START_S + after_s))

    assert told is not None
    assert told.charging_since == moment(START_S)
    stopped = fold_announced(told, "bay-0", allocated(0.0, 4, Rule.QUEUE), moment(START_S + 9))
    assert stopped.charging_since is None


# --- All of it together ---


@dataclass
class Inhabited(Charger):
    """A charger with a car that has habits."""

    car: object = None
    seen_s: float = START_S
    offers_a: list[float] = field(default_factory=list)

    def offered_a(self, now_s: float) -> float:
        offered_a = super().offered_a(now_s)
        assert self.car is not None
        if now_s > self.seen_s and self.plugged:
            self.offers_a.append(offered_a)
            self.car.step(offered_a, 32.0, now_s - self.seen_s)  # type: ignore[attr-defined]
            self.seen_s = now_s
        return float(self.car.draw_a)  # type: ignore[attr-defined]


def inhabited(number: int, *, sleepy: bool) -> Inhabited:
    charger = Inhabited(f"ZAP{number:04}", clock_off_s=0.0, one_phase_car=False)
    charger.car = new_car(BIG, 3, 500.0, Random(number))  # noqa: S311  # a car's habits need no cryptography
    charger.car.sleepy = sleepy
    return charger


def live(world: World, from_s: float, for_s: int) -> None:
    for after_s in range(for_s):
        now_s = from_s + after_s
        world.hear(now_s)
        decided = world.announce(world.mind, world.mind.decide("site", now_s), now_s)
        assert decided is not None
        world.gateway.on_the_way += [(now_s, it) for it in decided.commands]
        world.gateway.deliver(now_s)
        world.gateway.confirm(lambda: "now", now_s)
        world.read_meters(now_s)


def after_a_pause(*cars: Inhabited, for_s: int) -> World:
    """Cars charge for a minute, are all stopped for another, and may charge again."""
    building = Building("site", 40.0, {"level": 40.0}, {"level": "main"})
    world = World((building,), cars)
    world.change(building.created(), START_S)
    for index, charger in enumerate(cars):
        bay = f"bay-{index}"
        world.change(building.assign(bay, charger.serial, "level", (*PHASES,)), START_S)
        world.change(building.wish(bay, 0.0), START_S)
    world.hear(START_S)
    world.gateway.hear(START_S)
    for charger in cars:
        world.gateway.connect(charger, START_S)
        plug_in(world, charger, START_S)
    live(world, START_S, 60)
    for available_a, at_s in (((0.0, 0.0, 0.0), START_S + 60), (None, START_S + 120)):
        available = AvailableCurrentSet(
            installation_id="site", available_a=available_a, until=None
        )
        world.change([available], at_s)
        live(world, at_s, 60 if available_a else for_s)
    return world


def test_a_car_that_sleeps_after_a_pause_ends_up_charging() -> None:
    sleeper, other = inhabited(1, sleepy=True), inhabited(2, sleepy=False)

    world = after_a_pause(sleeper, other, for_s=90)

    assert sleeper.car.draw_a > 10.0  # type: ignore[attr-defined]
    assert other.car.draw_a > 10.0  # type: ignore[attr-defined]
    assert world.planned_overload() == (0.0, None)
    woken = [
        event
        for _, event in world.log
        if isinstance(event, CurrentLimitAllocated) and event.limited_by.rule is Rule.WAKING
    ]
    assert [it.limit_a for it in woken] == [0.0], "once was enough"
    assert {it.charger_id for it in woken} == {"bay-0"}


@pytest.mark.parametrize("sleepy", [False, True])
def test_without_being_woken_only_a_sleepy_car_would_not_charge(sleepy: bool) -> None:
    charger = inhabited(1, sleepy=sleepy)

    after_a_pause(charger, for_s=int(FINISHED_S))

    assert (charger.car.draw_a > 0.0) is not sleepy  # type: ignore[attr-defined]

"""
Cars that do not obey: breakers hold all the same, once a reading could show it.

The reaction time is what has to pass until then: a reading comes (10 s as chargers are set up), the
balancer decides within a second, others confirm that they make room, and their cars follow (5 s).
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from cli.proving.buildings import WIRINGS, Building
from cli.proving.chargers import Charger
from cli.proving.happenings import happen
from cli.proving.moments import START_S
from cli.proving.world import World
from services.balancer.announced import (
    Announced,
)
from services.balancer.behaviour import METER_ERROR_A, OBEYS_S, STALE_S
from shared.messages.balancer import MAIN, LimitIgnored, LimitObeyed
from shared.units import CAR_FOLLOW_S, TOLERANCE_A

MAIN_A = 40.0
CONFIRMED_S = 2
"""How long a limit takes to be delivered and confirmed here, the decision included."""
SETTLED_S = 25


@dataclass
class Garage:
    """Cars behind one breaker that reads come of every so often; nothing is lost."""

    cars: int
    read_every_s: int = 10
    world: World = field(init=False)
    now_s: float = START_S
    worst_a: list[float] = field(default_factory=list)
    """The most that may flow on any line, second by second."""

    def __post_init__(self) -> None:
        building = Building("site", MAIN_A, {"level": MAIN_A}, {"level": MAIN})
        models = [Charger(f"ZAP{it:04}", 0.0, one_phase_car=False) for it in range(self.cars)]
        self.world = World((building,), models)
        self.world.change(building.created(), START_S)
        for index, charger in enumerate(models):
            bay = building.assign(f"bay-{index}", charger.serial, "level", WIRINGS[index % 3])
            self.world.change(bay, START_S)
            self.world.change(building.wish(f"bay-{index}", 0.0), START_S)
        self.world.hear(START_S)
        self.world.gateway.hear(START_S)
        for charger in models:
            self.world.gateway.connect(charger, START_S)
            happen(self.world, charger, 0, START_S)

    @property
    def rogue(self) -> Charger:
        return self.world.chargers["ZAP0000"]

    def live(self, seconds: int, *, read: bool = True) -> None:
        world = self.world
        for _ in range(seconds):
            world.hear(self.now_s)
            decided = world.announce(
                world.mind, world.mind.decide("site", self.now_s), self.now_s
            )
            assert decided is not None
            world.gateway.deliver(self.now_s)
            world.gateway.confirm(lambda: "now", self.now_s)
            world.gateway.on_the_way += [(self.now_s + 1, it) for it in decided.commands]
            reads = read and (self.now_s - START_S) % self.read_every_s == 0
            for charger in world.chargers.values():
                charger.draw(self.now_s)
                if reads:
                    world.mind.observe(charger, self.now_s)
            self.worst_a.append(max(world.loads_a("site")[MAIN]))
            self.now_s += 1

    def said(self, kind: type) -> list[object]:
        return [event for _, event in self.world.log if isinstance(event, kind)]


@settings(max_examples=40, deadline=None)
@for_any(
    cars=st.integers(2, 6),
    draws_a=st.floats(7.0, 32.0),
    read_every_s=st.sampled_from([1, 5, 10]),
    begins_s=st.integers(SETTLED_S, SETTLED_S + 15),
)
def test_breakers_hold_within_the_reaction_time_whatever_a_car_draws(
    cars: int, draws_a: float, read_every_s: int, begins_s: int
) -> None:
    garage = Garage(cars, read_every_s)
    garage.live(begins_s)
    garage.rogue.ignores_a = draws_a

    garage.live(60)

    reaction_s = read_every_s + CONFIRMED_S + CAR_FOLLOW_S
    after = garage.worst_a[begins_s + int(reaction_s) + 1 :]
    # What a meter may be wrong by is nobody's disobedience.
    assert max(after) <= MAIN_A + METER_ERROR_A + TOLERANCE_A


@pytest.mark.parametrize("forgets", [False, True])
def test_a_breaker_holds_while_nothing_is_read_any_more_of_a_car_that_does_not_obey(
    forgets: bool,  # one of two cases
) -> None:
    garage = Garage(4)
    garage.live(SETTLED_S)
    garage.rogue.ignores_a = 28.0
    garage.live(30)
    if forgets:
        garage.world.mind.forget()  # what readings taught is gone; what the log says is not

    garage.live(3 * int(STALE_S), read=False)

    assert max(garage.worst_a[-3 * int(STALE_S) :]) <= MAIN_A + TOLERANCE_A


def test_a_car_that_does_not_obey_is_said_so_once_and_once_that_it_does_again() -> None:
    garage = Garage(3)
    garage.live(SETTLED_S)
    garage.rogue.ignores_a = 25.0
    garage.live(60)
    garage.world.mind.forget()
    garage.live(60)

    [ignored] = garage.said(LimitIgnored)
    assert isinstance(ignored, LimitIgnored)
    assert (ignored.charger_id, ignored.measured_a) == ("bay-0", 25.0)
    assert garage.said(LimitObeyed) == []

    garage.rogue.ignores_a = None
    garage.live(int(OBEYS_S) + 40)

    assert [it.charger_id for it in garage.said(LimitObeyed)] == ["bay-0"]  # type: ignore[attr-defined]
    assert garage.world.announced.get("bay-0", Announced()).ignoring is None
    assert len(garage.said(LimitIgnored)) == 1
    assert garage.rogue.limit_a is not None
    assert garage.rogue.limit_a > 10.0, "it is given its share again"


def test_obedient_cars_are_never_said_to_disobey() -> None:
    garage = Garage(5)
    garage.live(200)

    assert garage.said(LimitIgnored) == []

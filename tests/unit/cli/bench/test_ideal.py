"""A garage in simulated time by the real decisions."""

from cli.bench.ideal import Car, Garage, garage_site
from services.balancer.facts import Timing
from shared.ids import ChargerId, SessionId

BEGIN_S = 1_700_000_000.0
BAYS = 8


def garage(cars: int) -> Garage:
    """A small garage with cars that charge for ever."""
    site = garage_site(BAYS, main_a=63.0, circuit_a=63.0, fail_safe_a=0.0)
    it = Garage(site, Timing(), BEGIN_S)
    for bay in range(cars):
        terminals = 1 if bay % 2 else 3
        car = Car(SessionId(f"session-{bay}"), BEGIN_S, needs_kwh=1e6, terminals=terminals)
        it.plug_in(ChargerId(f"bay-{bay}"), car)
    return it


def passed(it: Garage, seconds: int) -> list[bool]:
    """Let time pass, second by second; tells of everything announced whether it is a renewal."""
    renewals: list[bool] = []
    for _ in range(seconds):
        renewals += [announcement.renewal for announcement in it.decide().announcements]
        it.pass_(1.0)
        it.read()
    return renewals


def test_a_steady_garage_is_told_nothing_but_that_its_leases_go_on() -> None:
    steady = garage(cars=5)
    passed(steady, 120)

    told = passed(steady, 600)

    assert told
    assert all(told)


def test_a_car_that_comes_is_told_something_new() -> None:
    steady = garage(cars=5)
    passed(steady, 120)
    steady.plug_in(ChargerId("bay-6"), Car(SessionId("late"), steady.now_s, 1e6, terminals=3))

    assert not all(passed(steady, 10))


def test_a_car_takes_no_more_than_it_needs() -> None:
    it = garage(cars=0)
    car = Car(SessionId("session"), BEGIN_S, needs_kwh=0.1, terminals=3)
    it.plug_in(ChargerId("bay-0"), car)

    passed(it, 300)

    assert car.needs_kwh == 0

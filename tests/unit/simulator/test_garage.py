"""A whole building, stepped through time without a server: its chargers are offline."""

from collections import Counter
from typing import Any

import pytest

from simulator import requests
from simulator.cars import THREE_PHASE_16
from simulator.garage import JOLT_S_MAX, Garage
from simulator.payloads import timestamp
from simulator.scene import Scene
from simulator.sessions import Visit, load_sessions, visits
from tests.unit.simulator.central_system import limit_profile

NOW_S = 1_790_000_000.0
STEP_S = 0.1
HOUR_S = 3600.0


def scene(bays: int, breaker_a: float, **more: Any) -> Scene:
    chargers = [{"charger_id": f"bay-{i}", "serial": f"ZAP{i:06}"} for i in range(bays)]
    content = {"grid_type": "TN_3_PHASE", "breaker_a": breaker_a, "chargers": chargers}
    return Scene.model_validate(content | more)


def stay(bay: int, need_kwh: float = 50.0, until_s: float = 1e6, since_s: float = 0.0) -> Visit:
    return Visit(f"visit {bay} {since_s}", bay, since_s, until_s, need_kwh)


def accepted(garage: Garage, limit_a: float | None = None) -> Garage:
    """Have every charger accepted once, and limited, and then lose its server."""
    boot = {"status": "Accepted", "currentTime": timestamp(NOW_S), "interval": 0}
    for charger in garage.chargers:
        charger.on_booted(boot, NOW_S)
        if limit_a is not None:
            requests.answer(charger, "SetChargingProfile", limit_profile(limit_a), NOW_S)
    return garage


def live(garage: Garage, seconds: float) -> list[str]:
    tripped: list[str] = []
    begins_s = NOW_S + garage.tally.elapsed_s
    for i in range(round(seconds / STEP_S)):
        tripped += garage.step(begins_s + i * STEP_S, STEP_S)
    return tripped


def test_nobody_charges_at_a_charger_that_was_never_accepted() -> None:
    garage = Garage(scene(2, 63.0), [stay(0), stay(1)], 1.0)

    live(garage, 30.0)

    assert garage.tally.energy_kwh == 0.0
    assert not any(it.outbox.waiting for it in garage.chargers)


def test_without_limits_many_cars_trip_the_breaker_and_all_goes_dark() -> None:
    garage = accepted(Garage(scene(6, 32.0), [stay(i) for i in range(6)], 1.0))

    tripped = live(garage, 30.0)
    before_kwh = garage.tally.energy_kwh
    live(garage, 30.0)

    assert tripped == ["main"]
    assert garage.tally.breaker_trips == 1
    assert garage.tally.overload_as > 0.0
    assert garage.tally.energy_kwh == before_kwh > 0.0
    assert not any(it.powered for it in garage.chargers)


def test_a_circuits_breaker_takes_only_its_own_chargers_off_the_supply() -> None:
    building = scene(
        8,
        160.0,
        circuits=[
            {"circuit_id": "small", "breaker_a": 20},
            {"circuit_id": "large", "breaker_a": 125},
        ],
        chargers=[
            {
                "charger_id": f"bay-{i}",
                "serial": f"ZAP{i:06}",
                "circuit_id": "small" if i < 4 else "large",
            }
            for i in range(8)
        ],
    )
    garage = accepted(Garage(building, [stay(i) for i in range(8)], 1.0))

    assert live(garage, 30.0) == ["small"]
    assert [it.powered for it in garage.chargers] == [False] * 4 + [True] * 4
    assert garage.status()["breakers"][1]["measured_a"] == [0.0, 0.0, 0.0]


def test_under_limits_that_fit_nothing_is_overloaded() -> None:
    garage = Garage(scene(6, 48.0), [stay(i) for i in range(6)], 1.0, with_rogue=False)

    assert live(accepted(garage, 8.0), 60.0) == []
    assert garage.tally.all_overload_as == 0.0
    assert garage.tally.ratio_max <= 1.0
    assert garage.tally.first_limits_s is not None


def test_exactly_one_car_is_the_rogue_and_what_it_causes_in_time_stands_by_itself() -> None:
    garage = accepted(Garage(scene(6, 40.0), [stay(i) for i in range(6)], 1.0), 6.0)

    live(garage, 10.0)

    cars = [it.outlet.car for it in garage.chargers if it.outlet.car is not None]
    rogues = [car for car in cars if car.rogue]
    assert len(rogues) == 1
    assert rogues[0].model is THREE_PHASE_16
    assert rogues[0].draw_a > 15.0
    assert garage.tally.rogue_overload_as > 0.0
    assert garage.tally.overload_as == pytest.approx(0.0, abs=1e-6)


def test_what_a_rogue_causes_after_its_window_is_ordinary_overload() -> None:
    garage = accepted(Garage(scene(6, 45.0), [stay(i) for i in range(6)], 1.0), 6.0)

    live(garage, 60.0)

    assert garage.tally.overload_as > garage.tally.rogue_overload_as > 0.0


def test_the_register_counts_what_the_battery_got_in_the_drivers_day() -> None:
    garage = Garage(scene(1, 63.0), [stay(0, need_kwh=5.0)], speed=100.0, with_rogue=False)
    charger = accepted(garage).chargers[0]
    register_wh = charger.outlet.register_wh

    live(garage, 120.0)

    assert charger.outlet.car is not None
    assert charger.outlet.car.full
    assert charger.outlet.register_wh - register_wh == pytest.approx(5000.0, abs=0.01)
    assert garage.tally.energy_kwh == pytest.approx(5.0)
    assert charger.status == "SuspendedEV"


def test_a_long_pause_of_the_machine_is_made_up_for() -> None:
    smooth = accepted(Garage(scene(1, 63.0), [stay(0)], 10.0, with_rogue=False))
    halting = accepted(Garage(scene(1, 63.0), [stay(0)], 10.0, with_rogue=False))

    live(smooth, 20.0)
    live(halting, 10.0)
    halting.step(NOW_S + 10.0, 10.0)

    assert halting.tally.energy_kwh == pytest.approx(smooth.tally.energy_kwh, rel=0.01)


def test_drivers_come_and_leave_by_their_own_clock() -> None:
    coming = [stay(0, until_s=HOUR_S), stay(0, since_s=1.5 * HOUR_S, until_s=2 * HOUR_S)]
    garage = accepted(Garage(scene(1, 63.0), coming, speed=600.0, with_rogue=False))
    seen = []

    for _ in range(14):
        live(garage, 1.0)
        status = garage.status()
        seen.append((status["cars_plugged"], status["sessions_finished"]))

    assert list(dict.fromkeys(seen)) == [(1, 0), (0, 1), (1, 1), (0, 2)]
    assert garage.tally.cars_seen == 2


def test_the_transactions_of_a_day_add_up_to_the_energy_delivered() -> None:
    day = [it for it in visits(load_sessions(), 5) if it.leaves_s < 12 * HOUR_S]
    garage = accepted(Garage(scene(5, 160.0), day, speed=3600.0, with_rogue=False))

    live(garage, 13.0)

    told: Counter[str] = Counter()
    for charger in garage.chargers:
        for message in charger.outbox.waiting:
            if message.action == "StartTransaction":
                told["start_wh"] += message.payload["meterStart"]
                told["starts"] += 1
            elif message.action == "StopTransaction":
                told["stop_wh"] += message.payload["meterStop"]
                told["stops"] += 1
    assert told["starts"] == told["stops"] == len(day) == garage.tally.sessions_finished
    energy_kwh = (told["stop_wh"] - told["start_wh"]) / 1000
    assert energy_kwh == pytest.approx(garage.tally.energy_kwh, abs=0.001 * len(day))


def test_used_capacity_is_the_share_of_what_enough_cars_could_have_had() -> None:
    garage = Garage(scene(8, 48.0), [stay(i) for i in range(8)], 1.0, with_rogue=False)

    live(accepted(garage, 6.0), 60.0)

    used = garage.tally.used_share
    main_a = garage.status()["breakers"][0]["measured_a"]
    assert garage.tally.counted_s > 30.0
    assert used == pytest.approx(sum(main_a) / (3 * 48.0), rel=0.05)


def test_the_same_seed_gives_the_same_world() -> None:
    def world() -> Garage:
        garage = accepted(Garage(scene(12, 63.0), visits(load_sessions(), 12), 10.0), 6.0)
        live(garage, 20.0)
        return garage

    assert world().status() == world().status()


def test_clocks_of_chargers_jump_each_on_its_own_and_no_further_than_they_may_be_off() -> None:
    garage = accepted(Garage(scene(4, 63.0), [], 1.0))
    assert {it.registration.clock_error_s for it in garage.chargers} == {0.0}

    garage.jolt_clocks()

    jumped_s = [it.registration.clock_error_s for it in garage.chargers]
    assert len(set(jumped_s)) == len(jumped_s)
    assert all(abs(it) <= JOLT_S_MAX for it in jumped_s)

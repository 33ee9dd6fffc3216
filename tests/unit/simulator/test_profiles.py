"""Which limit is in force: by stack level, validity and the charger's own clock."""

# ruff: noqa: S311  # simulated hardware needs no cryptography

from random import Random
from typing import Any

import pytest

from shared.phases import GridType
from simulator import requests
from simulator.cars import THREE_PHASE_16, CarModel, new_car
from simulator.charger import Charger
from simulator.outlet import Outlet
from simulator.payloads import CallRefused, timestamp
from simulator.profiles import NEVER, InForce, Profiles, Rejected, parse_profile
from tests.unit.simulator.central_system import limit_profile

NOW_S = 1_790_000_000.0
MAX_A = 32.0


def a_charger() -> Charger:
    charger = Charger("ZAP000001", Outlet(MAX_A, GridType.TN_3_PHASE, 3), Random(1))
    charger.registration.clock_error_s = 0.0
    return charger


def install(charger: Charger, limit_a: float, level: int = 0, **more: Any) -> Any:
    payload = limit_profile(limit_a, level, **more)
    return requests.answer(charger, "SetChargingProfile", payload, NOW_S)["status"]


def limit_at(charger: Charger, after_s: float) -> float:
    charger.step(NOW_S + after_s, 0.0, 1.0)
    return charger.outlet.limit_a


def test_with_no_profile_a_charger_offers_all_it_has() -> None:
    charger = a_charger()

    assert limit_at(charger, 0) == MAX_A
    assert not charger.outlet.limited


def test_the_highest_stack_level_rules() -> None:
    charger = a_charger()

    statuses = [install(charger, a, level) for a, level in ((6.0, 0), (16.0, 5), (10.0, 3))]

    assert statuses == ["Accepted"] * 3
    assert limit_at(charger, 0) == 16.0


def test_when_a_limit_expires_the_fail_safe_below_takes_over_at_that_moment() -> None:
    charger = a_charger()
    install(charger, 6.0, 0)
    install(charger, 20.0, 1, validTo=timestamp(NOW_S + 30))

    limits_a = [limit_at(charger, after_s) for after_s in (0, 29.9, 30.0, 1000)]

    assert limits_a == [20.0, 20.0, 6.0, 6.0]
    assert [a for _, a in charger.outlet.limits] == [20.0, 6.0]


def test_a_limit_renewed_on_the_same_level_replaces_the_former_one() -> None:
    charger = a_charger()
    install(charger, 20.0, 1, validTo=timestamp(NOW_S + 30))
    install(charger, 12.0, 1, validTo=timestamp(NOW_S + 60))

    assert [limit_at(charger, after_s) for after_s in (0, 45, 61)] == [12.0, 12.0, MAX_A]


def test_a_profile_is_not_in_force_before_it_is_valid() -> None:
    charger = a_charger()
    install(charger, 8.0, validFrom=timestamp(NOW_S + 10))

    assert [limit_at(charger, after_s) for after_s in (0, 9.9, 10)] == [MAX_A, MAX_A, 8.0]


def test_expiry_goes_by_the_chargers_own_clock() -> None:
    charger = a_charger()
    install(charger, 6.0, 0)
    install(charger, 20.0, 1, validTo=timestamp(NOW_S + 30))
    charger.registration.clock_error_s = 25.0

    assert limit_at(charger, 6) == 6.0


def test_a_corrected_clock_changes_what_is_in_force() -> None:
    charger = a_charger()
    charger.registration.clock_error_s = -100.0
    install(charger, 20.0, 1, validTo=timestamp(NOW_S + 30))
    assert limit_at(charger, 60) == 20.0

    charger.set_clock({"currentTime": timestamp(NOW_S + 60)}, NOW_S + 60)

    assert limit_at(charger, 60) == MAX_A


def test_a_limit_never_exceeds_what_the_charger_has() -> None:
    charger = a_charger()
    install(charger, 63.0)

    assert limit_at(charger, 0) == MAX_A


def test_profiles_survive_a_lost_connection_and_a_lost_supply() -> None:
    charger = a_charger()
    install(charger, 9.0)
    register_wh = charger.outlet.register_wh
    charger.configuration.change("MeterValueSampleInterval", "2")

    charger.on_disconnected()
    charger.power_off()
    charger.power_on(NOW_S)

    assert limit_at(charger, 1) == 9.0
    assert charger.outlet.register_wh == register_wh
    assert charger.configuration.seconds("MeterValueSampleInterval") == 2


@pytest.mark.parametrize(
    ("criteria", "status", "left_a"),
    [
        ({}, "Accepted", MAX_A),
        ({"id": 2}, "Accepted", 6.0),
        ({"stackLevel": 1}, "Accepted", 6.0),
        ({"stackLevel": 7}, "Unknown", 16.0),
        ({"id": 99}, "Unknown", 16.0),
        ({"chargingProfilePurpose": "TxProfile"}, "Unknown", 16.0),
    ],
)
def test_profiles_are_cleared_by_what_they_match(
    criteria: dict[str, Any], status: str, left_a: float
) -> None:
    charger = a_charger()
    install(charger, 6.0, 0)
    install(charger, 16.0, 1)

    answer = requests.answer(charger, "ClearChargingProfile", criteria, NOW_S)

    assert answer == {"status": status}
    assert limit_at(charger, 0) == left_a


def schedule(**more: Any) -> dict[str, Any]:
    profile: dict[str, Any] = limit_profile(10.0)["csChargingProfiles"]
    profile["chargingSchedule"] |= more
    return profile


@pytest.mark.parametrize(
    "profile",
    [
        schedule(chargingRateUnit="W"),
        limit_profile(10.0, chargingProfilePurpose="TxProfile")["csChargingProfiles"],
        limit_profile(10.0, chargingProfileKind="Recurring")["csChargingProfiles"],
        limit_profile(10.0, level=43)["csChargingProfiles"],
    ],
)
def test_what_the_charger_does_not_know_is_rejected(profile: dict[str, Any]) -> None:
    charger = a_charger()
    asked = {"connectorId": 1, "csChargingProfiles": profile}

    assert requests.answer(charger, "SetChargingProfile", asked, NOW_S) == {
        "status": "Rejected"
    }
    assert limit_at(charger, 0) == MAX_A
    with pytest.raises(Rejected):
        parse_profile(profile, NOW_S)


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        (schedule(chargingSchedulePeriod=[]), "OccurenceConstraintViolation"),
        (schedule(chargingSchedulePeriod=[{"startPeriod": 0}]), "OccurenceConstraintViolation"),
        (
            schedule(chargingSchedulePeriod=[{"startPeriod": 0, "limit": "16"}]),
            "TypeConstraintViolation",
        ),
        (
            schedule(chargingSchedulePeriod=[{"startPeriod": 0, "limit": -1.0}]),
            "PropertyConstraintViolation",
        ),
        (
            limit_profile(6.0, validTo="soon")["csChargingProfiles"],
            "PropertyConstraintViolation",
        ),
    ],
)
def test_a_malformed_profile_is_answered_with_an_error(
    profile: dict[str, Any], code: str
) -> None:
    with pytest.raises(CallRefused) as refused:
        parse_profile(profile, NOW_S)

    assert refused.value.code == code


def test_a_schedule_of_several_periods_is_followed_and_ends() -> None:
    profiles = Profiles()
    periods = [{"startPeriod": 0, "limit": 10.0}, {"startPeriod": 60, "limit": 20.0}]
    begins = timestamp(NOW_S)
    profile = schedule(chargingSchedulePeriod=periods, duration=100, startSchedule=begins)
    profiles.put(parse_profile(profile, NOW_S), NOW_S)

    assert profiles.in_force(NOW_S - 1) == InForce(None, NOW_S)
    assert profiles.in_force(NOW_S) == InForce(10.0, NOW_S + 60)
    assert profiles.in_force(NOW_S + 60) == InForce(20.0, NOW_S + 100)
    assert profiles.in_force(NOW_S + 100) == InForce(None, NEVER)


def test_the_composite_schedule_tells_what_will_be_in_force() -> None:
    charger = a_charger()
    install(charger, 6.0, 0)
    install(charger, 20.0, 1, validTo=timestamp(NOW_S + 30))
    asked = {"connectorId": 1, "duration": 60}

    answer = requests.answer(charger, "GetCompositeSchedule", asked, NOW_S)

    assert answer["chargingSchedule"]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 20.0},
        {"startPeriod": 30, "limit": 6.0},
    ]


# --- One phase or three ---


def install_phases(charger: Charger, limit_a: float, phases: int, **more: Any) -> str:
    payload = limit_profile(limit_a, 1, **more)
    (period,) = payload["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
    period["numberPhases"] = phases
    return str(requests.answer(charger, "SetChargingProfile", payload, NOW_S)["status"])


def switchable(car: CarModel = THREE_PHASE_16) -> Charger:
    outlet = Outlet(MAX_A, GridType.TN_3_PHASE, 3, switching=True)
    charger = Charger("ZAP000001", outlet, Random(1))
    charger.registration.clock_error_s = 0.0
    outlet.plug(new_car(car, 3, 50.0, Random(1)))
    outlet.closed = True
    return charger


def drawn(charger: Charger, from_s: float, to_s: float) -> list[tuple[float, ...]]:
    """What flows at the terminals, second by second."""
    seen = []
    for second in range(int(from_s), int(to_s)):
        at_s = NOW_S + second
        charger.outlet.step(at_s, at_s, 1.0, 1.0)
        seen.append(charger.outlet.terminals_a)
    return seen


def test_a_charger_that_switches_pauses_its_car_and_goes_on_with_one_phase() -> None:
    charger = switchable()
    install_phases(charger, 10.0, 3)
    before = drawn(charger, 0, 10)

    assert install_phases(charger, 16.0, 1) == "Accepted"
    after = drawn(charger, 10, 20)

    assert min(before[-1]) > 9.0
    assert after[0] == after[1] == (0.0, 0.0, 0.0)
    assert after[-1][0] > 15.0
    assert {it[1:] for it in after} == {(0.0, 0.0)}
    assert charger.outlet.switches == 1


def test_its_fail_safe_closes_all_phases_again() -> None:
    charger = switchable()
    install(charger, 6.0, 0)
    install_phases(charger, 16.0, 1, validTo=timestamp(NOW_S + 30))
    on_one = drawn(charger, 0, 30)

    on_three = drawn(charger, 30, 45)

    assert on_one[-1][1] == 0.0
    assert min(on_three[-1]) > 5.0
    assert charger.outlet.switches == 2


def test_a_charger_that_cannot_switch_closes_all_phases_whatever_it_is_told() -> None:
    charger = switchable()
    charger.outlet.switching = False
    install_phases(charger, 10.0, 1)

    assert min(drawn(charger, 0, 10)[-1]) > 9.0
    assert charger.outlet.switches == 0


@pytest.mark.parametrize("phases", [0, 4])
def test_there_are_one_to_three_phases(phases: int) -> None:
    with pytest.raises(CallRefused):
        install_phases(switchable(), 10.0, phases)

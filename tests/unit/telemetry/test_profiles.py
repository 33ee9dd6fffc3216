"""Charging profiles: a fail-safe without an end beneath, a limit with an end on top."""

from datetime import UTC, datetime

import pytest

from services.telemetry.ocpp16 import OCPP_16, profiles

UNTIL = datetime(2026, 11, 22, 8, 2, tzinfo=UTC)


def test_the_fail_safe_lies_at_the_bottom_and_never_ends() -> None:
    payload = profiles.fail_safe(6.0)

    profile = payload["csChargingProfiles"]
    assert payload["connectorId"] == 0
    assert (profile["chargingProfileId"], profile["stackLevel"]) == (1, 0)
    assert (profile["chargingProfilePurpose"], profile["chargingProfileKind"]) == (
        "TxDefaultProfile",
        "Absolute",
    )
    assert "validTo" not in profile
    assert "duration" not in profile["chargingSchedule"]
    assert profile["chargingSchedule"]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 6.0, "numberPhases": 3}
    ]


def test_a_limit_lies_on_top_until_its_lease_ends() -> None:
    profile = profiles.limit(16.0, UNTIL)["csChargingProfiles"]

    assert (profile["chargingProfileId"], profile["stackLevel"]) == (2, 1)
    assert profile["validTo"] == "2026-11-22T08:02:00.000Z"
    assert profile["chargingSchedule"]["chargingRateUnit"] == "A"


@pytest.mark.parametrize(("terminals", "phases"), [(None, 3), ((1, 2, 3), 3), ((1,), 1)])
def test_a_limit_says_how_many_phases_to_use(
    terminals: tuple[int, ...] | None, phases: int
) -> None:
    payload = profiles.limit(16.0, UNTIL, terminals)

    (period,) = payload["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
    assert period["numberPhases"] == phases
    assert OCPP_16.violation_of_request("SetChargingProfile", payload) is None


def test_no_clock_is_so_late_that_a_profile_has_not_begun() -> None:
    for payload in (profiles.fail_safe(6.0), profiles.limit(16.0, UNTIL)):
        profile = payload["csChargingProfiles"]
        start = datetime.fromisoformat(profile["chargingSchedule"]["startSchedule"])
        assert start.timestamp() == 0
        assert "validFrom" not in profile


@pytest.mark.parametrize(
    ("limit_a", "sent_a"), [(16.0, 16.0), (16.07, 16.0), (16.19999, 16.1), (5.9, 0.0), (0, 0)]
)
def test_amperes_are_sent_with_one_decimal_rounded_down(limit_a: float, sent_a: float) -> None:
    profile = profiles.limit(limit_a, UNTIL)["csChargingProfiles"]

    assert profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == sent_a


def test_what_is_sent_is_what_the_standard_has() -> None:
    for tenths in (0, *range(60, 800)):
        limit = profiles.limit(tenths / 10, UNTIL)
        assert OCPP_16.violation_of_request("SetChargingProfile", limit) is None
    assert OCPP_16.violation_of_request("SetChargingProfile", profiles.fail_safe(6.0)) is None
    assert OCPP_16.violation_of_request("ClearChargingProfile", profiles.no_limit()) is None


def test_only_the_limit_is_cleared_never_the_fail_safe() -> None:
    limit = profiles.limit(16.0, UNTIL)["csChargingProfiles"]

    assert profiles.no_limit() == {"id": limit["chargingProfileId"]}

"""Payloads are checked against OCPP 1.6's own schemas; the text names the field, never its value."""

from typing import Any

import pytest

from services.telemetry.frames import Code
from services.telemetry.ocpp16.dialect import SCHEMAS

CARD = "04A1B2C3D4E5F60718293"


def meter_values(value: dict[str, Any]) -> dict[str, Any]:
    taken = {"timestamp": "2026-11-22T08:00:00Z", "sampledValue": [value]}
    return {"connectorId": 1, "meterValue": [taken]}


def test_a_request_as_the_standard_has_it_passes() -> None:
    assert SCHEMAS.violation_of_request("MeterValues", meter_values({"value": "1"})) is None
    assert SCHEMAS.violation_of_request("Heartbeat", {}) is None


@pytest.mark.parametrize(
    ("action", "payload", "code", "text"),
    [
        (
            "BootNotification",
            {"chargePointVendor": "v"},
            Code.OCCURENCE,
            "chargePointModel: is missing",
        ),
        (
            "MeterValues",
            {"connectorId": 1, "meterValue": []},
            Code.OCCURENCE,
            "meterValue: must have at least 1 element(s)",
        ),
        ("Authorize", {"idTag": 17}, Code.TYPE, "idTag: must be of type string"),
        (
            "MeterValues",
            meter_values({"value": 1}),
            Code.TYPE,
            "meterValue[0].sampledValue[0].value: must be of type string",
        ),
        (
            "MeterValues",
            meter_values({"value": "50", "unit": "Hz"}),
            Code.PROPERTY,
            "meterValue[0].sampledValue[0].unit: is none of the values that OCPP lists",
        ),
        ("Authorize", {"idTag": CARD}, Code.PROPERTY, "idTag: is longer than 20 characters"),
        ("Heartbeat", {"a": 1}, Code.FORMATION, "a: is not a field of this message"),
    ],
)
def test_a_violation_has_the_standard_s_code_and_names_the_field(
    action: str, payload: dict[str, Any], code: Code, text: str
) -> None:
    violation = SCHEMAS.violation_of_request(action, payload)

    assert violation is not None
    assert (violation.code, violation.text) == (code, text)


def test_a_time_without_a_zone_passes() -> None:
    payload = {
        "connectorId": 1,
        "idTag": "x",
        "meterStart": 0,
        "timestamp": "2026-11-22T08:00:00",
    }

    assert SCHEMAS.violation_of_request("StartTransaction", payload) is None


def test_answers_are_checked_too() -> None:
    assert SCHEMAS.violation_of_answer("SetChargingProfile", {"status": "Accepted"}) is None
    assert SCHEMAS.violation_of_answer("SetChargingProfile", {"status": "accepted"}) is not None


def test_every_action_of_ocpp_16_is_known_and_nothing_else() -> None:
    assert {"BootNotification", "SetChargingProfile", "SignCertificate"} <= SCHEMAS.actions
    assert "Heartbeats" not in SCHEMAS.actions
    assert "HeartbeatResponse" not in SCHEMAS.actions

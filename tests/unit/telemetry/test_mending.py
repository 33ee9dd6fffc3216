"""Known ways of breaking the schemas of OCPP are mended where what is meant is certain; no others are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.mending import Mended, field_of, mended
from services.telemetry.ocpp16 import OCPP_16

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


def mend(action: str, payload: dict[str, Any]) -> Mended | None:
    return mended(payload, lambda it: OCPP_16.violation_of_request(action, it))


def meter_values(*values: dict[str, Any], **more: Any) -> dict[str, Any]:
    taken = {"timestamp": "2026-11-22T08:00:00Z", "sampledValue": list(values)}
    return {"connectorId": 1, "meterValue": [taken]} | more


def sampled(payload: dict[str, Any]) -> Any:
    return payload["meterValue"][0]["sampledValue"]


BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
START = {
    "connectorId": 1,
    "idTag": "04A1",
    "meterStart": 0,
    "timestamp": "2026-11-22T08:00:00Z",
}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
AMPERES = {"value": "10", "measurand": "Current.Import", "phase": "L1"}


@pytest.mark.parametrize(
    ("action", "broken", "meant"),
    [
        (
            "BootNotification",
            BOOT | {"chargePointSerialNumber": "x" * 30},
            BOOT | {"chargePointSerialNumber": "x" * 25},
        ),
        ("BootNotification", BOOT | {"iccid": None, "imsi": None}, BOOT),
        ("Heartbeat", {"at": "now", "x": 1}, {}),
        ("StartTransaction", START | {"connectorId": "1"}, START),
        ("StartTransaction", START | {"meterStart": 12.5}, START | {"meterStart": 12}),
        (
            "StatusNotification",
            STATUS | {"errorCode": "Warning"},
            STATUS | {"errorCode": "OtherError"},
        ),
        ("StatusNotification", {"connectorId": 1, "status": "Available"}, STATUS),
        ("MeterValues", meter_values(AMPERES | {"value": 10}), meter_values(AMPERES)),
        (
            "MeterValues",
            meter_values(AMPERES | {"unit": "Amp", "context": "Whenever"}),
            meter_values(AMPERES | {"unit": "A"}),
        ),
        (
            "MeterValues",
            meter_values(AMPERES, {"value": "50", "measurand": "Frequency", "unit": "Hz"}),
            meter_values(AMPERES),
        ),
        (
            "MeterValues",
            meter_values({"value": "1", "measurand": "Noise"}, AMPERES),
            meter_values(AMPERES),
        ),
    ],
)
def test_what_is_meant_for_certain_is_taken(
    action: str, broken: dict[str, Any], meant: dict[str, Any]
) -> None:
    found = mend(action, broken)

    assert found is not None
    assert found.payload == meant
    assert found.faults


@pytest.mark.parametrize(
    ("action", "broken"),
    [
        ("Authorize", {"idTag": "04A1B2C3D4E5F60718293"}),
        ("Authorize", {"idTag": 17}),
        ("StartTransaction", START | {"connectorId": "one"}),
        ("StartTransaction", START | {"meterStart": None}),
        ("StartTransaction", {"connectorId": 1, "idTag": "04A1", "meterStart": 0}),
        ("StatusNotification", STATUS | {"status": "Sleeping"}),
        ("MeterValues", {"connectorId": 1, "meterValue": []}),
        ("MeterValues", meter_values({"value": "1", "measurand": "Noise"})),
        ("BootNotification", {"chargePointVendor": 12345}),
        ("BootNotification", BOOT | {"chargePointModel": True}),
        ("Heartbeat", {f"field {number}": 1 for number in range(100)}),
    ],
)
def test_what_is_not_certain_is_not_taken(action: str, broken: dict[str, Any]) -> None:
    assert mend(action, broken) is None


def test_one_of_several_meter_values_that_says_nothing_is_left_out() -> None:
    payload = meter_values(AMPERES)
    payload["meterValue"].append({"timestamp": "2026-11-22T08:00:10Z", "sampledValue": []})

    found = mend("MeterValues", payload)

    assert found is not None
    assert found.payload == meter_values(AMPERES)
    assert [field_of(it.path) for it in found.faults] == ["meterValue[].sampledValue"]
    assert len(payload["meterValue"]) == 2  # what came is as it came


REQUESTS = st.sampled_from(
    ("Authorize", "BootNotification", "MeterValues", "StartTransaction", "StatusNotification")
)
FIELDS = st.dictionaries(st.sampled_from(["connectorId", "meterValue", "x"]), JSON)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=5), REQUESTS)
def test_whatever_comes_is_mended_into_what_fits_or_not_at_all(
    payload: dict[str, Any], action: str
) -> None:
    found = mend(action, payload)

    assert found is None or OCPP_16.violation_of_request(action, found.payload) is None


@given(FIELDS, st.lists(JSON))
def test_meter_values_of_any_shape_are_mended_into_what_fits_or_not_at_all(
    fields: dict[str, Any], values: list[Any]
) -> None:
    payload = meter_values(AMPERES, *values) | fields

    found = mend("MeterValues", payload)

    assert found is None or OCPP_16.violation_of_request("MeterValues", found.payload) is None

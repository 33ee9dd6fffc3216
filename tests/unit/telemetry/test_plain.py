"""Readings that are dealt with at once say what they would say on the long way, and none other passes."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry import frames
from services.telemetry.ocpp2.dialect import OCPP_201
from services.telemetry.ocpp16.dialect import OCPP_16, SCHEMAS
from services.telemetry.ocpp16.plain import type_of
from services.telemetry.payloads import CallRefused
from services.telemetry.said import Metered

SAMPLED = SCHEMAS.of_request("MeterValues")["properties"]["meterValue"]["items"]["properties"][
    "sampledValue"
]["items"]["properties"]


def field(name: str) -> st.SearchStrategy[Any]:
    """Mostly what the schema allows, and now and then what it does not."""
    right = (
        st.sampled_from(SAMPLED[name]["enum"])
        if "enum" in SAMPLED[name]
        else st.sampled_from(["16.0", "1e3", " 5", "NaN", "-1", "1_0", "", "x", "1e999"])
    )
    return right | right | right | st.sampled_from([None, 16, "L9", True, ["L1"]])


@st.composite
def sampled(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(SAMPLED)), unique=True))
    if draw(st.integers(0, 9)):
        names = [*dict.fromkeys(["value", *names])]
    return {it: draw(field(it)) for it in names}


MOMENTS = st.sampled_from(
    ["2026-11-22T08:00:00Z", "2026-11-22T08:00:00", "2026-11-22T09:00:00.5+01:00", "soon", ""]
)
PAYLOADS = st.fixed_dictionaries(
    {
        "connectorId": st.sampled_from([0, 1, 2, 2**70, -1, 1.0, 1.5, "1", None, True]),
        "meterValue": st.lists(
            st.fixed_dictionaries(
                {"timestamp": MOMENTS, "sampledValue": st.lists(sampled(), max_size=4)}
            ),
            max_size=2,
        ),
    },
    optional={
        "transactionId": st.sampled_from([1, 7, 0, -1, 1.0, None, "1"]),
        "vendor": st.just(1),
    },
)
IDS = st.sampled_from(["1", "a" * 36, "a" * 37, "", 1, None])


def the_long_way(data: bytes) -> tuple[str, Metered] | None:
    call = frames.parse(data)
    if not isinstance(call, frames.Call) or call.action != "MeterValues":
        return None
    if OCPP_16.violation_of_request(call.action, call.payload) is not None:
        return None
    try:
        heard = OCPP_16.hear(call.action, call.payload)
    except CallRefused:
        return None
    assert heard is not None
    [said] = heard
    assert isinstance(said, Metered)
    return call.message_id, said


@given(st.sampled_from([2, 2, 2, 3, 2.0, True]), IDS, PAYLOADS)
def test_what_passes_says_the_same_as_on_the_long_way(
    kind: int, message_id: Any, payload: dict[str, Any]
) -> None:
    data = json.dumps([kind, message_id, "MeterValues", payload]).encode()
    read, long = OCPP_16.plain_readings(data), the_long_way(data)
    if read is not None:
        assert repr(read) == repr(long)  # not a number is unlike itself
    elif long is not None:  # it is right, and yet not plain
        assert long[1].signed or 1.0 in {
            payload.get(it) for it in ("connectorId", "transactionId")
        }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[2",
        b'[2,"1","MeterValues"]',
        b'[2,"1","MeterValues",{}]',
        b'[2,"1","MeterValues",{},1]',
        b'[2,"1","Heartbeat",{"MeterValues":1}]',
        b'[3,"1",{"MeterValues":1}]',
        b'[2,"1","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-11-22T08:00:00Z","sampledValue":[{"value":"\xff"}]}]}]',
    ],
)
def test_everything_else_goes_the_long_way(data: bytes) -> None:
    assert OCPP_16.plain_readings(data) is None
    assert OCPP_201.plain_readings(data) is None


def test_readings_of_2x_pass_unless_they_are_signed() -> None:
    value: dict[str, Any] = {"value": 16.0, "measurand": "Current.Import", "phase": "L1"}
    payload = {
        "evseId": 1,
        "meterValue": [{"timestamp": "2026-11-22T08:00:00Z", "sampledValue": [value]}],
    }
    read = OCPP_201.plain_readings(orjson.dumps([2, "1", "MeterValues", payload]))
    assert read is not None
    assert read[1].samples[0].current.terminals == (16.0, None, None)

    value["signedMeterValue"] = {
        "signedMeterData": "x",
        "signingMethod": "",
        "encodingMethod": "",
        "publicKey": "",
    }
    assert OCPP_201.plain_readings(orjson.dumps([2, "1", "MeterValues", payload])) is None


def test_a_schema_that_says_more_than_is_known_is_no_type() -> None:
    with pytest.raises(ValueError, match="maxLength"):
        type_of({"type": "string", "maxLength": 20})

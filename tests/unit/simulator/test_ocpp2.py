"""A simulated charger that speaks OCPP 2.x: profiles by purposes, variables, transactions by events."""

from random import Random
from typing import Any

import pytest

from shared.phases import GridType
from simulator.charger import Charger
from simulator.ocpp2 import Tongue2
from simulator.ocpp2.profiles import Layers
from simulator.ocpp2.tongue import OCPP_21, OCPP_201
from simulator.outbox import Message
from simulator.outlet import Outlet
from simulator.payloads import CallRefused, Payload, timestamp
from simulator.profiles import Rejected

NOW_S = 1_800_000_000.0
STATION, DEFAULT = "ChargingStationMaxProfile", "TxDefaultProfile"


def profile(number: int, purpose: str, limit_a: float, level: int = 0, **more: Any) -> Payload:
    period = {"startPeriod": 0, "limit": limit_a} | more.pop("period", {})
    schedule = {
        "id": 1,
        "startSchedule": "1970-01-01T00:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [period],
    }
    said = {
        "id": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": more.pop("kind", "Absolute"),
        "chargingSchedule": [schedule],
    }
    return {"evseId": more.pop("evse", 0), "chargingProfile": said | more}


def put(layers: Layers, payload: Payload, *, switching: bool = False) -> None:
    layers.set(payload, NOW_S, switching=switching, dynamic=True)


def limit_a(layers: Layers, after_s: float = 0.0) -> float | None:
    return layers.in_force(NOW_S + after_s).limit_a


def test_the_lowest_purpose_rules_and_within_it_the_highest_level() -> None:
    layers = Layers()
    assert limit_a(layers) is None
    put(layers, profile(1, STATION, 6.0))
    put(layers, profile(2, STATION, 16.0, 1, validTo=timestamp(NOW_S + 60)))
    assert limit_a(layers) == 16.0
    put(layers, profile(3, DEFAULT, 10.0, 5))
    assert limit_a(layers) == 10.0
    assert limit_a(layers, 61.0) == 6.0


def test_a_profile_of_the_same_id_takes_the_place_of_the_other_whatever_its_purpose() -> None:
    layers = Layers()
    put(layers, profile(1, STATION, 6.0))
    put(layers, profile(1, DEFAULT, 9.0))
    assert limit_a(layers) == 9.0
    assert layers.remove({"chargingProfileId": 1})
    assert not layers.remove({"chargingProfileId": 1})
    assert limit_a(layers) is None


def test_a_dynamic_profile_takes_other_amperes_and_keeps_its_end() -> None:
    layers = Layers()
    until = timestamp(NOW_S + 60)
    put(layers, profile(1, STATION, 6.0))
    put(layers, profile(2, STATION, 16.0, 1, kind="Dynamic", validTo=until))
    update = {"chargingProfileId": 2, "scheduleUpdate": {"limit": 10.0}}
    layers.update(update, NOW_S, switching=False)
    assert (limit_a(layers), limit_a(layers, 61.0)) == (10.0, 6.0)
    with pytest.raises(Rejected):
        layers.update(update | {"chargingProfileId": 1}, NOW_S, switching=False)


@pytest.mark.parametrize(
    "wrong",
    [
        profile(1, STATION, 6.0, evse=1),
        profile(1, "TxProfile", 6.0),
        profile(1, STATION, 6.0, period={"numberPhases": 1, "phaseToUse": 2}),
    ],
)
def test_what_it_does_not_know_is_rejected(wrong: Payload) -> None:
    with pytest.raises(Rejected):
        put(Layers(), wrong)


# --- Talk ---


def charger() -> Charger:
    made = Charger("ZAP000001", Outlet(32.0, GridType.TN_3_PHASE, 3), Random(1))  # noqa: S311  # simulated hardware
    made.connected = True
    return made


def spoken(tongue: Tongue2, message: Message) -> Payload:
    ((action, payload),) = tongue.frames(message)
    assert action == "TransactionEvent"
    return payload


def test_a_transaction_is_told_by_events_that_are_counted() -> None:
    one = charger()
    tongue = Tongue2(one, OCPP_201)
    one.transactions.begin("04A1", NOW_S)
    one.tell_reading(NOW_S + 10)
    one.connected = False
    one.transactions.end("EVDisconnected", NOW_S + 20)
    started, reading, ended = (spoken(tongue, it) for it in one.outbox.waiting)

    assert [it["eventType"] for it in (started, reading, ended)] == [
        "Started",
        "Updated",
        "Ended",
    ]
    assert [it["seqNo"] for it in (started, reading, ended)] == [0, 1, 2]
    assert len({it["transactionInfo"]["transactionId"] for it in (started, ended)}) == 1
    assert [it["offline"] for it in (started, ended)] == [False, True]
    # Sent again, it is the same message.
    assert spoken(tongue, one.outbox.waiting[0]) == started


def test_of_its_connector_it_tells_only_what_is_new() -> None:
    one = charger()
    tongue = Tongue2(one, OCPP_201)
    told = []
    for status in ("Available", "Preparing", "Finishing", "Available"):
        one.status = status
        one.tell_status(1, NOW_S)
        (message,) = one.outbox.waiting
        told += [payload["connectorStatus"] for _, payload in tongue.frames(message)]
        one.outbox.done(message)
    assert told == ["Available", "Occupied", "Available"]


def test_variables_are_set_and_read() -> None:
    tongue = Tongue2(charger(), OCPP_21)
    named = {
        "component": {"name": "SampledDataCtrlr"},
        "variable": {"name": "TxUpdatedInterval"},
    }
    wrong = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "Nonsense"}}
    data = [named | {"attributeValue": "10"}, wrong | {"attributeValue": "1"}]
    answer = tongue.answer("SetVariables", {"setVariableData": data}, NOW_S)
    statuses = [it["attributeStatus"] for it in answer["setVariableResult"]]
    assert statuses == ["Accepted", "UnknownVariable"]
    told = tongue.answer("GetVariables", {"getVariableData": [named]}, NOW_S)
    assert told["getVariableResult"][0]["attributeValue"] == "10"


def test_a_report_comes_in_parts_and_the_last_says_so() -> None:
    one = charger()
    tongue = Tongue2(one, OCPP_201)
    asked = {"requestId": 5, "reportBase": "FullInventory"}
    assert tongue.answer("GetBaseReport", asked, NOW_S) == {"status": "Accepted"}
    parts = [it.payload for it in one.outbox.waiting]
    assert [it["tbc"] for it in parts] == [True] * (len(parts) - 1) + [False]
    assert [it["seqNo"] for it in parts] == list(range(len(parts)))


def test_requests_of_the_older_version_are_not_known() -> None:
    tongue = Tongue2(charger(), OCPP_201)
    for action in ("ChangeConfiguration", "UpdateDynamicSchedule"):
        with pytest.raises(CallRefused, match="NotImplemented"):
            tongue.answer(action, {}, NOW_S)

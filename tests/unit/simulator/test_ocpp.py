"""A charger's link, against a real WebSocket server."""

# ruff: noqa: S311  # simulated hardware needs no cryptography

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from shared.clock import utc_now
from shared.phases import GridType
from simulator.cars import LAG_S_MIN, THREE_PHASE_16, new_car
from simulator.charger import Charger
from simulator.link import Link
from simulator.outlet import Outlet
from simulator.payloads import timestamp
from simulator.transactions import Authorisation
from tests.unit.simulator.central_system import (
    CallError,
    CentralSystem,
    boot,
    limit_profile,
    running,
)

CARD = "CARD0001"
SAMPLE_EVERY_S = {"key": "MeterValueSampleInterval", "value": "1"}


def now_s() -> float:
    return utc_now().timestamp()


@pytest_asyncio.fixture(loop_scope="session")
async def system() -> AsyncIterator[CentralSystem]:
    async with running() as it:
        yield it


class Bay:
    """One charger with its link, living."""

    def __init__(self, url: str, answer_s_max: float = 30.0) -> None:
        self.charger = Charger("ZAP000001", Outlet(32.0, GridType.TN_3_PHASE, 3), Random(3))
        link = Link(self.charger, url, now_s, answer_s_max, first_connect_s_max=0.0)
        self._tasks = [asyncio.create_task(link.run()), asyncio.create_task(self._live())]

    async def _live(self) -> None:
        last_s = now_s()
        while True:
            await asyncio.sleep(0.05)
            present_s = now_s()
            self.charger.step(last_s, present_s - last_s, 10.0)
            self.charger.tick(present_s)
            last_s = present_s

    def plug(self, need_kwh: float = 50.0) -> None:
        car = new_car(THREE_PHASE_16, 3, need_kwh, Random(3))
        car.lag_s = LAG_S_MIN
        self.charger.plug(car, CARD, now_s())

    def unplug(self) -> None:
        self.charger.unplug(now_s())

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task


@pytest_asyncio.fixture(loop_scope="session")
async def bay(system: CentralSystem) -> AsyncIterator[Bay]:
    it = Bay(system.url)
    yield it
    await it.end()


def in_phase(reading: dict[str, Any], measurand: str) -> dict[str, float]:
    return {
        it.get("phase", ""): float(it["value"])
        for it in reading["meterValue"][0]["sampledValue"]
        if it["measurand"] == measurand
    }


async def test_a_charger_connects_by_its_serial_and_boots(
    system: CentralSystem, bay: Bay
) -> None:
    await system.until(lambda: system.actions.count("StatusNotification") >= 2)

    assert system.paths == ["/ocpp/ZAP000001"]
    assert system.actions[0] == "BootNotification"
    assert system.payloads("BootNotification")[0]["chargePointSerialNumber"] == "ZAP000001"
    statuses = [
        (it["connectorId"], it["status"]) for it in system.payloads("StatusNotification")
    ]
    assert statuses == [(0, "Available"), (1, "Available")]
    assert bay.charger.registration.own_s(0.0) == pytest.approx(0.0, abs=1.0), "clock is set"


async def test_while_pending_a_charger_only_answers_until_it_is_told_to_boot_again(
    system: CentralSystem, bay: Bay
) -> None:
    system.answers["BootNotification"] = boot("Pending", interval_s=300)
    bay.plug()
    await system.until(lambda: "BootNotification" in system.actions)

    configured = await system.ask("ChangeConfiguration", SAMPLE_EVERY_S)
    limited = await system.ask("SetChargingProfile", limit_profile(10.0))
    # It has lived on, under the limit, for a while.
    await system.until(lambda: bay.charger.outlet.limit_a == 10.0)
    heard_while_pending = list(system.actions)
    drawn_a = bay.charger.outlet.draw.a
    del system.answers["BootNotification"]
    triggered = await system.ask("TriggerMessage", {"requestedMessage": "BootNotification"})
    await system.until(lambda: "StartTransaction" in system.actions)

    assert [it[2]["status"] for it in (configured, limited, triggered)] == ["Accepted"] * 3
    assert heard_while_pending == ["BootNotification"]
    assert drawn_a == 0.0
    assert system.actions.count("BootNotification") == 2
    await system.until(lambda: bay.charger.outlet.draw.a > 9.5)
    assert bay.charger.outlet.draw.a <= 10.0


async def test_a_charger_that_is_no_longer_accepted_stops_its_car(
    system: CentralSystem, bay: Bay
) -> None:
    bay.plug()
    await system.until(lambda: bay.charger.outlet.draw.a > 0.0)

    system.answers["BootNotification"] = boot("Pending")
    await system.ask("TriggerMessage", {"requestedMessage": "BootNotification"})

    await system.until(lambda: bay.charger.outlet.draw.a == 0.0)


async def test_a_pending_charger_boots_again_by_itself_after_the_interval(
    system: CentralSystem, bay: Bay
) -> None:
    system.answers["BootNotification"] = boot("Pending", interval_s=1)

    await system.until(lambda: system.actions.count("BootNotification") >= 2)

    assert not bay.charger.registration.accepted


async def test_a_car_is_authorised_and_metered_once_readings_are_configured(
    system: CentralSystem, bay: Bay
) -> None:
    bay.plug()
    await system.until(lambda: bay.charger.outlet.draw.a > 15.0)
    heard_before = list(system.actions)
    await system.ask("ChangeConfiguration", SAMPLE_EVERY_S)
    await system.until(lambda: len(system.payloads("MeterValues")) >= 2)

    assert "MeterValues" not in heard_before, "real hardware sends none until it is asked to"
    started = system.payloads("StartTransaction")[0]
    assert system.payloads("Authorize") == [{"idTag": CARD}]
    assert started["idTag"] == CARD
    reading = system.payloads("MeterValues")[-1]
    assert reading["transactionId"] == 1
    current_a = in_phase(reading, "Current.Import")
    assert set(current_a) == {"L1", "L2", "L3"}
    assert all(15.0 < a <= 16.0 for a in current_a.values())
    (power_w,) = in_phase(reading, "Power.Active.Import").values()
    assert power_w == pytest.approx(3 * 230 * current_a["L1"], rel=0.01)
    (register_wh,) = in_phase(reading, "Energy.Active.Import.Register").values()
    assert register_wh >= started["meterStart"]
    statuses = [
        it["status"] for it in system.payloads("StatusNotification") if it["connectorId"] == 1
    ]
    assert statuses[-2:] == ["Preparing", "Charging"]


async def test_a_driver_the_server_does_not_know_gets_nothing(
    system: CentralSystem, bay: Bay
) -> None:
    system.answers["Authorize"] = {"idTagInfo": {"status": "Invalid"}}
    bay.plug()

    transactions = bay.charger.transactions
    await system.until(lambda: transactions.authorisation is Authorisation.REFUSED)

    assert "StartTransaction" not in system.actions
    assert bay.charger.outlet.offered_a == 0.0


async def test_a_charger_that_is_carried_elsewhere_connects_from_there_and_boots(
    system: CentralSystem, bay: Bay
) -> None:
    bay.plug()
    await system.until(lambda: bay.charger.outlet.draw.a > 0.0)

    bay.charger.carry("127.0.0.7", now_s())
    await system.until(lambda: system.close_codes)
    bay.charger.power_on(now_s())
    await system.until(lambda: system.actions.count("BootNotification") == 2)
    await system.until(lambda: "StopTransaction" in system.actions)

    assert system.hosts == ["127.0.0.1", "127.0.0.7"]
    assert system.payloads("StopTransaction")[0]["reason"] == "EVDisconnected"
    assert bay.charger.outlet.car is None


async def test_a_charger_that_is_turned_away_charges_nobody_and_comes_again(
    system: CentralSystem, bay: Bay
) -> None:
    await system.until(lambda: bay.charger.registration.accepted)
    system.turning_away_with = 403
    system.cut()
    await system.until(lambda: system.turned_away >= 2)
    refused = bay.charger.registration.refused
    barred = bay.charger.transactions.barred

    system.closed = False
    await system.until(lambda: bay.charger.connected)

    assert (refused, barred) == (True, True)
    assert not bay.charger.transactions.barred


async def test_a_limit_that_is_cleared_leaves_the_fail_safe_in_force(
    system: CentralSystem, bay: Bay
) -> None:
    bay.plug()
    await system.until(lambda: bay.charger.outlet.draw.a > 0.0)
    await system.ask("SetChargingProfile", limit_profile(0.0, level=0))
    lease = limit_profile(12.0, level=1, validTo=timestamp(now_s() + 600))
    await system.ask("SetChargingProfile", lease)
    await system.until(lambda: bay.charger.outlet.draw.a > 11.0)

    cleared = await system.ask("ClearChargingProfile", {"id": 2})
    again = await system.ask("ClearChargingProfile", {"id": 2})

    assert (cleared[2], again[2]) == ({"status": "Accepted"}, {"status": "Unknown"})
    await system.until(lambda: bay.charger.outlet.draw.a == 0.0)


async def test_a_transaction_the_server_will_not_have_is_ended(
    system: CentralSystem, bay: Bay
) -> None:
    refused = {"transactionId": 7, "idTagInfo": {"status": "Blocked"}}
    system.answers["StartTransaction"] = refused
    bay.plug()

    await system.until(lambda: "StopTransaction" in system.actions)

    stopped = system.payloads("StopTransaction")[0]
    assert (stopped["transactionId"], stopped["reason"]) == (7, "DeAuthorized")
    await system.until(lambda: bay.charger.outlet.offered_a == 0.0)


async def test_what_happened_offline_is_told_after_the_reconnection_in_order(
    system: CentralSystem, bay: Bay
) -> None:
    charger = bay.charger
    system.welcome.append(("ChangeConfiguration", SAMPLE_EVERY_S))
    await system.until(lambda: charger.configuration.seconds("MeterValueSampleInterval") == 1)
    system.cut()
    await system.until(lambda: not charger.connected)
    system.heard.clear()

    plugged_s = now_s()
    bay.plug()
    await system.until(lambda: charger.outlet.draw.a > 15.0)
    await system.until(
        lambda: sum(it.action == "MeterValues" for it in charger.outbox.waiting) >= 2
    )
    bay.unplug()
    system.closed = False
    await system.until(lambda: "StopTransaction" in system.actions)

    told = [it for it in system.actions if it != "StatusNotification"]
    started = system.payloads("StartTransaction")[0]
    started_s = datetime.fromisoformat(started["timestamp"]).timestamp()
    stopped = system.payloads("StopTransaction")[0]
    assert "BootNotification" not in told, "a reconnection is no power-up"
    assert "Authorize" not in told
    assert (told[0], set(told[1:-1]), told[-1]) == (
        "StartTransaction",
        {"MeterValues"},
        "StopTransaction",
    )
    assert started_s == pytest.approx(plugged_s, abs=1.0), "when it began, not when it is told"
    assert {it["transactionId"] for it in system.payloads("MeterValues")} == {1}
    assert stopped["transactionId"] == 1
    assert stopped["meterStop"] > started["meterStart"]


async def test_charging_goes_on_offline_under_the_last_limit_and_then_the_fail_safe(
    system: CentralSystem, bay: Bay
) -> None:
    outlet = bay.charger.outlet
    bay.plug()
    await system.until(lambda: outlet.draw.a > 15.0)
    expires_s = now_s() + 3.0
    lease = limit_profile(12.0, level=1, validTo=timestamp(expires_s))
    await system.ask("SetChargingProfile", limit_profile(6.0, level=0))
    await system.ask("SetChargingProfile", lease)
    system.cut()

    await system.until(lambda: outlet.limit_a == 6.0)
    await system.until(lambda: 0.0 < outlet.draw.a <= 6.0)

    (_, lease_a), (fell_s, fail_safe_a) = list(outlet.limits)[-2:]
    assert (lease_a, fail_safe_a) == (12.0, 6.0)
    assert fell_s == pytest.approx(expires_s, abs=1.0)
    assert not bay.charger.connected


async def test_an_unanswered_call_is_sent_again_with_the_same_content_after_reconnecting(
    system: CentralSystem,
) -> None:
    system.mute.add("StartTransaction")
    bay = Bay(system.url, answer_s_max=0.5)
    try:
        bay.plug()
        await system.until(lambda: len(system.payloads("StartTransaction")) >= 2)
        system.mute.clear()
        begun = bay.charger.transactions.running
        await system.until(lambda: begun is not None and begun.id is not None)
    finally:
        await bay.end()

    sent = system.payloads("StartTransaction")
    assert all(it == sent[0] for it in sent)
    assert system.actions.count("BootNotification") == 1


async def test_only_one_call_is_outstanding_and_every_id_is_a_new_string(
    system: CentralSystem, bay: Bay
) -> None:
    system.mute.add("StatusNotification")
    bay.plug()
    await system.until(lambda: "StatusNotification" in system.actions)
    await system.until(lambda: len(bay.charger.outbox.waiting) >= 3)

    calls = [it for it in system.frames if it[0] == 2]
    assert system.actions.count("StatusNotification") == 1
    assert all(isinstance(it[1], str) and 0 < len(it[1]) <= 36 for it in calls)
    assert len({it[1] for it in calls}) == len(calls)


async def test_a_message_the_server_refuses_does_not_block_the_others(
    system: CentralSystem, bay: Bay
) -> None:
    system.answers["StatusNotification"] = CallError("InternalError")
    bay.plug()

    await system.until(lambda: "StartTransaction" in system.actions)


async def test_requests_are_answered_as_the_standard_says(
    system: CentralSystem, bay: Bay
) -> None:
    await system.until(lambda: bay.charger.registration.accepted)
    cases: list[tuple[str, dict[str, Any], Any]] = [
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "1"}, "Rejected"),
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "0" * 40}, "Accepted"),
        (
            "ChangeConfiguration",
            {"key": "BlinkRepeat", "value": "3"},
            "NotSupported",
        ),
        ("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "x"}, "Rejected"),
        ("ChangeConfiguration", {"key": "NumberOfConnectors", "value": "2"}, "Rejected"),
        ("ChangeConfiguration", {"key": "WebSocketPingInterval", "value": "5"}, "Accepted"),
        ("ChangeConfiguration", {"key": "MeterValuesSampledData", "value": "SoC"}, "Rejected"),
        ("RemoteStartTransaction", {"idTag": CARD}, "Rejected"),
        ("RemoteStopTransaction", {"transactionId": 1}, "Rejected"),
        ("UnlockConnector", {"connectorId": 1}, "NotSupported"),
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}, "Accepted"),
        ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}, "Accepted"),
        (
            "TriggerMessage",
            {"requestedMessage": "FirmwareStatusNotification"},
            "Accepted",
        ),
        ("TriggerMessage", {"requestedMessage": "Weather"}, "NotImplemented"),
        ("TriggerMessage", {"requestedMessage": "Heartbeat"}, "Accepted"),
    ]

    for action, payload, status in cases:
        frame = await system.ask(action, payload)
        assert (frame[0], frame[2]["status"]) == (3, status), (action, payload)
    await system.until(lambda: "Heartbeat" in system.actions)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ([2, "x", "GetVariables", {}], "NotImplemented"),
        ([2, "x", "ChangeConfiguration", {"key": "a"}], "OccurenceConstraintViolation"),
        ([2, "x", "ChangeConfiguration", {"key": 1, "value": "a"}], "TypeConstraintViolation"),
        ([2, "x", "Reset", {"type": "Sideways"}], "PropertyConstraintViolation"),
        ([2, "x", "Reset"], "FormationViolation"),
    ],
)
async def test_what_cannot_be_answered_gets_an_error_with_its_code(
    system: CentralSystem, bay: Bay, frame: list[Any], code: str
) -> None:
    await system.until(lambda: bay.charger.registration.accepted)

    answer = await system.send(frame, "x")

    assert answer[:3] == [4, "x", code]
    assert len(answer) == 5


async def test_configuration_is_listed_with_what_is_unknown(
    system: CentralSystem, bay: Bay
) -> None:
    await system.until(lambda: bay.charger.registration.accepted)

    asked = await system.ask("GetConfiguration", {"key": ["MeterValueSampleInterval", "Tea"]})
    everything = await system.ask("GetConfiguration", {})

    known = {"key": "MeterValueSampleInterval", "readonly": False, "value": "0"}
    assert asked[2] == {"configurationKey": [known], "unknownKey": ["Tea"]}
    assert len(everything[2]["configurationKey"]) > 4
    assert "unknownKey" not in everything[2]


async def test_a_transaction_is_stopped_and_started_from_afar(
    system: CentralSystem, bay: Bay
) -> None:
    bay.plug()
    await system.until(lambda: bay.charger.outlet.draw.a > 0.0)

    await system.ask("RemoteStopTransaction", {"transactionId": 1})
    await system.until(lambda: "StopTransaction" in system.actions)
    await system.until(lambda: bay.charger.outlet.draw.a == 0.0)
    await system.until(lambda: bay.charger.status == "Finishing")
    started = await system.ask("RemoteStartTransaction", {"idTag": "OTHER"})
    await system.until(lambda: bay.charger.outlet.draw.a > 0.0)

    assert system.payloads("StopTransaction")[0]["reason"] == "Remote"
    assert started[2] == {"status": "Accepted"}
    assert system.payloads("StartTransaction")[-1]["idTag"] == "OTHER"


@pytest.mark.parametrize("kind", ["Soft", "Hard"])
async def test_a_reset_ends_the_transaction_and_boots_anew_with_all_that_was_set(
    system: CentralSystem, bay: Bay, kind: str
) -> None:
    bay.plug()
    await system.until(lambda: bay.charger.outlet.draw.a > 0.0)
    await system.ask("SetChargingProfile", limit_profile(9.0))

    await system.ask("Reset", {"type": kind})
    await system.until(lambda: system.actions.count("BootNotification") == 2)
    await system.until(lambda: system.actions.count("StartTransaction") == 2)

    assert system.payloads("StopTransaction")[0]["reason"] == f"{kind}Reset"
    assert bay.charger.outlet.limit_a == 9.0


async def test_without_supply_a_charger_is_gone_without_a_word_and_boots_when_it_is_back(
    system: CentralSystem, bay: Bay
) -> None:
    bay.plug()
    await system.until(lambda: bay.charger.outlet.draw.a > 0.0)

    bay.charger.power_off()
    drawn_a = bay.charger.outlet.draw.a
    await system.until(lambda: system.close_codes)
    bay.charger.power_on(now_s())
    await system.until(lambda: system.actions.count("StartTransaction") == 2)

    assert drawn_a == 0.0
    assert system.close_codes == [1006]
    assert system.actions.count("BootNotification") == 2
    assert system.payloads("StopTransaction")[0]["reason"] == "PowerLoss"


async def test_a_charger_that_is_switched_off_with_the_simulation_says_goodbye(
    system: CentralSystem,
) -> None:
    bay = Bay(system.url)
    await system.until(lambda: bay.charger.connected)

    await bay.end()

    await system.until(lambda: system.close_codes)
    assert system.close_codes == [1000]

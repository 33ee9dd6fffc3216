"""Chargers that speak OCPP 2.0.1 and 2.1, from their boot to the end of a session."""

import asyncio
from typing import Any

import pytest
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call, call_result
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from services.telemetry.payloads import written
from shared.clock import utc_now
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerStatusChanged,
    CurrentLimitApplied,
    FailSafeApplied,
    SessionEnded,
    SessionStarted,
    StartCharging,
    StopCharging,
)
from shared.messages.upkeep import (
    ChangeAvailability,
    ChangeConfiguration,
    ReadCertificates,
    ReadConfiguration,
    RestartCharger,
    Trigger,
    TriggerMessage,
)
from simulator.charger import Charger
from simulator.ocpp2.tongue import OCPP_21, OCPP_201
from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.simulated import living, now_s, plug_a_car
from tests.integration.telemetry.test_drivers import guarded, user
from tests.integration.telemetry.test_remote_control import asked, commanded
from tests.integration.telemetry.world import World, soon

pytestmark = pytest.mark.integration

ANSWERS = {"SetVariables": None, "GetVariables": None, "GetLocalListVersion": None}
"""A charger that says of no variable anything."""


async def draws(world: World, charger: Charger, a: float) -> None:
    """Wait until a charger's car draws so many amperes."""

    async def found() -> bool:
        return abs(charger.outlet.draw.a - a) < 0.2

    await world.until(found)


async def charges(world: World, charger: Charger) -> None:
    """Wait until a charger's car has got something that its register shows."""
    before_wh = charger.outlet.register_wh

    async def found() -> bool:
        return charger.outlet.register_wh > before_wh + 2.0

    await world.until(found)


@pytest.mark.parametrize("protocol", [OCPP_201, OCPP_21])
async def test_a_session_from_boot_to_end(world: World, protocol: str) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial, protocol=protocol) as charger:
        await world.event(place, ChargerConnected)
        applied = await world.event(place, FailSafeApplied)
        plug_a_car(charger)
        started = await world.event(place, SessionStarted)
        await draws(world, charger, 6.0)
        answer = await world.limit(place, 1, 13.0, valid_until=soon(6))
        assert answer.accepted, answer
        await draws(world, charger, 13.0)
        await draws(world, charger, 6.0)  # the lease has ended
        charger.unplug(now_s())
        ended = await world.event(place, SessionEnded)
        await world.event(place, ChargerStatusChanged, 4)

    assert applied.fail_safe_a == 6.0
    limited = await world.event(place, CurrentLimitApplied)
    assert limited.limit_a == 13.0
    assert started.transaction is not None
    assert ended.transaction == started.transaction
    assert ended.reason == "EVDisconnected"
    assert ended.energy_wh == ended.register_wh - started.register_wh > 0
    statuses = [
        it.status for it in await world.events(place) if isinstance(it, ChargerStatusChanged)
    ]
    assert statuses == ["Available", "Preparing", "Charging", "Available"]


async def test_what_was_charged_while_the_gateway_was_away_is_put_on_record(
    world: World,
) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial, protocol=OCPP_201) as charger:
        plug_a_car(charger)
        first = await world.event(place, SessionStarted)
        await charges(world, charger)
        await world.service.stop()
        charger.unplug(now_s())
        plug_a_car(charger, "CARD0002")
        await charges(world, charger)
        charger.unplug(now_s())
        plug_a_car(charger, "CARD0003")
        await world.service.start()
        last = await world.event(place, SessionStarted, 3)
        await charges(world, charger)

    history = await world.events(place)
    started = [it for it in history if isinstance(it, SessionStarted)]
    ended = [it for it in history if isinstance(it, SessionEnded)]
    assert [it.session_id for it in ended] == [it.session_id for it in started[:2]]
    assert started[0] == first
    assert started[2] == last
    assert all(it.energy_wh > 0 for it in ended)
    assert len({it.transaction for it in started}) == 3


async def test_an_app_begins_and_ends_a_session(world: World) -> None:
    place = await guarded(world)
    driver = await user(world, place)
    async with living(world.gateway, place.serial, protocol=OCPP_201) as charger:
        plug_a_car(charger)  # its driver has no card that is known
        await world.event(place, ChargerConnected)

        async def begun() -> bool:
            return (await asked(world, StartCharging, place, driver)).accepted

        await world.until(begun)
        started = await world.event(place, SessionStarted)
        stopped = await asked(world, StopCharging, place, driver)
        ended = await world.event(place, SessionEnded)

    assert started.person_id == driver.person_id
    assert stopped.accepted
    assert ended.reason == "Remote"


async def test_a_locked_charger_tells_the_end_of_its_session_and_is_sent_away(
    world: World,
) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial, protocol=OCPP_201) as charger:
        plug_a_car(charger)
        await world.event(place, SessionStarted)
        await charges(world, charger)
        await world.announce(*place.locked())
        ended = await world.event(place, SessionEnded)
        await world.event(place, ChargerDisconnected)

    assert ended.reason == "Remote"
    assert ended.energy_wh > 0
    applied = [it for it in await world.events(place) if isinstance(it, FailSafeApplied)]
    assert applied[-1].fail_safe_a == 0.0


async def test_people_read_and_set_variables_restart_and_reserve(world: World) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial, protocol=OCPP_201) as charger:
        await world.event(place, ChargerConnected)
        everything = await commanded(world, ReadConfiguration, place)
        key = "AuthCacheCtrlr.Enabled"
        one = await commanded(world, ReadConfiguration, place, keys=[key, "Display.Color"])
        kept = await commanded(world, ChangeConfiguration, place, key=key, value="true")
        roots = await commanded(world, ReadCertificates, place)
        trigger = await commanded(world, TriggerMessage, place, trigger=Trigger.STATUS)
        out = await commanded(world, ChangeAvailability, place, in_use=False)
        restart = await commanded(world, RestartCharger, place)
        await world.event(place, ChargerConnected, 2)

    told = {it.name: it.value for it in everything.told or ()}
    assert told["SampledDataCtrlr.TxUpdatedInterval"] == "10"
    assert "SecurityCtrlr.BasicAuthPassword" in told
    assert told["SecurityCtrlr.BasicAuthPassword"] is None
    assert [it.value for it in one.told or ()] == ["false", None]
    assert kept.refusal == "SettingKept"
    for answer in (roots, trigger, out, restart):
        assert answer.accepted, answer
    assert not charger.transactions.operative


async def test_a_charger_of_the_ocpp_package_is_served(world: World) -> None:
    place = await world.assigned()
    offered = [Subprotocol("ocpp1.6"), Subprotocol("ocpp2.0.1")]
    async with connect(
        f"{world.gateway}/{place.serial}", subprotocols=offered, proxy=None
    ) as socket:
        assert socket.subprotocol == "ocpp2.0.1"
        station = Station(place.serial, socket, response_timeout=10)
        reading = asyncio.create_task(station.start())
        try:
            first = await station.boot()
            await world.event(place, FailSafeApplied)
            await station.told_to_boot.wait()
            second = await station.boot()
            begun = await station.transaction("Started", 1000.0)
            answer = await world.limit(place, 1, 10.0)
            over = await station.transaction("Ended", 3000.0)
        finally:
            reading.cancel()

    assert (first.status, second.status) == ("Pending", "Accepted")
    assert begun.id_token_info["status"] == "Accepted"
    assert answer.accepted
    assert over is not None
    assert (await world.event(place, SessionEnded)).energy_wh == 2000
    purposes = [it["charging_profile_purpose"] for it in station.profiles]
    assert set(purposes) == {"ChargingStationMaxProfile"}


async def test_of_a_server_that_is_asked_for_what_it_has_not_the_charger_is_told(
    world: World,
) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial, protocol=OCPP_201):
        await world.event(place, ChargerConnected)
    async with plugged_in(
        world.gateway, place.serial, subprotocol=OCPP_201, answers=ANSWERS
    ) as charger:
        unknown = await charger.say('[2,"1","StartTransaction",{}]')
        malformed = await charger.say('[2,"2","TransactionEvent",{}]')
        v2g = await charger.call(
            "SignCertificate", {"csr": "x", "certificateType": "V2GCertificate"}
        )
        contract = await charger.call(
            "Get15118EVCertificate",
            {"iso15118SchemaVersion": "urn", "action": "Install", "exiRequest": "x"},
        )

    assert unknown[2] == "NotImplemented"
    assert malformed[2] == "OccurrenceConstraintViolation"
    assert v2g["status"] == "Rejected"
    assert contract["status"] == "Failed"


class Station(ChargePoint):
    """A charging station made of the `ocpp` package: a reading of the standard that is not ours."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.profiles: list[dict[str, Any]] = []
        self.told_to_boot = asyncio.Event()

    async def boot(self) -> Any:
        return await self.call(
            call.BootNotification({"vendor_name": "V", "model": "M"}, reason="PowerUp")
        )

    async def transaction(self, kind: str, wh: float) -> Any:
        value = {"value": wh, "context": "Sample.Periodic"}
        at = written(utc_now())
        return await self.call(
            call.TransactionEvent(
                event_type=kind,
                timestamp=at,
                trigger_reason="Authorized",
                seq_no=0,
                transaction_info={"transaction_id": "tx-1", "charging_state": "Charging"},
                id_token={"id_token": "04A1", "type": "ISO14443"},
                evse={"id": 1, "connector_id": 1},
                meter_value=[{"timestamp": at, "sampled_value": [value]}],
            )
        )

    @on("SetVariables")
    async def on_set(self, set_variable_data: list[dict[str, Any]], **_: Any) -> Any:
        named = [
            {"component": it["component"], "variable": it["variable"]}
            for it in set_variable_data
        ]
        return call_result.SetVariables([it | {"attribute_status": "Accepted"} for it in named])

    @on("GetVariables")
    async def on_get(self, get_variable_data: list[dict[str, Any]], **_: Any) -> Any:
        named = [
            {"component": it["component"], "variable": it["variable"]}
            for it in get_variable_data
        ]
        return call_result.GetVariables(
            [it | {"attribute_status": "UnknownVariable"} for it in named]
        )

    @on("SetChargingProfile")
    async def on_profile(self, evse_id: int, charging_profile: dict[str, Any], **_: Any) -> Any:
        assert evse_id == 0
        self.profiles.append(charging_profile)
        return call_result.SetChargingProfile("Accepted")

    @on("TriggerMessage")
    async def on_trigger(self, requested_message: str, **_: Any) -> Any:
        if requested_message == "BootNotification":
            self.told_to_boot.set()
        return call_result.TriggerMessage("Accepted")

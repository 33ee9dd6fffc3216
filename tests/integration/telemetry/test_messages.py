"""What chargers say: put on record once, answered always, whatever shape it has."""

import asyncio
from typing import Any

import orjson
import pytest

from shared import subjects
from shared.messages.telemetry import (
    ChargerStatusChanged,
    FaultReported,
    MeterReading,
    SchemaViolationTolerated,
    SessionEnded,
    SessionStarted,
)
from shared.phases import GridType, Phase
from tests.integration.telemetry.raw_charger import CallErrorReceived, RawCharger, plugged_in
from tests.integration.telemetry.world import Place, World

pytestmark = pytest.mark.integration

START = {
    "connectorId": 1,
    "idTag": "04A1B2C3D4E5F6",
    "meterStart": 1000,
    "timestamp": "2026-11-22T08:00:00Z",
}


def sampled(*amperes: float) -> list[dict[str, Any]]:
    phases = ("L1", "L2", "L3")
    return [
        *(
            {"value": str(a), "measurand": "Current.Import", "phase": phase, "unit": "A"}
            for a, phase in zip(amperes, phases, strict=True)
        ),
        {"value": "1.5", "measurand": "Energy.Active.Import.Register", "unit": "kWh"},
        {"value": "7000", "measurand": "Power.Active.Import", "unit": "W"},
    ]


def meter_values(*amperes: float, **more: Any) -> dict[str, Any]:
    taken = {"timestamp": "2026-11-22T08:01:00Z", "sampledValue": sampled(*amperes)}
    return {"connectorId": 1, "meterValue": [taken]} | more


async def accepted(charger: RawCharger) -> RawCharger:
    await charger.boot_until_accepted()
    return charger


async def readings_of(world: World, place: Place) -> Any:
    subject = subjects.telemetry(MeterReading, place.installation_id, place.charger_id)
    return await world.client.subscribe(subject)


async def test_a_session_is_put_on_record_from_start_to_end(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        answer = await charger.call("StartTransaction", START)
        started = [it for it in await world.events(place) if isinstance(it, SessionStarted)]
        stop = {
            "transactionId": answer["transactionId"],
            "meterStop": 8000,
            "timestamp": "2026-11-22T09:00:00Z",
            "reason": "EVDisconnected",
        }
        first_stop = await charger.call("StopTransaction", stop)
        second_stop = await charger.call("StopTransaction", stop)

    assert answer["idTagInfo"] == {"status": "Accepted"}
    assert len(started) == 1, "the session is on record before the charger hears of it"
    assert started[0].transaction_id == answer["transactionId"]
    assert first_stop == second_stop == {"idTagInfo": {"status": "Accepted"}}
    ended = await world.event(place, SessionEnded)
    assert (ended.session_id, ended.energy_wh) == (started[0].session_id, 7000)
    assert [type(it) for it in await world.events(place)].count(SessionEnded) == 1


async def test_a_repeated_start_gets_the_same_transaction_id(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        first = await charger.call("StartTransaction", START)
        again = await charger.call("StartTransaction", START)
    async with plugged_in(world.gateway, place.serial) as charger:
        anew = await charger.call("StartTransaction", START)

    assert first["transactionId"] == again["transactionId"] == anew["transactionId"]
    assert [type(it) for it in await world.events(place)].count(SessionStarted) == 1


async def test_a_stop_nobody_knows_is_answered_and_leaves_nothing(world: World) -> None:
    place = await world.assigned()
    stop = {"transactionId": 999_999, "meterStop": 1, "timestamp": "2026-11-22T09:00:00Z"}

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        answer = await charger.call("StopTransaction", stop)

    assert answer == {"idTagInfo": {"status": "Accepted"}}
    assert SessionEnded not in map(type, await world.events(place))


async def test_card_numbers_go_nowhere(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    place = await world.assigned()
    card = "04A1B2C3D4E5F6"
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        assert await charger.call("Authorize", {"idTag": card}) == {
            "idTagInfo": {"status": "Accepted"}
        }
        await charger.call("StartTransaction", START)
        with pytest.raises(CallErrorReceived) as refused:
            await charger.call("Authorize", {"idTag": card * 2})

    assert card not in refused.value.description
    for recorded in await world.log.load(f"charger-{place.charger_id}"):
        assert card.encode() not in recorded.data
        assert card not in recorded.meta.model_dump_json()
    said = capsys.readouterr()
    assert "request refused" in said.out, "the log was not captured"
    assert card not in said.out + said.err


async def test_a_status_is_put_on_record_when_it_changes(world: World) -> None:
    place = await world.assigned()
    statuses = [
        ("Available", "NoError"),
        ("Available", "NoError"),
        ("Charging", "NoError"),
        ("Faulted", "GroundFailure"),
        ("Faulted", "GroundFailure"),
    ]

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for status, code in statuses:
            payload = {"connectorId": 1, "status": status, "errorCode": code}
            assert await charger.call("StatusNotification", payload) == {}

    events = await world.events(place)
    changed = [it.status for it in events if isinstance(it, ChargerStatusChanged)]
    assert changed == ["Available", "Charging", "Faulted"]
    assert [it.error_code for it in events if isinstance(it, FaultReported)] == [
        "GroundFailure"
    ]


async def test_readings_are_published_on_the_lines_the_charger_is_wired_to(
    world: World,
) -> None:
    place = await world.assigned(wiring=(Phase.L2, Phase.L3, Phase.L1))
    heard = await readings_of(world, place)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        transaction_id = (await charger.call("StartTransaction", START))["transactionId"]
        session = await world.event(place, SessionStarted)

        request = meter_values(10, 11, 12, transactionId=transaction_id)
        assert await charger.call("MeterValues", request) == {}
        await charger.call("MeterValues", meter_values(16, 0, 0))
        messages = [await heard.next_msg(timeout=10) for _ in range(2)]

    first, second = (MeterReading.model_validate_json(it.data) for it in messages)
    assert first.current_a == (12.0, 10.0, 11.0)
    assert (first.register_wh, first.power_w) == (1500, 7000)
    assert first.session_id == session.session_id
    assert first.measured_at.isoformat() == "2026-11-22T08:01:00+00:00"
    assert first.received_at > first.measured_at
    assert second.current_a == (0.0, 16.0, 0.0)
    stored = await world.client.jetstream().stream_info("TELEMETRY")
    assert stored.state.messages >= 2


async def test_in_an_it_grid_a_one_phase_car_is_read_on_two_lines(world: World) -> None:
    place = await world.assigned(grid_type=GridType.IT_3_PHASE)
    heard = await readings_of(world, place)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await charger.call("MeterValues", meter_values(16, 0, 0))
        message = await heard.next_msg(timeout=10)

    assert MeterReading.model_validate_json(message.data).current_a == (16.0, 16.0, 0.0)


async def test_what_the_gateway_has_no_use_for_is_answered_all_the_same(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        heartbeat = await charger.call("Heartbeat", {})
        transfer = await charger.call("DataTransfer", {"vendorId": "x"})
        firmware = await charger.call("FirmwareStatusNotification", {"status": "Idle"})
        diagnostics = await charger.call("DiagnosticsStatusNotification", {"status": "Idle"})

    assert heartbeat["currentTime"].endswith("Z")
    assert transfer == {"status": "UnknownVendorId"}
    assert firmware == diagnostics == {}


@pytest.mark.parametrize(
    ("action", "payload", "code", "field"),
    [
        ("Nonsense", {}, "NotImplemented", "Nonsense"),
        ("Reset", {"type": "Soft"}, "NotSupported", "Reset"),
        ("Authorize", {"idTag": "x" * 21}, "PropertyConstraintViolation", "idTag"),
        ("StatusNotification", {}, "OccurenceConstraintViolation", "connectorId"),
        ("Authorize", {"idTag": 1}, "TypeConstraintViolation", "idTag"),
        ("FirmwareStatusNotification", {"status": "?"}, "PropertyConstraintViolation", "status"),
        ("StartTransaction", START | {"timestamp": "?"}, "PropertyConstraintViolation", "timestamp"),
        ("StartTransaction", START | {"connectorId": 2}, "PropertyConstraintViolation", "connectorId"),
    ],
)  # fmt: skip
async def test_what_breaks_the_standard_is_refused_by_name(
    world: World, action: str, payload: dict[str, Any], code: str, field: str
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        with pytest.raises(CallErrorReceived) as refused:
            await charger.call(action, payload)
        await charger.call("Heartbeat", {})

    assert refused.value.code == code
    assert field in refused.value.description


async def test_what_is_meant_for_certain_is_taken_and_put_on_record_once(world: World) -> None:
    place = await world.assigned()
    broken = {"connectorId": "1", "errorCode": "Warning", "status": "Preparing", "more": 1}
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for _ in range(2):
            assert await charger.call("StatusNotification", broken) == {}

    status = await world.event(place, ChargerStatusChanged)
    assert (status.status, status.error_code) == ("Preparing", "OtherError")
    found = [it for it in await world.events(place) if isinstance(it, SchemaViolationTolerated)]
    assert sorted((it.action, it.field, it.rule) for it in found) == [
        ("StatusNotification", "connectorId", "type"),
        ("StatusNotification", "errorCode", "enum"),
        ("StatusNotification", "more", "additionalProperties"),
    ]


@pytest.mark.parametrize(
    ("data", "reply_to", "code"),
    [
        ("not json", "-1", "FormationViolation"),
        ("{}", "-1", "FormationViolation"),
        ('[2,17,"Heartbeat",{}]', 17, "ProtocolError"),
        ('[2,"","Heartbeat",{}]', "-1", "FormationViolation"),
        (f'[2,"{"x" * 37}","Heartbeat",{{}}]', "-1", "FormationViolation"),
        ('[2,"m-1","Heartbeat"]', "m-1", "ProtocolError"),
        ('[2,"m-1","Heartbeat",{},{}]', "m-1", "ProtocolError"),
        ('[2,"m-1","Heartbeat",[]]', "m-1", "TypeConstraintViolation"),
        (b"\xff\xfe\x00", "-1", "FormationViolation"),
    ],
)
async def test_a_broken_message_is_answered_and_the_socket_stays(
    world: World, data: str | bytes, reply_to: str | int, code: str
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        kind, message_id, found, text, details = await charger.say(data)

        assert (kind, message_id, found, details) == (4, reply_to, code, {})
        assert text
        await charger.call("Heartbeat", {})


@pytest.mark.parametrize(
    "data", ['[3,"nobody-asked",{}]', '[4,"nobody-asked","x"]', '[9,"m"]', "[3]", '[4,1,"x"]']
)
async def test_answers_to_nothing_and_unknown_types_are_ignored(
    world: World, data: str
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        await charger.socket.send(data)
        await charger.call("Heartbeat", {})

        assert charger.raw.empty()


async def test_a_message_that_is_too_large_ends_its_own_connection_only(world: World) -> None:
    place, other = await world.assigned(), await world.assigned()
    async with (
        plugged_in(world.gateway, place.serial) as charger,
        plugged_in(world.gateway, other.serial) as neighbour,
    ):
        await charger.boot_until_accepted()
        await neighbour.boot_until_accepted()
        padding = "x" * (128 * 1024)
        await charger.socket.send(
            orjson.dumps([2, "m", "DataTransfer", {"data": padding}]).decode()
        )

        code, _ = await charger.closed()
        await neighbour.call("Heartbeat", {})

    assert code == 1009
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.call("Heartbeat", {})


async def test_messages_that_come_all_at_once_are_answered_in_order(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for number in range(300):
            await charger.socket.send(f'[2,"m-{number}","Heartbeat",{{}}]')

        answers = [await charger.next_raw() for _ in range(300)]

    assert [answer[1] for answer in answers] == [f"m-{number}" for number in range(300)]


async def test_many_readings_are_all_published(world: World) -> None:
    place = await world.assigned()
    heard = await readings_of(world, place)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await asyncio.gather(
            *(charger.call("MeterValues", meter_values(n, n, n)) for n in range(200))
        )
        messages = [await heard.next_msg(timeout=10) for _ in range(200)]

    amperes = [MeterReading.model_validate_json(it.data).current_a[0] for it in messages]
    assert sorted(amperes) == list(range(200))

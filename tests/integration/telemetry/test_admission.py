"""No charger is accepted before its fail-safe is in force."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from shared.messages.holding import Holds, LimitWayChosen
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerRefused,
    FailSafeApplied,
)
from shared.relay import META_HEADER
from tests.integration.telemetry.raw_charger import (
    SILENCE,
    CallErrorReceived,
    RawCharger,
    plugged_in,
)
from tests.integration.telemetry.world import Service, World

pytestmark = pytest.mark.integration

STATUS = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}


async def test_a_charger_is_accepted_once_its_fail_safe_is_confirmed(world: World) -> None:
    place = await world.assigned(fail_safe_a=6.0)

    async with plugged_in(world.gateway, place.serial) as charger:
        first = await charger.boot()
        assert first["status"] == "Pending"
        assert first["interval"] < 60
        assert await charger.was_asked("TriggerMessage") == {
            "requestedMessage": "BootNotification"
        }
        assert await world.event(place, FailSafeApplied)
        assert ChargerConnected not in map(type, await world.events(place))

        second = await charger.boot()

    assert (second["status"], second["interval"]) == ("Accepted", 300)
    (profile,) = charger.asked_for("SetChargingProfile")
    assert profile["csChargingProfiles"]["chargingProfileId"] == 1
    period = profile["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][0]
    assert period["limit"] == 6.0
    assert {it["key"]: it["value"] for it in charger.asked_for("ChangeConfiguration")} == {
        "HeartbeatInterval": "300",
        "MeterValueSampleInterval": "10",
        "MeterValuesSampledData": (
            "Current.Import,Energy.Active.Import.Register,Power.Active.Import"
        ),
        "WebSocketPingInterval": "10",
    }
    connected = await world.event(place, ChargerConnected)
    assert (connected.serial, connected.vendor, connected.model) == (place.serial, "V", "M")
    disconnected = await world.event(place, ChargerDisconnected)
    assert disconnected.gateway_id == connected.gateway_id
    assert [type(it) for it in await world.events(place)] == [
        LimitWayChosen,
        FailSafeApplied,
        ChargerConnected,
        ChargerDisconnected,
    ]


async def test_a_known_charger_is_accepted_at_once_and_told_everything_again(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

    async with plugged_in(world.gateway, place.serial) as charger:
        assert (await charger.boot())["status"] == "Accepted"
        await charger.was_asked("ChangeConfiguration", times=4)
        await charger.was_asked("SetChargingProfile")

    await world.event(place, ChargerDisconnected, times=2)
    assert [type(it) for it in await world.events(place)].count(FailSafeApplied) == 1


async def test_a_charger_that_lost_its_connection_goes_on_without_a_boot(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
    await world.event(place, ChargerDisconnected)

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.call("Heartbeat", {})
        connected = await world.event(place, ChargerConnected, times=2)

    assert (connected.vendor, connected.model, connected.firmware) == ("V", "M", "1.0")


async def test_a_charger_that_comes_back_silent_is_asked_how_it_is(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

    async with plugged_in(world.gateway, place.serial) as charger:
        assert await charger.was_asked("TriggerMessage") == {
            "requestedMessage": "StatusNotification",
            "connectorId": 1,
        }
        await world.event(place, ChargerConnected, times=2)


async def test_before_its_boot_nothing_of_a_new_charger_is_taken(world: World) -> None:
    place = await world.assigned()

    async with plugged_in(world.gateway, place.serial) as charger:
        for action, payload in (("Heartbeat", {}), ("StatusNotification", STATUS)):
            with pytest.raises(CallErrorReceived) as refused:
                await charger.call(action, payload)
            assert refused.value.code == "SecurityError"
        await charger.was_asked("TriggerMessage")
        with pytest.raises(CallErrorReceived):
            await charger.call("StatusNotification", STATUS)
        assert len(charger.asked_for("TriggerMessage")) == 1

        await charger.boot_until_accepted()
        await charger.call("StatusNotification", STATUS)

    assert isinstance((await world.events(place))[1], FailSafeApplied)


@pytest.mark.parametrize("answer", [{"status": "Rejected"}, {"status": "NotSupported"}, None])
async def test_a_charger_that_refuses_its_fail_safe_is_never_accepted(
    world: World, answer: dict[str, Any] | None
) -> None:
    place = await world.assigned()

    async def boot_after_refusal(charger: RawCharger) -> dict[str, Any]:
        pending = await charger.boot()
        assert pending["status"] == "Pending"
        await world.event(place, ChargerRefused)
        return await charger.boot()

    refusing = {"SetChargingProfile": answer}
    async with plugged_in(world.gateway, place.serial, refusing) as charger:
        rejected = await boot_after_refusal(charger)
        with pytest.raises(CallErrorReceived) as refused:
            await charger.call("Heartbeat", {})

    assert rejected["status"] == "Rejected"
    assert rejected["interval"] >= 300
    assert refused.value.code == "SecurityError"
    [chosen, *others] = await world.events(place)
    assert isinstance(chosen, LimitWayChosen)
    assert chosen.holds is Holds.FIXED
    assert [type(it) for it in others] == [ChargerRefused]


async def test_a_charger_that_takes_its_fail_safe_no_more_is_put_out(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

    no_more = {"SetChargingProfile": {"status": "Rejected"}}
    async with plugged_in(world.gateway, place.serial, no_more) as charger:
        assert (await charger.boot())["status"] == "Accepted"
        await world.event(place, ChargerRefused)
        with pytest.raises(CallErrorReceived):
            await charger.call("Heartbeat", {})

    async with plugged_in(world.gateway, place.serial) as charger:
        assert (await charger.boot())["status"] == "Pending"


async def test_a_charger_that_does_not_answer_stays_pending_until_it_does(world: World) -> None:
    place = await world.assigned()

    async with plugged_in(
        world.gateway, place.serial, {"SetChargingProfile": SILENCE}
    ) as charger:
        assert (await charger.boot())["status"] == "Pending"
        await charger.was_asked("SetChargingProfile")
        assert (await charger.boot())["status"] == "Pending"
        charger.answers["SetChargingProfile"] = {"status": "Accepted"}

        async def pushed_again() -> bool:
            await charger.boot()
            return len(charger.asked_for("SetChargingProfile")) >= 2

        await world.until(pushed_again)
        await world.event(place, FailSafeApplied)


async def test_keys_a_charger_does_not_know_are_not_fatal(world: World) -> None:
    place = await world.assigned()
    answers = {"ChangeConfiguration": {"status": "NotSupported"}}

    async with plugged_in(world.gateway, place.serial, answers) as charger:
        await charger.boot_until_accepted()


async def test_without_commissioning_a_charger_is_accepted_under_no_limit(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    place = await world.assigned()
    await world.service.stop()
    bare = Service(world.settings.model_copy(update={"commissioning": "none"}))
    await bare.start()
    try:
        async with plugged_in(world.gateway, place.serial) as charger:
            assert (await charger.boot())["status"] == "Accepted"
            await charger.was_asked("ChangeConfiguration", times=4)
            await charger.call("Heartbeat", {})
            assert charger.asked_for("SetChargingProfile") == []
        assert FailSafeApplied not in map(type, await world.events(place))
        assert "WITHOUT A FAIL-SAFE" in capsys.readouterr().out
    finally:
        await bare.stop()
        await world.service.start()

    async with plugged_in(world.gateway, place.serial) as charger:
        assert (await charger.boot())["status"] == "Pending"


async def test_a_stranger_is_turned_away_and_reported_once(world: World) -> None:
    place = world.somewhere()
    heard = await world.client.jetstream().subscribe(
        f"events.telemetry.*.{place.serial}.ChargerRefused", ordered_consumer=True
    )

    for _ in range(3):
        with pytest.raises(InvalidStatus) as refused:
            async with plugged_in(world.gateway, place.serial):
                pytest.fail("a stranger was let in")
        assert refused.value.response.status_code == 404
        body = (refused.value.response.body or b"").decode()
        assert place.serial in body
        assert "assign it" in body

    message = await heard.next_msg(timeout=10)
    event = ChargerRefused.model_validate_json(message.data)
    assert (event.serial, event.remote) == (place.serial, "127.0.0.1")
    assert f"charger/{place.serial}" in (message.headers or {})[META_HEADER]
    assert len(await world.log.load(f"knock-{place.serial}")) == 1


@pytest.mark.parametrize(("path", "status"), [("a b", 400), ("", 400), ("../x", 404)])
async def test_what_is_no_serial_number_is_refused(
    world: World, path: str, status: int
) -> None:
    before = await world.log.head()
    gateway = world.gateway.removesuffix("/ocpp") if path == "../x" else world.gateway

    with pytest.raises(InvalidStatus) as refused:
        async with plugged_in(gateway, path.removeprefix("../").replace(" ", "%20")):
            pytest.fail("it was let in")

    assert refused.value.response.status_code == status
    assert await world.log.head() == before


async def test_another_subprotocol_is_closed_with_a_reason(world: World) -> None:
    place = await world.assigned()

    async with plugged_in(world.gateway, place.serial, subprotocol="ocpp1.5") as charger:
        code, reason = await charger.closed()

    assert code == 1002
    assert "ocpp1.6" in str(reason)


async def test_without_a_subprotocol_nobody_is_let_in(world: World) -> None:
    place = await world.assigned()

    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{world.gateway}/{place.serial}", proxy=None):
            pytest.fail("it was let in")

    assert refused.value.response.status_code == 400
    assert b"ocpp1.6" in (refused.value.response.body or b"")


async def test_a_second_socket_replaces_the_first(world: World) -> None:
    place = await world.assigned()

    async with plugged_in(world.gateway, place.serial) as first:
        await first.boot_until_accepted()
        async with plugged_in(world.gateway, place.serial) as second:
            code, reason = await first.closed()
            assert (await second.boot())["status"] == "Accepted"
            await second.call("Heartbeat", {})
            await world.event(place, ChargerConnected, times=2)

    assert code == 1001
    assert "replaced" in str(reason)
    await world.event(place, ChargerDisconnected, times=2)
    assert [type(it).__name__ for it in await world.events(place)] == [
        "LimitWayChosen",
        "FailSafeApplied",
        "ChargerConnected",
        "ChargerDisconnected",
        "ChargerConnected",
        "ChargerDisconnected",
    ]


async def test_ten_sockets_at_once_leave_one(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

    async def knock() -> bool:
        async with plugged_in(world.gateway, place.serial) as charger:
            try:
                async with asyncio.timeout(3):
                    await charger.boot()
                    await charger.socket.wait_closed()
            except ConnectionClosed:
                return False
            except TimeoutError:
                return charger.socket.close_code is None
            return False

    outcomes = await asyncio.gather(*(knock() for _ in range(10)))

    assert outcomes.count(True) == 1
    types = [type(it) for it in await world.events(place)]
    connections = types.count(ChargerConnected)
    await world.event(place, ChargerDisconnected, times=connections)

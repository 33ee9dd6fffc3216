"""What the installation service says of a charger takes effect on it while it is connected."""

from typing import Any

import pytest

from services.telemetry.settings import Settings
from shared import subjects
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerRefused,
    FailSafeApplied,
    MeterReading,
    SessionEnded,
    SessionStarted,
)
from shared.phases import GridType, Phase
from tests.integration.telemetry.raw_charger import (
    SILENCE,
    RawCharger,
    plugged_in,
)
from tests.integration.telemetry.simulated import living, plug_a_car
from tests.integration.telemetry.steps import START, applied_a
from tests.integration.telemetry.world import Service, World

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("fail_safe_a", [0.0, 10.0])
async def test_a_changed_fail_safe_is_pushed_and_confirmed_while_connected(
    world: World, fail_safe_a: float
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        await world.announce(place.fail_safe(fail_safe_a))
        await world.event(place, FailSafeApplied, times=2)

        assert charger.fail_safes()[-1] == fail_safe_a
        assert (await world.limit(place, 1)).accepted, "it goes on as before"
    await world.event(place, ChargerDisconnected)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.call("Heartbeat", {})

    assert await applied_a(world, place) == [6.0, fail_safe_a]


async def test_a_changed_fail_safe_is_pushed_until_it_is_confirmed(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        charger.answers["SetChargingProfile"] = SILENCE
        await world.announce(place.fail_safe(0.0))

        async def pushed() -> bool:
            return charger.fail_safes()[-1] == 0.0

        await world.until(pushed)
        charger.answers["SetChargingProfile"] = {"status": "Accepted"}
        await world.event(place, FailSafeApplied, times=2)

    assert charger.fail_safes().count(0.0) >= 2
    assert await applied_a(world, place) == [6.0, 0.0]


async def test_a_changed_fail_safe_that_is_refused_puts_the_charger_out(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        charger.answers["SetChargingProfile"] = {"status": "Rejected"}

        await world.announce(place.fail_safe(10.0))

        refused = await world.event(place, ChargerRefused)
        assert (await world.limit(place, 1)).refusal == "ChargerNotReady"
    assert "10 A" in refused.reason


async def test_only_what_is_changed_last_has_to_be_confirmed(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        await world.announce(*(place.fail_safe(it) for it in (10.0, 0.0, 8.0)))

        async def confirmed() -> bool:
            return (await applied_a(world, place))[-1] == 8.0

        await world.until(confirmed)
        assert charger.fail_safes()[-1] == 8.0


async def test_a_fail_safe_changed_during_commissioning_is_confirmed_before_acceptance(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        assert (await charger.boot())["status"] == "Pending"
        await charger.was_asked("TriggerMessage")
        await world.announce(place.fail_safe(0.0))

        async def status() -> bool:
            return bool((await charger.boot())["status"] == "Accepted")

        await world.until(status)

    assert await applied_a(world, place) == [6.0, 0.0]


async def test_readings_follow_a_changed_wiring_and_grid(world: World) -> None:
    place = await world.assigned()
    subject = subjects.telemetry(MeterReading, place.installation_id, place.charger_id)
    heard = await world.client.subscribe(subject)
    value = {"value": "16", "measurand": "Current.Import", "phase": "L1"}
    taken = {"timestamp": "2026-11-22T08:01:00Z", "sampledValue": [value]}

    async def reading(charger: RawCharger) -> Any:
        await charger.call("MeterValues", {"connectorId": 1, "meterValue": [taken]})
        message = await heard.next_msg(timeout=10)
        return MeterReading.model_validate_json(message.data).current_a

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        as_built = await reading(charger)
        await world.announce(place.rewired(Phase.L2, Phase.L3, Phase.L1))
        rewired = await reading(charger)
        await world.announce(place.changed(GridType.IT_3_PHASE))
        regridded = await reading(charger)

    assert (as_built, rewired, regridded) == ((16, 0, 0), (0, 16, 0), (0, 16, 16))
    assert ChargerDisconnected not in map(type, (await world.events(place))[:-1])


async def test_where_authentication_is_required_nobody_may_charge_and_nothing_is_lost(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    place = await world.assigned()
    card = {"idTag": "04A1B2C3D4E5F6"}
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        before = await charger.call("Authorize", card)
        await world.announce(place.authentication(required=True))
        required = await charger.call("Authorize", card)
        started = await charger.call("StartTransaction", START)
        again = await charger.call("StartTransaction", START)
        await charger.call(
            "StopTransaction",
            {
                "transactionId": started["transactionId"],
                "meterStop": 1500,
                "timestamp": "2026-11-22T08:30:00Z",
                "reason": "DeAuthorized",
            },
        )
        await world.announce(place.authentication(required=False))
        after = await charger.call("Authorize", card)

    statuses = [it["idTagInfo"]["status"] for it in (before, required, started, again, after)]
    assert statuses == ["Accepted", "Invalid", "Invalid", "Invalid", "Accepted"]
    assert started["transactionId"] == again["transactionId"]
    assert (await world.event(place, SessionEnded)).energy_wh == 500
    assert "no person has this card" in capsys.readouterr().out


async def test_where_authentication_is_required_a_car_gets_nothing(world: World) -> None:
    place = await world.assigned()
    await world.announce(place.authentication(required=True))
    async with living(world.gateway, place.serial) as charger:
        await world.event(place, ChargerConnected)
        plug_a_car(charger)

        async def turned_away() -> bool:
            return charger.transactions.barred

        await world.until(turned_away)

    assert charger.outlet.draw.a == 0.0
    assert SessionStarted not in map(type, await world.events(place))


async def test_behind_a_trusted_proxy_the_charger_s_own_address_is_put_on_record(
    world: World,
) -> None:
    place = await world.assigned()
    headers = {"X-Forwarded-For": "192.0.2.1, 203.0.113.7"}
    async with plugged_in(world.gateway, place.serial, headers=headers) as charger:
        await charger.boot_until_accepted()
    directly = await world.event(place, ChargerConnected)
    await world.event(place, ChargerDisconnected)

    await world.service.stop()
    given = world.settings.model_dump() | {
        "TELEMETRY_OCPP_PORT": world.settings.ocpp_port,
        "TELEMETRY_TRUSTED_PROXIES": "127.0.0.0/8",
    }
    behind = Service(Settings(**given))
    await behind.start()
    try:
        async with plugged_in(world.gateway, place.serial, headers=headers) as charger:
            await charger.call("Heartbeat", {})
            forwarded = await world.event(place, ChargerConnected, times=2)
    finally:
        await behind.stop()
        await world.service.start()

    assert (directly.remote, forwarded.remote) == ("127.0.0.1", "203.0.113.7")


async def test_without_its_documents_locks_and_fail_safes_are_folded_again(
    world: World,
) -> None:
    place, there = await world.assigned(), world.somewhere()
    locked = await world.assigned()
    there.serial = place.serial
    await world.announce(there.created())
    await world.announce(place.removed(), there.assigned(), there.fail_safe(10.0))
    await world.announce(there.authentication(required=True), *locked.locked())
    async with plugged_in(world.gateway, there.serial) as charger:
        await charger.boot_until_accepted()
    await world.event(there, ChargerDisconnected)
    await world.service.stop()
    before = await documents(world)
    await world.pool.execute("truncate document, cursor")
    await world.client.jetstream().delete_consumer(
        "EVENTS_INSTALLATION", "telemetry-installation"
    )

    await world.service.start()
    await world.until(lambda: world.knows(there))
    await world.announce(world.somewhere().created())  # whatever came before has been heard

    assert {it: (await documents(world))[it] for it in before} == before
    async with plugged_in(world.gateway, there.serial) as charger:
        await charger.boot_until_accepted()
        assert charger.fail_safes() == [10.0], "what it was told elsewhere counts for nothing"


async def documents(world: World) -> dict[str, str]:
    """What was folded from the installation service's log."""
    rows = await world.pool.fetch(
        "select kind || ' ' || key as name, body::text from document"
        " where kind in ('grid', 'assigned') order by 1"
    )
    return {row["name"]: row["body"] for row in rows}

"""Chargers are removed, moved, exchanged; what they were told before counts no more."""

import pytest
from websockets.exceptions import InvalidStatus

from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    SessionEnded,
    SessionStarted,
)
from shared.messages.telemetry import Place as Whence
from shared.phases import GridType
from tests.integration.telemetry.raw_charger import (
    plugged_in,
)
from tests.integration.telemetry.simulated import living, now_s, plug_a_car
from tests.integration.telemetry.steps import START, accepted, applied_a
from tests.integration.telemetry.world import World

pytestmark = pytest.mark.integration


async def test_a_removed_charger_is_put_at_zero_and_turned_away(world: World) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        plug_a_car(charger)
        await world.event(place, SessionStarted)
        assert (await world.limit(place, 1, 16.0)).accepted

        async def draws() -> bool:
            return charger.outlet.draw.a > 0.0

        await world.until(draws)
        await world.announce(place.removed())
        lost = await world.event(place, ChargerDisconnected)
        (knock, *_) = await world.until(lambda: world.knocks(place))
        limits_a = [charger.outlet.profiles.in_force(now_s() + it).limit_a for it in (0, 900)]

    assert "removed from installation" in lost.reason
    assert limits_a == [0.0, 0.0]
    assert (await world.event(place, SessionEnded)).energy_wh >= 0
    assert await applied_a(world, place) == [6.0, 0.0]
    assert "not assigned" in knock.reason
    assert (knock.remote, knock.place) == ("127.0.0.1", Whence.AS_BEFORE)


async def test_a_charger_moved_to_another_installation_keeps_working(world: World) -> None:
    place, there = await world.assigned(), world.somewhere()
    there.serial, there.charger_id = place.serial, place.charger_id
    await world.announce(there.created(GridType.IT_3_PHASE))
    async with living(world.gateway, place.serial) as charger:
        plug_a_car(charger)
        await world.event(place, SessionStarted)

        await world.announce(place.removed(), there.assigned(fail_safe_a=8.0))

        async def arrived() -> bool:
            return any(
                isinstance(it, ChargerConnected) and it.installation_id == there.installation_id
                for it in await world.events(there)
            )

        await world.until(arrived)
        plug_a_car(charger)
        there.epoch = max(place.epoch, there.epoch)
        limited = await world.limit(there, 1, 12.0)
        left_behind = await world.limit_unheard(place, 2)

        async def charges() -> bool:
            return 8.0 < charger.outlet.draw.a <= 12.0

        await world.until(charges)

    assert limited.accepted
    assert left_behind
    assert await applied_a(world, place) == [6.0, 0.0]
    assert await applied_a(world, there) == [8.0]
    events = await world.events(place)
    ended = [it for it in events if isinstance(it, SessionEnded)]
    assert ended[0].installation_id == place.installation_id


async def test_a_serial_is_assigned_again_under_another_id_in_the_same_installation(
    world: World,
) -> None:
    place, there = await world.assigned(), world.somewhere()
    there.serial, there.installation_id = place.serial, place.installation_id
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await world.announce(place.removed(), there.assigned())
        code, reason = await charger.closed()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        connected = await world.event(there, ChargerConnected)

    assert (code, "removed" in str(reason)) == (1001, True)
    assert (connected.charger_id, connected.serial) == (there.charger_id, place.serial)
    assert (await world.event(place, ChargerDisconnected)).charger_id == place.charger_id


async def test_a_charger_that_was_elsewhere_is_commissioned_anew_where_it_was_before(
    world: World,
) -> None:
    place, there = await world.assigned(), world.somewhere()
    there.serial = place.serial
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
    await world.event(place, ChargerDisconnected)
    await world.announce(there.created())
    await world.announce(place.removed(), there.assigned(fail_safe_a=20.0))
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
    await world.event(there, ChargerDisconnected)

    await world.announce(there.removed(), place.assigned())
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        given_a = charger.fail_safes()

    assert given_a == [6.0]
    assert await applied_a(world, place) == [6.0, 6.0]


async def test_other_hardware_takes_over_a_charger_id(world: World) -> None:
    place = await world.assigned()
    former = place.serial
    async with plugged_in(world.gateway, former) as charger:
        await charger.boot_until_accepted()
        await charger.call("StartTransaction", START)
        removed = place.removed()
        place.serial = world.somewhere().serial
        await world.announce(removed, place.assigned())
        async with plugged_in(world.gateway, place.serial) as successor:
            await charger.was_asked("RemoteStopTransaction")
            await successor.boot_until_accepted()
            answer = await successor.call("StartTransaction", START)
            await world.event(place, ChargerConnected, times=2)
            assert (await world.limit(place, 1)).accepted
        await charger.closed()

    kinds = [type(it).__name__ for it in await world.events(place)]
    assert kinds.index("ChargerDisconnected") < kinds.index("ChargerConnected", 3)
    assert answer["transactionId"] > 0


async def test_the_end_of_a_session_is_put_on_record_where_it_was(world: World) -> None:
    place, there = await world.assigned(), world.somewhere()
    there.serial = place.serial
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        transaction_id = (await charger.call("StartTransaction", START))["transactionId"]
    await world.event(place, ChargerDisconnected)
    removed = place.removed()
    place.serial = world.somewhere().serial
    await world.announce(there.created())
    await world.announce(removed, there.assigned(), place.assigned())
    async with plugged_in(world.gateway, place.serial) as successor:
        await successor.boot_until_accepted()
        await successor.call("StartTransaction", START)

    stop = {
        "transactionId": transaction_id,
        "meterStop": 8000,
        "timestamp": "2026-11-22T09:00:00Z",
    }
    async with plugged_in(world.gateway, there.serial) as charger:
        await charger.boot_until_accepted()
        await charger.call("StopTransaction", stop)
        await charger.call("StopTransaction", stop)

    ended = [it for it in await world.events(place) if isinstance(it, SessionEnded)]
    assert [(it.transaction_id, it.energy_wh) for it in ended] == [(transaction_id, 7000)]
    assert SessionEnded not in map(type, await world.events(there))


async def test_a_charger_removed_while_it_was_away_is_a_stranger(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial, host="127.0.0.3") as charger:
        await charger.boot_until_accepted()
    await world.event(place, ChargerDisconnected)
    await world.announce(place.removed())

    with pytest.raises(InvalidStatus) as refusal:
        async with plugged_in(world.gateway, place.serial, host="127.0.0.4"):
            pytest.fail("it was let in")

    assert refusal.value.response.status_code == 404
    (knock,) = await world.until(lambda: world.knocks(place))
    assert (knock.remote, knock.place) == ("127.0.0.4", Whence.ELSEWHERE)


async def test_a_serial_that_support_has_freed_belongs_to_nobody_until_it_is_assigned(
    world: World,
) -> None:
    place, other = await world.assigned(), world.somewhere()
    await accepted(world, place)
    await world.announce(*place.locked())
    await world.announce(place.unlocked(), place.removed())

    with pytest.raises(InvalidStatus) as stranger:
        async with plugged_in(world.gateway, place.serial):
            pytest.fail("it was let in")
    other.serial = place.serial
    await world.announce(other.created(), other.assigned())
    async with plugged_in(world.gateway, other.serial) as charger:
        await charger.boot_until_accepted()
        connected = await world.event(other, ChargerConnected)

    assert stranger.value.response.status_code == 404
    assert (connected.installation_id, connected.serial) == (
        other.installation_id,
        place.serial,
    )

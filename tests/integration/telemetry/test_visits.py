"""A charger that was away when it was locked is told so at its next knock, and then refused."""

from typing import Any

import pytest

from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    FailSafeApplied,
    SessionEnded,
)
from shared.messages.telemetry import Place as Whence
from tests.integration.telemetry.raw_charger import (
    SILENCE,
    CallErrorReceived,
    plugged_in,
)
from tests.integration.telemetry.steps import START, accepted, refused, stop_of
from tests.integration.telemetry.world import World

pytestmark = pytest.mark.integration


async def test_the_end_of_a_session_is_heard_although_the_charger_is_locked_out(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        transaction_id = (await charger.call("StartTransaction", START))["transactionId"]
        await world.announce(*place.locked())
        await charger.closed()
    assert SessionEnded not in map(type, await world.events(place))

    async with plugged_in(world.gateway, place.serial) as charger:
        with pytest.raises(CallErrorReceived) as heartbeat:
            await charger.call("Heartbeat", {})
        await charger.call("StopTransaction", stop_of(transaction_id))
        await charger.closed()

    assert (heartbeat.value.code, "locked" in heartbeat.value.description) == (
        "SecurityError",
        True,
    )
    assert (await world.event(place, SessionEnded)).energy_wh == 7000
    await refused(world, place)
    assert [type(it) for it in await world.events(place)].count(ChargerConnected) == 1


async def test_a_locked_charger_whose_session_never_ends_is_not_let_in_all_the_time(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await charger.call("StartTransaction", START)
        await world.announce(*place.locked())
        await charger.closed()

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.closed()

    await refused(world, place)


async def test_a_charger_that_was_restarted_tells_the_end_once_it_is_at_zero(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        transaction_id = (await charger.call("StartTransaction", START))["transactionId"]
    await world.event(place, ChargerDisconnected)
    await world.announce(*place.locked())

    not_running = {"RemoteStopTransaction": {"status": "Rejected"}}
    async with plugged_in(world.gateway, place.serial, not_running) as charger:
        first = await charger.boot()
        await charger.was_asked("TriggerMessage")
        second = await charger.boot()
        await charger.call("StopTransaction", stop_of(transaction_id))
        await charger.closed()

    assert (first["status"], second["status"]) == ("Pending", "Accepted")
    assert charger.fail_safes() == [0.0]
    assert (await world.event(place, SessionEnded)).energy_wh == 7000
    assert [type(it) for it in await world.events(place)].count(ChargerConnected) == 1


@pytest.mark.parametrize("came_before", [True, False])
async def test_a_charger_locked_while_it_was_away_is_told_to_draw_nothing_and_then_refused(
    world: World, *, came_before: bool
) -> None:
    place = await world.assigned()
    if came_before:
        await accepted(world, place)
    await world.announce(*place.locked())

    async with plugged_in(world.gateway, place.serial) as charger:
        booted = await charger.boot()
        code, reason = await charger.closed()

    assert booted["status"] == "Pending"
    assert charger.fail_safes() == [0.0]
    assert charger.asked_for("ClearChargingProfile") == [{"id": 2}]
    assert (code, "locked" in str(reason)) == (1001, True)
    assert (await world.event(place, FailSafeApplied)).fail_safe_a == 0.0
    assert await world.knocks(place) == []

    text = await refused(world, place)
    assert (place.serial in text, "locked" in text) == (True, True)
    (knock,) = await world.until(lambda: world.knocks(place))
    assert knock.place is (Whence.AS_BEFORE if came_before else Whence.UNKNOWN)
    connections = [type(it) for it in await world.events(place)].count(ChargerConnected)
    assert connections == came_before


async def test_a_locked_charger_that_says_nothing_is_told_all_the_same(world: World) -> None:
    place = await world.assigned()
    await world.announce(*place.locked())

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.closed()

    assert charger.fail_safes() == [0.0]
    await refused(world, place)


@pytest.mark.parametrize("answer", [SILENCE, {"status": "Rejected"}])
async def test_a_locked_charger_that_does_not_confirm_is_told_again_at_its_next_knock(
    world: World, answer: dict[str, Any]
) -> None:
    place = await world.assigned()
    await accepted(world, place)
    await world.announce(*place.locked())
    async with plugged_in(
        world.gateway, place.serial, {"SetChargingProfile": answer}
    ) as charger:
        await charger.boot()
        await charger.closed()

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot()
        await charger.closed()

    assert charger.fail_safes() == [0.0]
    applied = [it for it in await world.events(place) if isinstance(it, FailSafeApplied)]
    assert [it.fail_safe_a for it in applied] == [6.0, 0.0]
    await refused(world, place)


async def test_a_charger_unlocked_during_its_visit_is_let_in_at_its_next_one(
    world: World,
) -> None:
    place = await world.assigned()
    await accepted(world, place)
    await world.announce(*place.locked())

    async with plugged_in(
        world.gateway, place.serial, {"SetChargingProfile": SILENCE}
    ) as charger:
        await world.announce(place.unlocked(), place.fail_safe(6.0))
        await charger.closed()

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        assert (await world.limit(place, 1)).accepted


async def test_a_lock_holds_through_a_restart(world: World) -> None:
    place, away = await world.assigned(), await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await world.announce(*place.locked(), *away.locked())
        await charger.closed()

    await world.service.stop()
    await world.service.start()

    await refused(world, place)
    async with plugged_in(world.gateway, away.serial) as charger:
        assert (await charger.boot())["status"] == "Pending"
        await charger.closed()
    assert (await world.event(away, FailSafeApplied)).fail_safe_a == 0.0

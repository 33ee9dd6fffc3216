"""Locked chargers draw nothing, and are told apart if somebody moves them."""

import asyncio

import pytest

from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerRefused,
    FailSafeApplied,
    SessionEnded,
    SessionStarted,
)
from shared.messages.telemetry import Place as Whence
from tests.integration.telemetry.raw_charger import (
    RawCharger,
    plugged_in,
)
from tests.integration.telemetry.simulated import living, now_s, plug_a_car
from tests.integration.telemetry.steps import START, refused, stop_of
from tests.integration.telemetry.world import Place, World, soon

pytestmark = pytest.mark.integration

HOURS_S = 24 * 3600.0


async def test_a_car_draws_nothing_after_a_lock_although_its_lease_had_minutes_to_go(
    world: World,
) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        plug_a_car(charger)
        await world.event(place, SessionStarted)
        assert (await world.limit(place, 1, 16.0, valid_until=soon(600))).accepted

        async def draws() -> bool:
            return charger.outlet.draw.a > 15.0

        await world.until(draws)
        await world.announce(*place.locked())
        lost = await world.event(place, ChargerDisconnected)

        async def draws_nothing() -> bool:
            return charger.outlet.draw.a == 0.0

        await world.until(draws_nothing)
        limits_a = [
            charger.outlet.profiles.in_force(now_s() + later_s).limit_a
            for later_s in (0.0, 60.0, 700.0, HOURS_S)
        ]
        knock = await world.until(lambda: world.knocks(place))

    assert limits_a == [0.0] * 4
    assert (await world.event(place, FailSafeApplied)).fail_safe_a == 0.0
    assert "locked" in lost.reason
    assert "level-1" in lost.reason
    started, ended = (
        await world.event(place, SessionStarted),
        await world.event(place, SessionEnded),
    )
    assert (ended.session_id, ended.reason) == (started.session_id, "Remote")
    assert ended.energy_wh > 0
    assert "locked" in knock[0].reason
    assert (knock[0].remote, knock[0].place) == ("127.0.0.1", Whence.AS_BEFORE)


async def test_what_a_charger_is_told_when_it_is_locked_and_that_it_gets_no_limits(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        transaction_id = (await charger.call("StartTransaction", START))["transactionId"]
        assert (await world.limit(place, 1)).accepted
        before = len(charger.asked)

        await world.announce(*place.locked())
        await charger.was_asked("RemoteStopTransaction")
        answer = await world.limit(place, 2)
        told = charger.asked[before:]
        stopped = await charger.call("StopTransaction", stop_of(transaction_id))
        code, reason = await charger.closed()

    assert [action for action, _ in told] == [
        "SetChargingProfile",
        "ClearChargingProfile",
        "RemoteStopTransaction",
    ]
    assert charger.fail_safes()[-1] == 0.0
    assert told[1][1] == {"id": 2}
    assert told[2][1] == {"transactionId": transaction_id}
    assert (answer.refusal, "locked" in str(answer.detail)) == ("ChargerBarred", True)
    assert stopped == {"idTagInfo": {"status": "Accepted"}}
    assert (code, "locked" in str(reason)) == (1001, True)
    await world.event(place, ChargerDisconnected)
    assert [type(it).__name__ for it in await world.events(place)][-3:] == [
        "FailSafeApplied",
        "SessionEnded",
        "ChargerDisconnected",
    ]
    assert "circuit level-1" in await refused(world, place)


async def test_a_limit_that_cannot_be_cleared_is_replaced_by_none_at_all(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(
        world.gateway, place.serial, {"ClearChargingProfile": None}
    ) as charger:
        await charger.boot_until_accepted()
        assert (await world.limit(place, 1, 16.0)).accepted
        await world.announce(*place.locked())
        limits = await charger.limits(2)
        await charger.closed()

    limits_a = [it["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] for it in limits]
    assert limits_a == [16.0, 0.0]
    assert limits[1]["validTo"] > limits[0]["validTo"]


async def test_a_locked_charger_that_is_moved_is_told_apart(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial, host="127.0.0.5") as charger:
        await charger.boot_until_accepted()
        assert (await world.event(place, ChargerConnected)).remote == "127.0.0.5"
        await world.announce(*place.locked())
        await charger.closed()

    for host in ("127.0.0.5", "127.0.0.5", "127.0.0.6", "127.0.0.6"):
        await refused(world, place, host)

    async def both() -> list[ChargerRefused]:
        knocks = await world.knocks(place)
        return knocks if len(knocks) >= 2 else []

    knocks = await world.until(both)
    assert [(it.remote, it.place) for it in knocks] == [
        ("127.0.0.5", Whence.AS_BEFORE),
        ("127.0.0.6", Whence.ELSEWHERE),
    ]


async def test_a_simulated_charger_carried_away_while_it_is_locked_is_told_apart(
    world: World,
) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        await world.event(place, ChargerConnected)
        await world.announce(*place.locked())
        await world.event(place, ChargerDisconnected)
        charger.carry("127.0.0.8", now_s())
        charger.power_on(now_s())

        async def elsewhere() -> bool:
            return any(it.place is Whence.ELSEWHERE for it in await world.knocks(place))

        await world.until(elsewhere)


async def test_an_unlocked_charger_is_let_in_again_with_its_new_fail_safe(
    world: World,
) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        await world.event(place, ChargerConnected)
        await world.announce(*place.locked())
        await world.event(place, ChargerDisconnected)
        await world.until(lambda: world.knocks(place))

        await world.announce(place.unlocked(), place.fail_safe(10.0))
        await world.event(place, ChargerConnected, times=2)
        in_force_a = charger.outlet.profiles.in_force(now_s()).limit_a

    applied = [it for it in await world.events(place) if isinstance(it, FailSafeApplied)]
    assert [it.fail_safe_a for it in applied] == [6.0, 0.0, 10.0]
    assert in_force_a == 10.0


async def test_many_chargers_of_a_garage_are_locked_at_once(world: World) -> None:
    places = [await world.assigned() for _ in range(10)]

    async def locked_out(place: Place, go: asyncio.Event, here: list[RawCharger]) -> None:
        async with plugged_in(world.gateway, place.serial) as charger:
            await charger.boot_until_accepted()
            here.append(charger)
            await go.wait()
            await charger.closed()

    go, here = asyncio.Event(), list[RawCharger]()
    leaving = [asyncio.create_task(locked_out(it, go, here)) for it in places]

    async def all_here() -> bool:
        return len(here) == len(places)

    await world.until(all_here)
    await world.announce(*(event for place in places for event in place.locked()))
    go.set()
    await asyncio.gather(*leaving)

    for place in places:
        assert (await world.event(place, FailSafeApplied, times=2)).fail_safe_a == 0.0
        await refused(world, place)

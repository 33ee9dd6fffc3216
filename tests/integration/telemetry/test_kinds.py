"""Chargers of all kinds on the real gateway: whatever they can do, nothing is above what was promised."""

import asyncio
from typing import Any

import pytest

from shared.messages.holding import (
    FailSafeNotInForce,
    Holds,
    LimitNotInForce,
    LimitsShown,
    LimitWayChosen,
    Scope,
    Unit,
)
from shared.messages.telemetry import ChargerConnected, ChargerRefused, FailSafeApplied
from simulator.charger import Charger
from simulator.skills import SKILLS
from tests.integration.telemetry.simulated import living, now_s
from tests.integration.telemetry.world import Place, World, soon

pytestmark = pytest.mark.integration

LEASE_S = 3.0
FAIL_SAFE_A = 8.0

WAYS: dict[str, dict[str, Any]] = {
    "full": {"holds": Holds.STACKED, "shows": True, "reason": ""},
    "silent": {"holds": Holds.STACKED, "shows": False},
    "no-levels": {"holds": Holds.SCHEDULED, "shows": True},
    "newest-only": {"holds": Holds.SCHEDULED, "shows": True},
    "no-ends": {"holds": Holds.SCHEDULED, "shows": True},
    "station-max": {"holds": Holds.STACKED, "scope": Scope.CHARGER},
    "watts": {"holds": Holds.STACKED, "unit": Unit.WATTS},
    "rounds-up": {"holds": Holds.STACKED},
    "whole-amperes": {"holds": Holds.STACKED},
    "one-period": {"holds": Holds.FAIL_SAFE_ONLY},
}


async def offered_a(charger: Charger) -> float:
    """What is in force at a charger, in amperes on each phase, by its own clock."""
    outlet = charger.outlet
    found, _, _ = outlet.profiles.in_force(charger.registration.own_s(now_s()))
    return outlet.max_a if found is None else found / outlet.highest * outlet.max_a


async def commissioned(world: World, place: Place) -> LimitWayChosen:
    await world.event(place, ChargerConnected)
    assert (await world.event(place, FailSafeApplied)).fail_safe_a == FAIL_SAFE_A
    return await world.event(place, LimitWayChosen)


async def test_whatever_a_charger_can_do_limits_end_in_its_fail_safe(world: World) -> None:
    places = {skill: await world.assigned(fail_safe_a=FAIL_SAFE_A) for skill in WAYS}
    async with asyncio.TaskGroup() as kinds:
        for skill, place in places.items():
            kinds.create_task(_limited(world, place, skill))


async def _limited(world: World, place: Place, skill: str) -> None:
    async with living(world.gateway, place.serial, skill=skill) as charger:
        way = await commissioned(world, place)
        for field, value in WAYS[skill].items():
            assert getattr(way, field) == value, (skill, field, way)
        assert await offered_a(charger) <= FAIL_SAFE_A, skill

        answer = await world.limit(place, 1, 16.7, valid_until=soon(LEASE_S))
        if way.holds is Holds.FAIL_SAFE_ONLY:
            assert answer.refusal == "LimitNotHeld"
        else:
            assert answer.accepted, skill
            assert 16.0 <= await offered_a(charger) <= 17.0, skill

        await world.until(lambda: _falls_back(charger))


async def _falls_back(charger: Charger) -> bool:
    return await offered_a(charger) <= FAIL_SAFE_A


@pytest.mark.parametrize("skill", ["none", "transaction-only"])
async def test_one_that_cannot_be_limited_is_let_in_only_where_all_it_has_is_its_fail_safe(
    world: World, skill: str
) -> None:
    place = await world.assigned(fail_safe_a=FAIL_SAFE_A)
    async with living(world.gateway, place.serial, skill=skill):
        refused = await world.event(place, ChargerRefused)
    assert "set its fail-safe to 32 A" in refused.reason

    place = await world.assigned(fail_safe_a=32.0)
    async with living(world.gateway, place.serial, skill=skill):
        await world.event(place, ChargerConnected)
        assert (await world.event(place, LimitWayChosen)).holds is Holds.FIXED
        assert (await world.limit(place, 1, 16.0)).refusal == "LimitNotHeld"


@pytest.mark.parametrize("skill", ["full", "no-levels", "no-ends"])
async def test_a_changed_fail_safe_leaves_the_limit_that_is_in_force(
    world: World, skill: str
) -> None:
    place = await world.assigned(fail_safe_a=FAIL_SAFE_A)
    async with living(world.gateway, place.serial, skill=skill) as charger:
        await commissioned(world, place)
        assert (await world.limit(place, 1, 0.0, valid_until=soon(LEASE_S))).accepted

        await world.announce(place.fail_safe(10.0))
        await world.event(place, FailSafeApplied, times=2)

        assert await offered_a(charger) == 0.0, "a pause that others were given current for"
        await world.until(lambda: _at(charger, 10.0))


async def test_one_that_forgets_what_it_could_is_found_out_and_told_in_another_way(
    world: World,
) -> None:
    place = await world.assigned(fail_safe_a=FAIL_SAFE_A)
    async with living(world.gateway, place.serial) as charger:
        await commissioned(world, place)
        charger.outlet.profiles.skill = SKILLS["no-ends"]

        assert (await world.limit(place, 1, 16.0)).accepted
        doubt = await world.event(place, FailSafeNotInForce)
        changed = await world.event(place, LimitWayChosen, times=2)
        await world.event(place, LimitsShown)

        assert (doubt.fail_safe_a, doubt.shown_a) == (FAIL_SAFE_A, 16.0)
        assert changed.holds is Holds.SCHEDULED
        assert await offered_a(charger) == 16.0, "meanwhile it went on with its limit"
        assert (await world.limit(place, 2, 12.0, valid_until=soon(LEASE_S))).accepted
        await world.until(lambda: _falls_back(charger))


async def test_one_that_makes_more_of_a_limit_is_told_whole_amperes(world: World) -> None:
    place = await world.assigned(fail_safe_a=FAIL_SAFE_A)
    async with living(world.gateway, place.serial, skill="rounds-up") as charger:
        await commissioned(world, place)

        assert (await world.limit(place, 1, 10.7)).accepted
        doubt = await world.event(place, LimitNotInForce)
        changed = await world.event(place, LimitWayChosen, times=2)
        await world.event(place, LimitsShown)

        assert (doubt.limit_a, doubt.shown_a) == (10.7, 11.0)
        assert (changed.holds, changed.whole) == (Holds.STACKED, True)
        assert await offered_a(charger) == 10.0


async def test_one_that_shows_nothing_any_more_is_not_asked_again(world: World) -> None:
    place = await world.assigned(fail_safe_a=FAIL_SAFE_A)
    async with living(world.gateway, place.serial) as charger:
        await commissioned(world, place)
        charger.outlet.profiles.skill = SKILLS["silent"]

        assert (await world.limit(place, 1, 16.0)).accepted
        changed = await world.event(place, LimitWayChosen, times=2)

        assert (changed.holds, changed.shows) == (Holds.STACKED, False)


async def _at(charger: Charger, a: float) -> bool:
    return await offered_a(charger) == pytest.approx(a)

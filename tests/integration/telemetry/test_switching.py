"""Phases told over OCPP 1.6: a charger that switches does, and what cannot be told is refused."""

import asyncio

import pytest

from shared import subjects
from shared.messages.telemetry import (
    NOT_TELLABLE,
    ChargerConnected,
    CurrentLimitRejected,
    MeterReading,
)
from shared.phases import ALL_TERMINALS, Phase
from simulator.ocpp2.tongue import OCPP_201
from tests.integration.telemetry.places import Place
from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.simulated import living, plug_a_car
from tests.integration.telemetry.world import World

pytestmark = pytest.mark.integration

WIRING = (Phase.L2, Phase.L3, Phase.L1)
DRAWS_A = 5.0


async def lines_drawn(world: World, place: Place, lines: set[int]) -> MeterReading:
    """Wait for a reading that shows current on just these lines."""
    subject = subjects.telemetry(MeterReading, place.installation_id, place.charger_id)
    subscription = await world.client.subscribe(subject)
    async with asyncio.timeout(30):
        async for message in subscription.messages:
            reading = MeterReading.model_validate_json(message.data)
            drawn = {i for i, a in enumerate(reading.current_a) if a > DRAWS_A}
            if drawn == lines:
                break
    await subscription.unsubscribe()
    return reading


async def test_a_charger_that_is_told_one_phase_charges_on_that_of_its_first_terminal(
    world: World,
) -> None:
    place = await world.assigned(wiring=WIRING)
    async with living(world.gateway, place.serial, switching=True) as charger:
        await world.event(place, ChargerConnected)
        plug_a_car(charger)
        assert (await world.limit(place, 1, terminals=ALL_TERMINALS)).accepted
        await lines_drawn(world, place, {0, 1, 2})

        assert (await world.limit(place, 2, terminals=(1,))).accepted
        on_one = await lines_drawn(world, place, {1})
        assert (await world.limit(place, 3, terminals=ALL_TERMINALS)).accepted
        await lines_drawn(world, place, {0, 1, 2})

    assert on_one.current_a[0] == on_one.current_a[2] == 0.0
    assert charger.outlet.switches == 2


async def test_a_charger_of_2_0_1_that_can_choose_uses_the_phase_that_it_is_told(
    world: World,
) -> None:
    place = await world.assigned(wiring=WIRING)
    chosen = living(
        world.gateway, place.serial, switching=True, any_terminal=True, protocol=OCPP_201
    )
    async with chosen as charger:
        await world.event(place, ChargerConnected)
        plug_a_car(charger)
        assert (await world.limit(place, 1, terminals=(3,))).accepted
        await lines_drawn(world, place, {0})


async def test_a_charger_of_2_0_1_that_cannot_choose_is_not_told_which(world: World) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial, switching=True, protocol=OCPP_201):
        await world.event(place, ChargerConnected)
        first = await world.limit(place, 1, terminals=(1,))
        third = await world.limit(place, 2, terminals=(3,))

    assert first.accepted
    assert third.refusal == "PhaseNotTellable"
    assert (await world.event(place, CurrentLimitRejected)).status == NOT_TELLABLE


async def test_which_one_of_the_phases_is_not_told_in_ocpp_1_6(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        refused = await world.limit(place, 1, terminals=(2,))
        taken = await world.limit(place, 2, terminals=(1,))
        (profile,) = await charger.limits(1)

    assert refused.refusal == "PhaseNotTellable"
    assert "first terminal" in str(refused.detail)
    rejected = await world.event(place, CurrentLimitRejected)
    assert (rejected.sequence, rejected.status) == (1, NOT_TELLABLE)
    assert rejected.terminals == (2,)
    assert taken.accepted
    (period,) = profile["chargingSchedule"]["chargingSchedulePeriod"]
    assert period["numberPhases"] == 1

"""A reading that was answered is stored; what is not plain goes the long way, and loses nothing."""

import asyncio
from typing import Any

import orjson
import pytest
from nats.js.api import StreamConfig

from services.telemetry.publisher import Publisher
from shared import subjects
from shared.clock import utc_now
from shared.messages.telemetry import MeterReading
from shared.messaging import connect, telemetry_jetstream
from tests.integration.telemetry.raw_charger import CallErrorReceived, plugged_in
from tests.integration.telemetry.test_messages import meter_values
from tests.integration.telemetry.world import Place, World
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def stored(world: World, place: Place) -> int:
    """Count the readings of a charger that are in the jetstream."""
    subject = subjects.telemetry(MeterReading, place.installation_id, place.charger_id)
    info = await world.client.jetstream().stream_info(
        subjects.TELEMETRY_JETSTREAM, subjects_filter=subject
    )
    return sum((info.state.subjects or {}).values())


async def test_what_was_answered_is_stored(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for number in range(1, 6):
            await charger.call("MeterValues", meter_values(number, number, number))

            assert await stored(world, place) == number


async def test_a_reading_that_is_wrong_is_refused_between_others_that_are_not(
    world: World,
) -> None:
    place = await world.assigned()
    wrong: dict[str, Any] = {"connectorId": 1, "meterValue": []}
    untimely = meter_values(1, 1, 1)
    untimely["meterValue"][0]["timestamp"] = "noon"
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await charger.call("MeterValues", meter_values(6, 6, 6))
        for refused in (wrong, untimely):
            with pytest.raises(CallErrorReceived):
                await charger.call("MeterValues", refused)
        await charger.call("MeterValues", meter_values(7, 7, 7))

        assert await stored(world, place) == 2


async def test_a_reading_in_several_frames_is_one(world: World) -> None:
    place = await world.assigned()
    text = orjson.dumps([2, "in-pieces", "MeterValues", meter_values(8, 8, 8)]).decode()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await charger.socket.send([text[:20], text[20:90], text[90:]])

        assert await charger.next_raw() == [3, "in-pieces", {}]
        assert await stored(world, place) == 1


async def test_readings_overtake_nothing_that_came_before_them(world: World) -> None:
    place = await world.assigned()
    reading = orjson.dumps([2, "reading", "MeterValues", meter_values(9, 9, 9)]).decode()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for number in range(20):
            await charger.socket.send(f'[2,"before-{number}","Heartbeat",{{}}]')
        await charger.socket.send(reading)

        answers = [(await charger.next_raw())[1] for _ in range(21)]

    assert answers[-1] == "reading"


async def test_a_charger_that_floods_the_gateway_has_all_its_readings_stored(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for number in range(400):
            frame = [2, f"r-{number}", "MeterValues", meter_values(number, number, number)]
            await charger.socket.send(orjson.dumps(frame).decode())

        answers = {(await charger.next_raw())[1] for _ in range(400)}

        assert answers == {f"r-{number}" for number in range(400)}
        assert await stored(world, place) == 400


async def test_a_jetstream_of_before_learns_to_take_batches(world: World) -> None:
    place = world.somewhere()
    js = world.client.jetstream()
    await world.service.stop()
    await js.delete_stream(subjects.TELEMETRY_JETSTREAM)
    before: StreamConfig = telemetry_jetstream()
    before.allow_atomic = False
    await js.add_stream(before)
    client = await connect(world.servers.nats_url, "test-publisher")
    publisher = Publisher(client)
    try:
        for number in range(3):
            publisher.offer(
                MeterReading(
                    **place.ids,
                    measured_at=utc_now(),
                    received_at=utc_now(),
                    current_a=(number, 0, 0),
                )
            )
        running = asyncio.create_task(publisher.run())
        await publisher.stored()

        assert await until(lambda: stored(world, place), lambda it: it == 3)
        running.cancel()
    finally:
        await client.close()
        await world.service.start()

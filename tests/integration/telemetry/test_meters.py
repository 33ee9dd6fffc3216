"""A meter at a breaker pushes its readings, and they are published."""

import asyncio

import httpx
import pytest
from nats.aio.msg import Msg

from shared import subjects
from shared.clock import utc_now
from shared.messages.installation import Measures, MeterAdded, MeterKind, MeterRemoved
from shared.messages.telemetry import BreakerReading
from shared.phases import PHASES
from tests.integration.telemetry.world import World

pytestmark = pytest.mark.integration


async def test_a_reading_that_is_pushed_is_published(world: World) -> None:
    place = world.somewhere()
    about = {"installation_id": place.installation_id, "meter_id": "house", "circuit_id": None}
    added = MeterAdded(
        **about,
        kind=MeterKind.BUILDING,
        measures=Measures.TOTAL,
        phases=PHASES,
        highest_a=40,
        error_a=0.5,
        interval_s=1,
    )
    await world.announce(place.created(), added)
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    subject = subjects.telemetry(BreakerReading, place.installation_id, "house")
    await world.client.subscribe(subject, cb=heard.put)
    await world.client.flush()
    door = f"http://127.0.0.1:{world.settings.meter_port}/meters/{place.installation_id}"
    async with httpx.AsyncClient() as http:

        async def push(name: str) -> int:
            said = {"measured_at": utc_now().isoformat(), "current_a": [12.5, 0.0, -3.0]}
            return (await http.post(f"{door}/{name}", json=said)).status_code

        assert await push("house") == 202
        async with asyncio.timeout(10):
            reading = BreakerReading.model_validate_json((await heard.get()).data)
        assert reading.current_a == (12.5, 0.0, -3.0)
        assert await push("roof") == 404

        await world.announce(MeterRemoved(**about))
        assert await push("house") == 404

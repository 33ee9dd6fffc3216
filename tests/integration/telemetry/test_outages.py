"""Servers that die and come back: chargers are answered meanwhile, and nothing is lost."""

import asyncio
import os
import signal
from typing import Any

import pytest

from shared import subjects
from shared.messages.telemetry import MeterReading, SessionStarted
from tests.integration.telemetry.raw_charger import CallErrorReceived, RawCharger, plugged_in
from tests.integration.telemetry.world import World

pytestmark = pytest.mark.integration

START = {
    "connectorId": 1,
    "idTag": "04A1B2C3D4E5F6",
    "meterStart": 1000,
    "timestamp": "2026-11-22T08:00:00Z",
}


def meter_values(amperes: float) -> dict[str, Any]:
    value = {"value": str(amperes), "measurand": "Current.Import", "phase": "L1"}
    taken = {"timestamp": "2026-11-22T08:01:00Z", "sampledValue": [value]}
    return {"connectorId": 1, "meterValue": [taken]}


async def killed(world: World, server: str) -> None:
    """Kill a server and wait until its successor runs."""
    before = world.servers.pid_of(server)
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(30):
        while world.servers.pid_now(server) in {None, before}:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await world.servers.wait_ready()


async def test_readings_taken_while_nats_is_away_arrive_when_it_is_back(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        coming_back = asyncio.create_task(killed(world, "nats"))
        for amperes in range(30):
            assert await charger.call("MeterValues", meter_values(amperes)) == {}
        await coming_back

        subject = subjects.telemetry(MeterReading, place.installation_id, place.charger_id)
        heard = await world.client.jetstream().subscribe(
            subject, stream=subjects.TELEMETRY_JETSTREAM, ordered_consumer=True
        )
        seen: set[float] = set()
        async with asyncio.timeout(30):
            while len(seen) < 30:
                message = await heard.next_msg(timeout=30)
                seen.add(MeterReading.model_validate_json(message.data).current_a[0])

        assert seen == set(range(30))
        assert (await world.limit(place, 1)).accepted, "its commands are heard again"


async def test_a_session_started_while_postgres_is_away_is_there_once(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        coming_back = asyncio.create_task(killed(world, "postgres"))

        first = await persistently(charger, START)
        assert await charger.call("MeterValues", meter_values(6)) == {}
        await coming_back
        again = await persistently(charger, START)

        assert first == again
        assert [type(it) for it in await world.events(place)].count(SessionStarted) == 1
        assert (await world.limit(place, 1)).accepted


async def persistently(charger: RawCharger, payload: dict[str, Any]) -> int:
    """Start a transaction as a charger does: again and again until it is answered."""
    async with asyncio.timeout(30):
        while True:
            try:
                answer = await charger.call("StartTransaction", payload)
            except CallErrorReceived as refused:
                assert refused.code == "InternalError"  # noqa: PT017  # it may succeed as well
                await asyncio.sleep(0.1)
            else:
                return int(answer["transactionId"])

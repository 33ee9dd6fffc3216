"""What a restart of the service leaves as it was, killed or asked to stop."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    CurrentLimitApplied,
    SessionEnded,
    SessionStarted,
)
from tests.integration.telemetry.raw_charger import RawCharger, plugged_in
from tests.integration.telemetry.world import Place, World
from tests.support.databases import ROOT

pytestmark = pytest.mark.integration

START = {
    "connectorId": 1,
    "idTag": "04A1B2C3D4E5F6",
    "meterStart": 1000,
    "timestamp": "2026-11-22T08:00:00Z",
}


def stop_of(transaction_id: int) -> dict[str, Any]:
    return {
        "transactionId": transaction_id,
        "meterStop": 8000,
        "timestamp": "2026-11-22T09:00:00Z",
    }


async def test_an_open_session_and_its_id_survive_a_restart(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        first = await charger.call("StartTransaction", START)
        await world.service.stop()
        code, reason = await charger.closed()
    await world.service.start()

    async with plugged_in(world.gateway, place.serial) as charger:
        again = await charger.call("StartTransaction", START)
        await charger.call("StopTransaction", stop_of(again["transactionId"]))

    assert (code, reason) == (1012, "the gateway stops")
    assert again["transactionId"] == first["transactionId"]
    started = await world.event(place, SessionStarted)
    ended = await world.event(place, SessionEnded)
    assert ended.session_id == started.session_id
    reasons = [
        it.reason for it in await world.events(place) if isinstance(it, ChargerDisconnected)
    ]
    assert reasons[0] == "the gateway stops"


async def test_a_long_history_is_read_from_its_snapshot(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        first = await charger.call("StartTransaction", START)
        for sequence in range(1, 141):
            assert (await world.limit(place, sequence)).accepted
    await world.event(place, ChargerDisconnected)
    version = await world.pool.fetchval(
        "select version from snapshot where stream = $1", f"charger-{place.charger_id}"
    )
    assert 128 <= version <= 144

    await world.service.stop()
    await world.service.start()

    async with plugged_in(world.gateway, place.serial) as charger:
        again = await charger.call("StartTransaction", START)
        assert again["transactionId"] == first["transactionId"]
        assert (await world.limit(place, 139)).refusal == "StaleSequence"
        assert (await world.limit(place, 141)).accepted
    await world.event(place, CurrentLimitApplied, times=141)


async def test_without_its_documents_the_service_knows_the_same(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        assert (await world.limit(place, 5)).accepted
    await world.service.stop()
    await world.pool.execute("truncate document, cursor, snapshot")
    await world.client.jetstream().delete_consumer(
        "EVENTS_INSTALLATION", "telemetry-installation"
    )

    await world.service.start()
    await world.until(lambda: world.knows(place))

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.call("Heartbeat", {})
        assert (await world.limit(place, 4)).refusal == "StaleSequence"


@asynccontextmanager
async def process(world: World) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service as a process of its own, on the same database and port."""
    settings = world.settings
    environment = {
        **os.environ,
        "NATS_URL": settings.nats_url,
        "DATABASE_URL": settings.database_url,
        "TELEMETRY_OCPP_PORT": str(settings.ocpp_port),
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.telemetry", cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert running.stdout is not None
        async with asyncio.timeout(30):
            while b"gateway listens" not in await running.stdout.readline():
                assert running.returncode is None
        drain = asyncio.create_task(running.stdout.read())
        yield running
        drain.cancel()
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


@asynccontextmanager
async def with_an_open_session(world: World, place: Place) -> AsyncIterator[RawCharger]:
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await charger.call("StartTransaction", START)
        yield charger


async def test_after_a_kill_lost_connections_are_put_on_record_and_sessions_go_on(
    world: World,
) -> None:
    place, other = await world.assigned(), await world.assigned()
    await world.service.stop()
    try:
        async with (
            process(world) as running,
            with_an_open_session(world, place),
            with_an_open_session(world, other),
        ):
            killed_gateway = (await world.event(place, ChargerConnected)).gateway_id
            running.send_signal(signal.SIGKILL)
            await running.wait()
    finally:
        await world.service.start()

    for it in (place, other):
        lost = await world.event(it, ChargerDisconnected)
        assert (lost.reason, lost.gateway_id) == ("gateway restarted", killed_gateway)
    async with plugged_in(world.gateway, place.serial) as charger:
        again = await charger.call("StartTransaction", START)
        await charger.call("StopTransaction", stop_of(again["transactionId"]))
    started = await world.event(place, SessionStarted)
    ended = await world.event(place, SessionEnded)
    assert (ended.session_id, ended.energy_wh) == (started.session_id, 7000)


async def test_asked_to_stop_the_process_says_goodbye_and_ends_soon(world: World) -> None:
    places = [await world.assigned() for _ in range(5)]
    await world.service.stop()
    try:
        async with process(world) as running:
            chargers = []
            for place in places:
                charger = with_an_open_session(world, place)
                chargers.append((charger, await charger.__aenter__()))
            asked_at = time.monotonic()
            running.send_signal(signal.SIGTERM)
            async with asyncio.timeout(15):
                assert await running.wait() == 0
            took_s = time.monotonic() - asked_at
            codes = [(await charger.closed())[0] for _, charger in chargers]
            for context, _ in chargers:
                await context.__aexit__(None, None, None)
    finally:
        await world.service.start()

    assert codes == [1012] * 5
    assert took_s < 10, "it waits for something that does not come"
    for place in places:
        assert (await world.event(place, ChargerDisconnected)).reason == "the gateway stops"

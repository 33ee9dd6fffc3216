"""While permissions is away known drivers charge and strangers do not, and the record says so."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cli.keys import key_files
from shared.clock import utc_now
from shared.messages.telemetry import DriverAuthorized, DriverRefused
from shared.rights.book import PERMISSIONS
from shared.rights.cards import CARD_KEY_FILE
from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.test_drivers import guarded, shown, user
from tests.integration.telemetry.world import World
from tests.support.databases import ROOT

pytestmark = pytest.mark.integration


@asynccontextmanager
async def permissions(world: World) -> AsyncIterator[asyncio.subprocess.Process]:
    """The real service as a process of its own, which alone speaks for its log."""
    people, keys = world.people, world.servers.folder / "keys"
    keys.mkdir(exist_ok=True)
    given = {CARD_KEY_FILE: str(people.key_file)}
    environment = {
        **os.environ,
        **key_files(keys, PERMISSIONS, given),
        **given,
        "NATS_URL": world.settings.nats_url,
        "DATABASE_URL": people.database_url,
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.permissions", cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert running.stdout is not None
        async with asyncio.timeout(30):
            while b"service started" not in (line := await running.stdout.readline()):
                assert line, "permissions has ended"
        drain = asyncio.create_task(running.stdout.read())
        yield running
        drain.cancel()
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def test_while_permissions_is_away_known_drivers_charge_and_strangers_do_not(
    world: World,
) -> None:
    place = await guarded(world)
    await world.speaking.aclose()
    try:
        async with permissions(world) as running:
            driver = await user(world, place)
            killed_at = utc_now()
            running.send_signal(signal.SIGKILL)
            await running.wait()
        position = world.people.position
        late = world.people.driver()
        await world.people.tell(
            world.people.registered(late), world.people.granted(late, place)
        )  # on its log, and nobody is there to announce it
        await world.service.stop()
        await world.service.start()  # all it knows is its own
        async with plugged_in(world.gateway, place.serial) as charger:
            await charger.boot_until_accepted()
            known, stranger, unheard = [
                (await shown(charger, card))["status"]
                for card in (driver.card, "STRANGER", late.card)
            ]
            ready = world.service.health.report()
    finally:
        await world.speaking.enter_async_context(world.people.speaking())

    assert (known, stranger, unheard) == ("Accepted", "Invalid", "Invalid")
    # It was assembled here, and not run: only that it has begun is not said.
    assert {name for name, it in ready.items() if it is not True} <= {"started"}, ready
    decisions = await world.decisions(place)
    assert [type(it) for it in decisions] == [DriverAuthorized, DriverRefused, DriverRefused]
    for it in decisions:
        assert isinstance(it, DriverAuthorized | DriverRefused)
        assert it.known_position == position
        assert it.known_as_of is not None
        assert it.known_as_of < killed_at, "when what is known was all there was"

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.call("Heartbeat", {})

        async def heard() -> bool:
            return (await shown(charger, late.card))["status"] == "Accepted"

        await world.until(heard)  # as soon as permissions is back

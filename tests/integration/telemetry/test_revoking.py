"""What becomes of a session whose driver may charge no more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.messages.telemetry import DriverRefused, SessionEnded, SessionStarted
from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.simulated import living, plug_a_car
from tests.integration.telemetry.steps import START
from tests.integration.telemetry.test_drivers import guarded, user
from tests.integration.telemetry.world import World

pytestmark = pytest.mark.integration


@asynccontextmanager
async def stopping_sessions(world: World) -> AsyncIterator[None]:
    """Run the service with the setting that stops them."""
    usual = world.service.settings
    await world.service.stop()
    world.service.settings = usual.model_copy(update={"on_revocation": "stop"})
    await world.service.start()
    try:
        yield
    finally:
        await world.service.stop()
        world.service.settings = usual
        await world.service.start()


async def test_a_session_goes_on_to_its_end_and_the_next_one_does_not_begin(
    world: World,
) -> None:
    place = await guarded(world)
    driver = await user(world, place)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        card = {"idTag": driver.card}
        await charger.call("StartTransaction", START | card)
        await world.grant(world.people.revoked(driver, place))
        refused = await charger.call("Authorize", card)
        stopped = charger.asked_for("RemoteStopTransaction")

    assert refused["idTagInfo"]["status"] == "Invalid"
    assert stopped == []
    assert SessionEnded not in map(type, await world.events(place))


async def test_where_it_is_set_so_a_session_is_stopped_when_its_right_ends(
    world: World,
) -> None:
    place, beside = await guarded(world), await guarded(world)
    driver = await user(world, place)
    await world.grant(world.people.granted(driver, beside))
    async with (
        stopping_sessions(world),
        living(world.gateway, place.serial) as charger,
        living(world.gateway, beside.serial) as other,
    ):
        plug_a_car(charger, driver.card)
        plug_a_car(other, driver.card)
        started = await world.event(place, SessionStarted)
        await world.event(beside, SessionStarted)
        await world.grant(world.people.revoked(driver, place))
        ended = await world.event(place, SessionEnded)
        goes_on = other.transactions.running

    assert (ended.session_id, ended.reason) == (started.session_id, "Remote")
    assert goes_on is not None
    refusals = [it for it in await world.decisions(place) if isinstance(it, DriverRefused)]
    assert [it.person_id for it in refusals] == [driver.person_id]

"""Meters at breakers send by MQTT, with a client as they have, to the server as it is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import orjson
import pytest
from nats.aio.msg import Msg

from shared import meter_topics, subjects
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages.credentials import WithdrawMeterToken
from shared.messages.installation import MeterRemoved
from shared.messages.telemetry import BreakerReading
from shared.meter_query import MeterStanding, ask_standings
from tests.integration.telemetry.passwords import asked
from tests.integration.telemetry.test_meters import entered, metered, token_of
from tests.integration.telemetry.world import WAIT_S_MAX, Place, World

pytestmark = pytest.mark.integration

GAP_S = 0.11
"""A meter that sends more often is refused."""
NOBODY_S = 1.0
"""So long is waited for what must not come."""


def connection(
    world: World, place: Place, password: str, user: str | None = None, **given: Any
) -> aiomqtt.Client:
    address = urlsplit(world.settings.mqtt_address or "")
    return aiomqtt.Client(
        str(address.hostname),
        address.port or 0,
        username=user or f"{place.installation_id}/house",
        password=password,
        timeout=WAIT_S_MAX,
        **given,
    )


def topic(place: Place, meter_id: str = "house") -> str:
    return meter_topics.topic_of(place.installation_id, meter_id)


def own(*current_a: float) -> bytes:
    return orjson.dumps({"measured_at": utc_now().isoformat(), "current_a": current_a})


@asynccontextmanager
async def hearing(world: World, place: Place) -> AsyncIterator["asyncio.Queue[Msg]"]:
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    subject = subjects.telemetry(BreakerReading, place.installation_id, "*")
    subscribed = await world.client.subscribe(subject, cb=heard.put)
    await world.client.flush()
    yield heard
    await subscribed.unsubscribe()


async def reading(heard: "asyncio.Queue[Msg]") -> BreakerReading:
    async with asyncio.timeout(WAIT_S_MAX):
        return BreakerReading.model_validate_json((await heard.get()).data)


async def told(client: aiomqtt.Client) -> dict[str, Any]:
    """Wait for what the meter is told on its own topic."""
    async with asyncio.timeout(WAIT_S_MAX):
        async for message in client.messages:
            found: dict[str, Any] = orjson.loads(bytes(message.payload))
            return found
    raise AssertionError("unreachable: messages do not end")


async def standing(world: World, place: Place) -> MeterStanding:
    found = await ask_standings(world.client, place.installation_id)
    return next(it for it in found.meters if it.meter_id == "house")


async def listening(world: World) -> None:
    async def ready() -> bool:
        return world.service.health.report()["mqtt"] is True

    await world.until(ready)


@pytest.mark.parametrize("qos", [0, 1])
async def test_a_reading_that_is_sent_by_mqtt_is_published(world: World, qos: int) -> None:
    await listening(world)
    place = await metered(world)
    token = await token_of(world, place)
    async with hearing(world, place) as heard, connection(world, place, token) as meter:
        await meter.publish(topic(place), own(12.5, 0.0, -3.0), qos=qos)

        assert (await reading(heard)).current_a == (12.5, 0.0, -3.0)
    latest = (await standing(world, place)).last_taken
    assert latest is not None
    assert (latest.shape, latest.by) == ("own", "MQTT")


async def test_a_shelly_sends_by_itself_once_its_prefix_is_its_topic(world: World) -> None:
    await listening(world)
    place = await metered(world)
    token = await token_of(world, place)
    powers = {f"{it}_act_power": 2300.0 for it in "abc"}
    said = orjson.dumps(
        {"id": 0, **powers, "a_current": 10.0, "b_current": 10.0, "c_current": 10.0}
    )
    async with hearing(world, place) as heard, connection(world, place, token) as meter:
        await meter.subscribe(f"{topic(place)}/rpc")
        await meter.publish(f"{topic(place)}/online", b"true", qos=1)
        for _ in range(2):  # the first one may have waited: it has no time
            await meter.publish(f"{topic(place)}/status/em:0", said, qos=1)
            await asyncio.sleep(GAP_S)

        assert (await reading(heard)).current_a == (10, 10, 10)


async def test_who_shows_no_good_token_of_a_meter_is_not_let_in(world: World) -> None:
    await listening(world)
    place, other = await metered(world), await metered(world)
    token, strange = await token_of(world, place), await token_of(world, other)
    for user, password in (
        (None, "wrong"),
        (None, strange),
        (None, ""),
        (f"{place.installation_id}/roof", token),
        ("house", token),
    ):
        with pytest.raises(aiomqtt.MqttError):
            async with connection(world, place, password, user):
                pytest.fail(f"{user} was let in")

    refused = (await standing(world, place)).last_refused
    assert refused is not None
    assert refused.refusal in {"TokenWrong", "TokenMissing"}


async def test_a_meter_speaks_and_hears_for_itself_only(world: World) -> None:
    await listening(world)
    place, other = await metered(world), await metered(world)
    token = await token_of(world, place)
    async with hearing(world, other) as heard, connection(world, place, token) as meter:
        for foreign in (f"{topic(other)}/refused", "meters/#", "#", "$SYS/#"):
            (code,) = await meter.subscribe(foreign)
            assert getattr(code, "value", code) == 128, foreign
        await meter.publish(topic(other), own(1.0, 1.0, 1.0), qos=1)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard.get(), NOBODY_S)


async def test_a_meter_is_told_why_a_reading_was_refused(world: World) -> None:
    await listening(world)
    place = await metered(world)
    token = await token_of(world, place)
    async with connection(world, place, token) as meter:
        await meter.subscribe(f"{topic(place)}/refused")
        await meter.publish(topic(place), b'{"hello": 1}', qos=1)

        answer = await told(meter)
    assert answer["refusal"] == "ReadingMalformed"
    assert "measured_at" in answer["detail"]
    found = await standing(world, place)
    assert (found.taken, found.refused) == (0, 1)
    assert found.last_refused is not None
    assert found.last_refused.detail == answer["detail"]


async def cut_off_after(
    world: World, place: Place, token: str, what: Awaitable[object]
) -> None:
    """Connect, let something happen, and send; returns when the server ends the connection."""
    with contextlib.suppress(aiomqtt.MqttError):
        async with asyncio.timeout(WAIT_S_MAX), connection(world, place, token) as meter:
            await what
            await meter.publish(topic(place), own(1.0, 1.0, 1.0), qos=0)
            async for _ in meter.messages:
                pytest.fail("nothing was subscribed to")


async def test_a_meter_whose_token_is_withdrawn_is_cut_off(world: World) -> None:
    await listening(world)
    place = await metered(world)
    token = await token_of(world, place)
    about = {"installation_id": place.installation_id, "meter_id": "house"}
    withdrawing = asked(world, WithdrawMeterToken(command_id=new_id(), **about))
    async with hearing(world, place) as heard:
        await cut_off_after(world, place, token, withdrawing)

        with pytest.raises(aiomqtt.MqttError):
            async with connection(world, place, token):
                pytest.fail("it was let in again")
        assert heard.empty()


async def test_the_older_token_ends_when_a_reading_has_come_with_the_newer_one(
    world: World,
) -> None:
    await listening(world)
    place = await metered(world)
    old = await token_of(world, place)
    async with hearing(world, place) as heard, connection(world, place, old) as before:
        new = await token_of(world, place)
        await before.publish(topic(place), own(1.0, 1.0, 1.0), qos=1)
        assert (await reading(heard)).current_a == (1, 1, 1)
        await asyncio.sleep(GAP_S)
        async with connection(world, place, new) as after:
            await after.publish(topic(place), own(2.0, 2.0, 2.0), qos=1)
            assert (await reading(heard)).current_a == (2, 2, 2)

        await before.subscribe(f"{topic(place)}/refused")
        await before.publish(topic(place), own(3.0, 3.0, 3.0), qos=1)
        assert (await told(before))["refusal"] == "TokenWrong"


async def test_a_meter_that_was_taken_away_is_cut_off(world: World) -> None:
    await listening(world)
    place = await metered(world)
    token = await token_of(world, place)

    await cut_off_after(world, place, token, world.announce(MeterRemoved(**entered(place))))

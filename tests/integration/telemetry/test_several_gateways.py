"""Several gateways hold chargers' sockets; they come, go, are killed and fall asleep."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from websockets.exceptions import ConnectionClosed

from shared import subjects
from shared.ids import new_id
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerStatusChanged,
    CurrentLimitApplied,
    MeterReading,
    SessionEnded,
    SessionStarted,
    SetCurrentLimit,
)
from tests.integration.telemetry.raw_charger import RawCharger, plugged_in
from tests.integration.telemetry.several import (
    GatewayProcess,
    gateway_process,
    known_everywhere,
    reading,
)
from tests.integration.telemetry.steps import START, stop_of
from tests.integration.telemetry.world import Place, World, soon
from tests.support.waiting import until

pytestmark = pytest.mark.integration

DRAINED = 50
DRAIN_S = 2.0
BOOTED_S_MAX = 60.0
LIMIT = 2
"""The profile that carries limits."""
LOST_MAX = 1
"""So many commands may be lost by NATS itself where a charger hops six times. When the only subscriber of a
subject leaves while a request is on its way, the server now and then neither delivers it nor says that
nobody is there: with two plain clients it was 15 of some 3,000 times."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other(world: World) -> AsyncIterator[GatewayProcess]:
    """A gateway that stays, beside the one of the test."""
    async with gateway_process(world) as running:
        yield running


async def places(world: World, count: int) -> list[Place]:
    made = [await world.assigned() for _ in range(count)]
    await known_everywhere(world, *made)
    return made


async def connections(world: World, place: Place) -> list[tuple[str, str]]:
    """Tell how a charger came and went: which gateway, and why it is gone."""
    return [
        (it.gateway_id, getattr(it, "reason", ""))
        for it in await world.events(place)
        if isinstance(it, ChargerConnected | ChargerDisconnected)
    ]


async def test_a_charger_that_hops_between_gateways_keeps_its_session_and_its_limits(
    world: World, other: GatewayProcess
) -> None:
    [place] = await places(world, 1)
    subject = subjects.telemetry(MeterReading, place.installation_id, place.charger_id)
    heard: list[float] = []

    async def on_reading(message: object) -> None:
        read = MeterReading.model_validate_json(message.data)  # type: ignore[attr-defined]
        heard.append(read.current_a[0] or 0.0)

    listening = await world.client.subscribe(subject, cb=on_reading)
    told = 0
    lost: list[int] = []
    answered: list[int] = []
    said: list[float] = []
    async with contextlib.AsyncExitStack() as stack:
        charger = await stack.enter_async_context(plugged_in(world.gateway, place.serial))
        await charger.boot_until_accepted()
        session = await charger.call("StartTransaction", START)
        for hop in range(6):
            url = other.url if hop % 2 == 0 else world.gateway
            former = charger
            limiting = asyncio.create_task(limits(world, place, hop * 100, answered, lost))
            charger = await stack.enter_async_context(plugged_in(url, place.serial))
            for amperes in range(10):
                await persistently(charger, hop * 10.0 + amperes)
                said.append(hop * 10.0 + amperes)
            await former.closed()
            await limiting
            # Whoever holds it now answers, and nobody else.
            assert (await world.limit(place, hop * 100 + 50)).accepted
            answered.append(hop * 100 + 50)
            told += limits_told(former)
        told += limits_told(charger)
        await charger.call("StopTransaction", stop_of(session["transactionId"]))

    assert len(lost) <= LOST_MAX
    await world.event(place, ChargerDisconnected, times=7)
    applied = [it for it in await world.events(place) if isinstance(it, CurrentLimitApplied)]
    assert [it.sequence for it in applied] == sorted(set(answered))
    assert told >= len(applied), "what is on record was told"
    started = await world.event(place, SessionStarted)
    ended = await world.event(place, SessionEnded)
    assert started.session_id == ended.session_id
    await world.until(lambda: _all_in(said, heard))
    await listening.unsubscribe()
    story = await connections(world, place)
    assert [why for _, why in story[1:-1:2]] == ["it has come to another gateway"] * 6
    gateways = [gateway for gateway, _ in story]
    assert gateways[::2] == gateways[1::2], "whoever has accepted it says that it is gone"
    assert len(set(gateways)) == 2


async def _all_in(said: Sequence[float], heard: Sequence[float]) -> bool:
    return set(said) <= set(heard)


def limits_told(charger: RawCharger) -> int:
    """Count the limits that came by one connection of a charger."""
    profiles = [it["csChargingProfiles"] for it in charger.asked_for("SetChargingProfile")]
    return len([it for it in profiles if it["chargingProfileId"] == LIMIT])


async def limits(
    world: World, place: Place, first: int, answered: list[int], lost: list[int]
) -> None:
    """
    Command one limit after the other, whoever holds the charger; note those that are accepted, and those
    of which nothing is heard.
    """
    for sequence in range(first + 1, first + 20):
        command = SetCurrentLimit(
            **place.ids,
            command_id=new_id(),
            limit_a=16.0,
            valid_until=soon(120),
            sequence=sequence,
            epoch=place.epoch + 1,
        )
        subject = subjects.charger_command(SetCurrentLimit, place.charger_id)
        try:
            reply = await world.client.request(
                subject, command.model_dump_json().encode(), timeout=5.0
            )
        except NoRespondersError:
            continue  # nobody holds it at this moment, and that is heard at once
        except NatsTimeoutError:
            lost.append(sequence)
            continue
        if b'"accepted"' in reply.data:
            answered.append(sequence)


async def persistently(charger: RawCharger, amperes: float) -> None:
    """Tell a reading until it is taken: a charger that has come back is accepted first."""
    assert await charger.call("MeterValues", reading(amperes)) == {}


async def test_a_gateway_that_sleeps_loses_its_charger_and_does_no_harm_when_it_wakes_up(
    world: World,
) -> None:
    [place] = await places(world, 1)
    async with contextlib.AsyncExitStack() as stack:
        sleeper = await stack.enter_async_context(gateway_process(world))
        await known_everywhere(world, place)
        former = await stack.enter_async_context(plugged_in(sleeper.url, place.serial))
        await former.boot_until_accepted()
        await former.call("StartTransaction", START)
        assert (await world.limit(place, 1)).accepted
        sleeper.signal(signal.SIGSTOP)
        try:
            # It will find this when it wakes up.
            late = asyncio.create_task(
                former.call(
                    "StatusNotification",
                    {"connectorId": 1, "errorCode": "NoError", "status": "Finishing"},
                )
            )
            charger = await stack.enter_async_context(plugged_in(world.gateway, place.serial))
            await charger.call("Heartbeat", {})
            assert (await world.limit(place, 2)).accepted
        finally:
            sleeper.signal(signal.SIGCONT)
        assert (await world.limit(place, 3)).accepted
        await former.closed()
        with pytest.raises(ConnectionClosed):
            await late
        assert len(await former.limits(1)) == 1, "it was told the first limit only"
        assert (await world.limit(place, 4)).accepted
        assert len(await charger.limits(3)) == 3

    found = await world.events(place)
    assert not [it for it in found if isinstance(it, ChargerStatusChanged)]
    first, lost, second, *_ = await connections(world, place)
    assert lost == (first[0], "its gateway does not answer")
    assert second[0] != first[0]


async def test_what_a_gateway_held_that_is_killed_is_put_on_record_by_the_others(
    world: World, other: GatewayProcess
) -> None:
    mine, killed, theirs = await places(world, 3)
    async with contextlib.AsyncExitStack() as stack:
        async with gateway_process(world) as victim:
            await known_everywhere(world, mine, killed, theirs)
            for place, url in (
                (mine, world.gateway),
                (killed, victim.url),
                (theirs, other.url),
            ):
                charger = await stack.enter_async_context(plugged_in(url, place.serial))
                await charger.boot_until_accepted()
            victim.signal(signal.SIGKILL)
            await victim.ended()
            with pytest.raises(NoRespondersError):
                await unheard(world, killed)

        lost = await world.event(killed, ChargerDisconnected)

        assert lost.reason == "gateway restarted"
        for place in (mine, theirs):
            assert (await world.limit(place, 1)).accepted
            assert len(await connections(world, place)) == 1, "nothing has happened to it"
        back = await stack.enter_async_context(plugged_in(other.url, killed.serial))
        await back.call("Heartbeat", {})
        assert (await world.limit(killed, 1)).accepted


async def unheard(world: World, place: Place) -> None:
    command = SetCurrentLimit(
        **place.ids,
        command_id=new_id(),
        limit_a=16.0,
        valid_until=soon(120),
        sequence=1,
        epoch=place.epoch + 1,
    )
    subject = subjects.charger_command(SetCurrentLimit, place.charger_id)
    await world.client.request(subject, command.model_dump_json().encode(), timeout=10.0)


async def test_a_gateway_that_is_drained_lets_its_chargers_go_one_by_one(
    world: World, other: GatewayProcess
) -> None:
    all_places, over = await places(world, DRAINED), asyncio.Event()
    went: asyncio.Queue[float] = asyncio.Queue()
    async with contextlib.AsyncExitStack() as stack:
        leaving = await stack.enter_async_context(
            gateway_process(world, TELEMETRY_DRAIN_S=str(DRAIN_S))
        )
        await known_everywhere(world, *all_places)
        urls = (world.gateway, other.url)
        stories = [
            asyncio.create_task(through_a_drain(leaving.url, urls[it % 2], place, went, over))
            for it, place in enumerate(all_places)
        ]
        await until(lambda: accepted(world, all_places, stories), DRAINED.__eq__, BOOTED_S_MAX)

        leaving.signal(signal.SIGTERM)

        await world.until(lambda: not_ready(leaving))
        assert leaving.process.returncode is None, "it is not ready long before it ends"
        ends = sorted([await went.get() for _ in all_places])
        assert await leaving.ended() == 0
        assert ends[-1] - ends[0] > DRAIN_S / 4, "they do not go all at once"
        for place in all_places[::7]:
            assert (await world.limit(place, 2)).accepted
        over.set()
        await asyncio.gather(*stories)
    for place in all_places:
        (first, _), (same, why), (second, _), *_ = await connections(world, place)
        assert first == same != second
        assert why == "the gateway stops"


async def test_asked_to_stop_a_second_time_a_gateway_hurries(world: World) -> None:
    here = await places(world, 3)
    async with contextlib.AsyncExitStack() as stack:
        leaving = await stack.enter_async_context(
            gateway_process(world, TELEMETRY_DRAIN_S="3600")
        )
        await known_everywhere(world, *here)
        for place in here:
            charger = await stack.enter_async_context(plugged_in(leaving.url, place.serial))
            await charger.boot_until_accepted()
        leaving.signal(signal.SIGTERM)
        await world.until(lambda: not_ready(leaving))
        assert leaving.process.returncode is None

        leaving.signal(signal.SIGTERM)

        assert await leaving.ended() == 0
    for place in here:
        assert (await connections(world, place))[-1][1] == "the gateway stops"


async def through_a_drain(
    first: str, then: str, place: Place, went: "asyncio.Queue[float]", over: asyncio.Event
) -> None:
    """Live as a charger whose gateway is drained, and that goes on elsewhere; tell when it went."""
    async with plugged_in(first, place.serial) as charger:
        await charger.boot_until_accepted()
        code, _ = await charger.closed()
        went_s = asyncio.get_running_loop().time()
        assert code == 1012
    async with plugged_in(then, place.serial) as charger:
        await charger.call("Heartbeat", {})
        await went.put(went_s)
        await over.wait()


async def accepted(
    world: World, chargers: Sequence[Place], stories: Sequence["asyncio.Task[None]"]
) -> int:
    """Count the chargers that were accepted; none of them has come to an end."""
    for story in stories:
        assert not story.done(), story.exception()
    found = await world.pool.fetchval(
        "select count(distinct stream) from event_log"
        " where type = 'ChargerConnected' and stream = any($1)",
        [f"charger-{it.charger_id}" for it in chargers],
    )
    return int(found)


async def not_ready(gateway: GatewayProcess) -> bool:
    return not await gateway.ready()

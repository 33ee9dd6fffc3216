"""What is in a log is announced once, in order."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared import subjects
from shared.announced import recorded_of
from shared.messaging import connect, disconnect
from shared.recorded import Recorded
from shared.relay import Relay
from tests.support.log_place import (
    EVENTS,
    JETSTREAM,
    SERVICE,
    WITHIN_S,
    Place,
    complaint_of,
    opened,
    published_by,
    relay_of,
    running,
)
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def test_what_was_recorded_before_and_what_comes_is_announced_in_order(
    place: Place,
) -> None:
    for size in (1, 700, 2, 1, 1):
        await place.append("garage-1", size)
    relay, beats = relay_of(place), list[int]()
    async with running(relay.run(lambda: beats.append(1))):
        await place.until_announced()
        for size in (1, 1, 30, 1):
            await place.append("garage-2", size)
        await place.check_announced()
        head = await place.store.head()
        await until(published_by(relay), lambda it: it == head)
        beaten = len(beats)
        await until(_length_of(beats), lambda it: it > beaten)  # also while nothing happens


def _length_of(beats: list[int]) -> Callable[[], Awaitable[int]]:
    async def length() -> int:
        return len(beats)

    return length


async def test_what_is_announced_is_read_as_it_was_recorded(place: Place) -> None:
    await place.append("garage-1", 3)
    (*_, recorded) = await place.store.read(after=0)
    heard: list[Recorded] = []
    async with running(relay_of(place).run()):
        await place.until_announced()
        subscription = await place.client.jetstream().pull_subscribe(
            subjects.events_of(SERVICE), stream=JETSTREAM
        )
        while len(heard) < recorded.position:
            heard += [recorded_of(it) for it in await subscription.fetch(1, timeout=WITHIN_S)]

    assert heard == await place.store.read(after=0)


async def test_two_relays_announce_nothing_twice(place: Place) -> None:
    other_client = await connect(place.servers.nats_url, "test-relay-2")
    try:
        async with (
            running(relay_of(place).run()),
            running(relay_of(place, other_client).run()),
        ):
            for number in range(EVENTS // 4):
                await place.append(f"garage-{number % 3}", 1 + number % 4)
            await place.check_announced()
    finally:
        await disconnect(other_client)


async def test_a_relay_that_stands_by_announces_nothing_and_goes_on_when_it_has_to(
    place: Place,
) -> None:
    leads = [False]
    second = Relay(SERVICE, place.store, place.client, lambda: leads[0])
    async with running(second.run()):
        first = relay_of(place)
        async with running(first.run()):
            await place.append("garage-1", 3)
            await place.until_announced()
            await until(published_by(second), lambda it: it == 3, WITHIN_S)
            assert second.standing() is True
        await place.append("garage-1", 2)
        assert await place.last() == 3

        leads[0] = True

        await place.check_announced()


async def test_a_lost_jetstream_is_announced_again_at_the_same_positions(place: Place) -> None:
    async with running(relay_of(place).run()):
        await place.append("garage-1", 20)
        await place.until_announced()
        await place.client.jetstream().delete_stream(JETSTREAM)
        await place.append("garage-1", 5)
        await place.check_announced()


async def test_a_jetstream_lost_while_nothing_happens_is_announced_again_too(
    place: Place,
) -> None:
    async with running(relay_of(place).run()):
        await place.append("garage-1", 20)
        await place.until_announced()
        await place.client.jetstream().delete_stream(JETSTREAM)
        await place.check_announced()


@pytest.mark.parametrize("events", [0, 3, 10, 15])
async def test_a_log_restored_from_an_older_copy_is_not_announced(
    place: Place, events: int
) -> None:
    """Whether it is shorter by now or not: it is not the one that was announced."""
    async with running(relay_of(place).run()):
        await place.append("garage-1", 10)
        await place.until_announced()
    async with opened(place.servers) as restored:
        if events:
            await restored.append("garage-1", events)
        relay = relay_of(restored)

        async with running(relay.run()):
            why = await until(complaint_of(relay), bool, WITHIN_S)

            assert "new-epoch installation" in (why or "")
            assert relay.published is None
            assert relay.standing() == why
            assert await place.last() == 10
    await place.check_announced()


async def test_other_processes_are_notified_unless_a_relay_of_this_one_is_at_work(
    place: Place,
) -> None:
    told: asyncio.Queue[int] = asyncio.Queue()

    def hear(*notification: object) -> None:
        told.put_nowait(int(str(notification[-1])))

    async with place.pool.acquire() as listening:
        await listening.add_listener("log", hear)
        await place.append("garage-1", 2)
        async with asyncio.timeout(WITHIN_S):
            assert await told.get() == 2
        relay = relay_of(place)
        async with running(relay.run()):
            await until(published_by(relay), lambda it: it == 2, WITHIN_S)
            await place.append("garage-1", 3)
            await until(published_by(relay), lambda it: it == 5, WITHIN_S)
        await place.append("garage-1", 1)
        async with asyncio.timeout(WITHIN_S):
            assert await told.get() == 6  # of 5, its own relay has known
        await listening.remove_listener("log", hear)

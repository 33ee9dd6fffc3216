"""Servers and connections are cut: what was recorded is announced and takes effect all the same, once."""

import asyncio
import contextlib

import asyncpg
import pytest

from shared.announcing import announce
from shared.epochs import take_over
from tests.support.log_place import (
    EVENTS,
    JETSTREAM,
    SERVICE,
    WITHIN_S,
    Effects,
    Place,
    cut_off,
    patient,
    published_by,
    relay_of,
    running,
)
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def test_nats_killed_under_load_loses_and_doubles_nothing(place: Place) -> None:
    async def load() -> None:
        for number in range(EVENTS):
            await place.append(f"garage-{number % 3}")

    async with running(relay_of(place).run()):
        writing = asyncio.create_task(load())
        await until(place.last, lambda it: it >= EVENTS // 10, WITHIN_S)
        await place.kill_nats()
        await writing
        await place.append("garage-1", 50)
        await place.check_announced()


async def test_nats_killed_while_following_repeats_and_skips_nothing(place: Place) -> None:
    effects = Effects(place)

    async def load() -> None:
        for number in range(EVENTS):
            await place.append(f"garage-{number % 3}")

    async with running(relay_of(place).run()), running(effects.run()):
        writing = asyncio.create_task(load())
        await effects.until_at(EVENTS // 10)
        await place.kill_nats()
        await writing
        await effects.check_once_each()

    assert effects.heard == await effects.positions()


async def test_a_follower_goes_on_after_its_jetstream_was_lost(place: Place) -> None:
    effects = Effects(place)
    async with running(relay_of(place).run()), running(effects.run()):
        await place.append("garage-1", 20)
        await effects.until_at(20)
        await place.client.jetstream().delete_stream(JETSTREAM)
        await place.append("garage-1", 5)
        await effects.check_once_each()


async def test_a_jetstream_that_was_rolled_back_is_filled_again_and_nobody_begins_anew(
    place: Place,
) -> None:
    effects = Effects(place)
    await place.append("garage-1", 20)
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(20)
    js = place.client.jetstream()
    await js.delete_stream(JETSTREAM)
    await take_over(js, SERVICE, 1, 20)
    await announce(place.client, SERVICE, 1, (await place.store.read(after=0))[:5])
    async with running(effects.run()), running(relay_of(place).run()):
        await place.append("garage-1", 5)
        await place.check_announced()
        await effects.check_once_each()

    assert effects.heard == list(range(1, 26))


async def test_a_lost_database_connection_delays_a_follower_and_no_more(place: Place) -> None:
    effects = Effects(place)
    async with running(relay_of(place).run()), running(effects.run()):
        for _ in range(5):
            await place.append("garage-1", 20)
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
                await place.pool.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
        await until(lambda: patient(place.store.head), lambda it: it == 100, WITHIN_S)
        await until(lambda: patient(effects.cursor), lambda it: it == 100, WITHIN_S)
        await effects.check_once_each()
        await place.check_announced()


@pytest.mark.parametrize("what", ["relay", "follower"])
async def test_what_is_asked_to_end_while_its_database_dies_ends(
    place: Place, what: str
) -> None:
    """A clean-up that fails must not hide that the task was cancelled: the process would hang."""
    await place.append("garage-1", 5)
    relay, effects = relay_of(place), Effects(place)
    async with running(relay_of(place).run()):
        await place.until_announced()
    for _ in range(5):
        task = asyncio.create_task(relay.run() if what == "relay" else effects.run())
        if what == "relay":
            await until(published_by(relay), lambda it: it == 5, WITHIN_S)
        else:
            await effects.until_at(5)
        await cut_off(place)
        task.cancel()

        await asyncio.wait({task}, timeout=WITHIN_S / 4)

        assert task.done(), "it goes on as if nobody had asked"
        await until(lambda: patient(place.store.head), lambda it: it == 5, WITHIN_S)
        await asyncio.gather(task, return_exceptions=True)

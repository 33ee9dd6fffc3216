"""What a crash of the database may still take back is acknowledged to nobody, and announced to nobody."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.append_call import APPEND, arguments, written
from shared.event_store import CommandKnown, EventStore, StoreUnreachable
from tests.support.commits import one
from tests.support.log_place import WITHIN_S, Place, relay_of, running
from tests.support.waiting import until

pytestmark = pytest.mark.integration

WRITERS = 8
KILLS = 3


@contextlib.asynccontextmanager
async def nothing_gets_durable(place: Place) -> AsyncIterator[asyncpg.Connection]:
    """Have every commit that waits for the disk wait for a standby, too, that does not exist."""
    connection = await asyncpg.connect(place.servers.database_url)
    wants = "select current_setting('synchronous_standby_names')"

    async def wanted() -> str:
        return str(await connection.fetchval(wants))

    try:
        await connection.execute("alter system set synchronous_standby_names = 'nobody'")
        await connection.execute("select pg_reload_conf()")
        await until(wanted, lambda it: it == "nobody")
        yield connection
    finally:
        await connection.execute("alter system reset synchronous_standby_names")
        await connection.execute("select pg_reload_conf()")
        await connection.close()


async def until_waiting(connection: asyncpg.Connection, wanted: int) -> None:
    """Wait until so many wait to get something durable."""

    async def waiting() -> int:
        return int(
            await connection.fetchval(
                "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
            )
        )

    await until(waiting, lambda it: it >= wanted, WITHIN_S)


async def test_what_is_not_durable_is_neither_acknowledged_nor_announced(place: Place) -> None:
    """Neither by a relay that was told of it nor by one that finds it."""
    async with running(relay_of(place).run()):
        await place.append("garage-1", 2)
        await place.until_announced()

        async with nothing_gets_durable(place) as connection:
            appending = asyncio.create_task(place.append("garage-1", 3))
            await until(place.store.head, lambda it: it == 5)  # whoever reads sees them
            await until_waiting(connection, 2)  # the writer, and the relay that has looked
            async with running(relay_of(place).run()):
                await until_waiting(connection, 3)

                assert await place.last() == 2
                assert not appending.done()

        await appending
        await place.check_announced()


async def test_a_command_is_known_only_once_that_is_durable(place: Place) -> None:
    commit = one("a", 0)
    async with EventStore.open(place.pool) as second:
        async with nothing_gets_durable(place) as connection:
            first = asyncio.create_task(place.store.append(commit))
            await until(place.store.head, lambda it: it == 1)
            repeated = asyncio.create_task(second.append(commit))
            looked_up = asyncio.create_task(second.first_answer(commit.command_id))
            await until_waiting(connection, 3)

            assert not any(it.done() for it in (first, repeated, looked_up))

        assert await first == 1
        with pytest.raises(CommandKnown):
            await repeated
        found = await looked_up
        assert found is not None
        assert found.answer.position == 1


async def test_the_next_append_does_not_wait_until_the_one_before_is_durable(
    place: Place,
) -> None:
    async with EventStore.open(place.pool) as second, nothing_gets_durable(place):
        appending = [asyncio.create_task(it.append(one("a"))) for it in (place.store, second)]

        await until(place.store.head, lambda it: it == 2, WITHIN_S)

        assert not any(it.done() for it in appending)
    assert sorted(await asyncio.gather(*appending)) == [1, 2]


async def test_no_event_is_appended_within_somebody_elses_transaction(place: Place) -> None:
    """There the procedure could not let the lock go, so it says no."""
    async with place.pool.acquire() as connection:
        with pytest.raises(asyncpg.InvalidTransactionTerminationError):
            async with connection.transaction():
                await connection.fetchrow(APPEND, *arguments([written(one("a", 0))]))

    assert await place.store.head() == 0


async def test_a_database_killed_again_and_again_keeps_what_it_acknowledged(
    place: Place,
) -> None:
    acknowledged: dict[str, int] = {}
    writing = True

    async def write(stream: str) -> None:
        while writing:
            commit = one(stream)
            with contextlib.suppress(StoreUnreachable):
                acknowledged[commit.command_id] = await place.store.append(commit)

    async def count() -> int:
        return len(acknowledged)

    async with running(relay_of(place).run()):
        async with asyncio.TaskGroup() as tasks:
            for number in range(WRITERS):
                tasks.create_task(write(f"stream-{number}"))
            for _ in range(KILLS):
                before = len(acknowledged)
                await until(count, lambda it, before=before: it >= before + 100, WITHIN_S)
                os.kill(place.servers.pid_of("postgres"), signal.SIGKILL)
            before = len(acknowledged)
            await until(count, lambda it: it > before + WRITERS, WITHIN_S)
            writing = False
        await place.check_announced()
    log = await place.store.read(after=0, limit=100_000)
    found = {it.meta.command_id: it.position for it in log}
    assert acknowledged.items() <= found.items()

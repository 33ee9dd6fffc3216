"""Connections are cut and hang under load: nothing acknowledged is lost, nothing is written twice."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from shared.event_store import CommandKnown, EventStore, StoreUnreachable
from shared.ids import new_id
from shared.runtime import pool_of
from tests.support.commits import one
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers
from tests.support.waiting import until

pytestmark = pytest.mark.integration

WITHIN_S = 60.0
END_S = 15.0
"""A process that ends is not held up longer than this by a database that does not answer."""


async def cut_all(database_url: str) -> int:
    """Terminate every other connection to the database; returns how many there were."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        return len(rows)
    finally:
        await connection.close()


async def test_connections_cut_again_and_again_neither_lose_nor_double_a_commit(
    servers: EmbeddedServers,
) -> None:
    database_url = await service_database(servers)
    acknowledged: dict[str, int] = {}
    writing = True

    async def write(store: EventStore, stream: str) -> None:
        version = 0
        while writing:
            command_id = new_id()
            acknowledged[command_id] = await store.append(one(stream, version, command_id))
            version += 1

    async def count() -> int:
        return len(acknowledged)

    async with asyncio.timeout(WITHIN_S + END_S):
        async with pool_of(database_url) as pool, EventStore.open(pool) as store:
            async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
                for caller in range(20):
                    tasks.create_task(write(store, f"stream-{caller}"))
                for _ in range(15):
                    before = len(acknowledged)
                    await until(count, lambda it, before=before: it >= before + 40, WITHIN_S)
                    assert await cut_all(database_url) > 0
                writing = False
            await cut_all(database_url)  # the end, too, meets dead connections

    async with pool_of(database_url) as pool:
        log = await EventStore(pool).read(after=0, limit=100_000)
    assert [it.position for it in log] == list(range(1, len(log) + 1))
    assert max(Counter(it.meta.command_id for it in log).values()) == 1
    assert {it.meta.command_id: it.position for it in log} == acknowledged


async def test_a_commit_whose_acknowledgement_was_lost_is_acknowledged_and_written_once(
    servers: EmbeddedServers,
) -> None:
    database_url = await service_database(servers)
    async with (
        wire_to(database_url) as wire,
        pool_of(database_url) as direct,
        pool_of(wire.url) as pool,
        EventStore.open(pool) as store,
    ):
        assert await store.append(one("a", 0)) == 1
        known = one("a", 1)
        wire.deaf = True  # what the database answers is lost from here on
        appending = asyncio.create_task(store.append(known))
        await until(EventStore(direct).head, lambda it: it == 2, WITHIN_S)
        await wire.cut()
        async with asyncio.timeout(WITHIN_S):
            assert await appending == 2

        with pytest.raises(CommandKnown):  # whoever sends it again is told so
            await store.append(known)
        assert await store.head() == 2


class Wire:
    """A line to a database, which can lose what the database says, and be cut."""

    def __init__(self, host: str, port: int) -> None:
        self.deaf = False
        self.url = ""
        self._to = (host, port)
        self._writers: list[asyncio.StreamWriter] = []

    async def cut(self) -> None:
        """Cut every connection; the next one is a good one."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self.deaf = False

    async def carry(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        from_server, to_server = await asyncio.open_connection(*self._to)
        self._writers += [to_client, to_server]

        async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await reader.read(65_536):
                    if not (self.deaf and writer is to_client):
                        writer.write(data)
            writer.close()

        await asyncio.gather(pump(from_client, to_server), pump(from_server, to_client))


@contextlib.asynccontextmanager
async def wire_to(database_url: str) -> AsyncIterator[Wire]:
    parts = urlsplit(database_url)
    assert parts.hostname is not None
    assert parts.port is not None
    wire = Wire(parts.hostname, parts.port)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    place = parts.netloc.replace(f":{parts.port}", f":{port}")
    wire.url = parts._replace(netloc=place).geturl()
    try:
        yield wire
    finally:
        await wire.cut()
        server.close()


async def test_a_store_whose_database_hangs_ends_and_says_that_the_outcome_is_unknown(
    servers: EmbeddedServers,
) -> None:
    database_url = await service_database(servers)
    holder = await asyncpg.connect(database_url)
    try:
        await holder.execute("select pg_advisory_lock(7203316211)")  # as a stuck writer would
        async with asyncio.timeout(END_S):
            async with pool_of(database_url) as pool, EventStore.open(pool) as store:
                appending = asyncio.create_task(store.append(one("a", 0)))
                second = asyncio.create_task(store.append(one("b", 0)))
                await asyncio.sleep(0)
            with pytest.raises(StoreUnreachable):
                await appending
            with pytest.raises(StoreUnreachable):
                await second
            with pytest.raises(StoreUnreachable):
                await store.append(one("a", 0))
    finally:
        await holder.close()


async def test_connections_that_are_half_dead_do_not_keep_a_process_from_ending(
    servers: EmbeddedServers,
) -> None:
    database_url = await service_database(servers)
    stopped: list[int] = []
    try:
        async with asyncio.timeout(2 * END_S):
            async with pool_of(database_url) as pool, EventStore.open(pool) as store:
                await store.append(one("a", 0))
                await store.head()
                rows = await pool.fetch(
                    "select pid from pg_stat_activity where datname = current_database()"
                    " and backend_type = 'client backend'"
                )
                for row in rows:
                    os.kill(row["pid"], signal.SIGSTOP)
                    stopped.append(row["pid"])
                appending = asyncio.create_task(store.append(one("a", 1)))
                reading = asyncio.create_task(store.head())
                await asyncio.sleep(0)
        appended, _ = await asyncio.gather(appending, reading, return_exceptions=True)
        assert appended == 2 or isinstance(appended, StoreUnreachable)
        assert len(stopped) >= 1
    finally:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def test_whoever_stops_waiting_does_not_stop_the_append(servers: EmbeddedServers) -> None:
    database_url = await service_database(servers)
    async with pool_of(database_url) as pool, EventStore.open(pool) as store:
        impatient = asyncio.create_task(store.append(one("a", 0)))
        await asyncio.sleep(0)
        impatient.cancel()
        await store.append(one("a", 1))

        assert await store.head() == 2

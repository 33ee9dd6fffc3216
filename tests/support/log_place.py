"""A log with its relay and its followers, on real servers, for tests that break what lies between them."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared import subjects
from shared.announced import EPOCH_HEADER, EVENT_ID_HEADER
from shared.epochs import Copy, present_copy
from shared.event_store import Commit, EventStore, StreamEvents
from shared.follow import PastReplaced, follow
from shared.followers import Follower, cursor_of
from shared.ids import new_id
from shared.messages import Answer, Verdict
from shared.messages.installation import CircuitAdded
from shared.messaging import connect, disconnect
from shared.recorded import Meta, Recorded
from shared.relay import Relay
from shared.runtime import pool_of
from shared.tasks import in_child
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers
from tests.support.waiting import until

SERVICE = "installation"
JETSTREAM = subjects.jetstream_of(SERVICE)
ACCEPTED = Answer(verdict=Verdict.ACCEPTED)
WITHIN_S = 60.0
EVENTS = 400
FAULT = "do $$ begin raise exception 'for once' using errcode = 'serialization_failure'; end $$"
"""What fails although nothing is wrong with what is asked."""
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What is seen of a database that has just cut the line."""


@dataclass(slots=True)
class Place:
    """A service's database and its connection to NATS."""

    servers: EmbeddedServers
    database_url: str
    client: Client
    pool: Any
    store: EventStore
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def database(self) -> str:
        return urlsplit(self.database_url).path.strip("/")

    async def append(self, stream: str, events: int = 1) -> None:
        """Append one commit of so many events, each with a number of its own."""
        command_id = new_id()
        meta = Meta(actor="test", command_id=command_id, correlation_id="c")
        content = [added(stream, next(self.numbers)) for _ in range(events)]
        part = StreamEvents(stream, None, content)
        await self.store.append(Commit(command_id, b"", ACCEPTED, meta, [part]))

    async def copy(self) -> Copy | None:
        """Find the jetstream that takes the log's events; none while nobody can be asked."""
        try:
            return await present_copy(self.client.jetstream(), SERVICE)
        except (OSError, NatsError):
            return None

    async def last(self) -> int:
        """Name the last sequence of the jetstream; -1 while nobody can be asked."""
        copy = await self.copy()
        return -1 if copy is None else copy.last

    async def until_announced(self) -> None:
        head = await self.store.head()
        await until(self.last, lambda it: it >= head, WITHIN_S)

    async def check_announced(self) -> None:
        """The jetstream is the log: every sequence is a position, and holds that very event."""
        await self.until_announced()
        ours = await self.store.read(after=0, limit=10_000)
        assert await self.last() == len(ours)
        assert [it.position for it in ours] == list(range(1, len(ours) + 1))
        js, copy = self.client.jetstream(), await self.copy()
        assert copy is not None
        for recorded in ours:
            message = await js.get_msg(copy.name, seq=recorded.position)
            assert (message.headers or {})[EVENT_ID_HEADER] == str(recorded.event_id)
            assert (message.headers or {})[EPOCH_HEADER] == str(copy.epoch)
            assert message.data == recorded.data
            assert message.subject == subjects.event(recorded.event)

    async def kill_nats(self) -> None:
        """Kill NATS, and wait until it is back."""
        pid = self.servers.pid_of("nats")
        os.kill(pid, signal.SIGKILL)

        async def now() -> int | None:
            return self.servers.pid_now("nats")

        await until(now, lambda it: it not in {None, pid}, WITHIN_S)
        await self.servers.wait_ready()


def added(stream: str, number: int) -> CircuitAdded:
    return CircuitAdded(
        installation_id=stream, circuit_id=f"c-{number}", name="c", breaker_a=63, set_a=63
    )


@contextlib.asynccontextmanager
async def opened(servers: EmbeddedServers) -> AsyncIterator[Place]:
    """A service's place with an empty log."""
    client = await connect(servers.nats_url, "test-relay")
    try:
        database_url = await service_database(servers)
        async with pool_of(database_url) as pool, EventStore.open(pool) as store:
            await pool.execute("create table effect (position bigint, stream text)")
            yield Place(servers, database_url, client, pool, store)
    finally:
        await disconnect(client)


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something in the background; its faults are raised at the end. It is watched from outside,
    because the clients of servers may lose a cancellation."""
    task = asyncio.create_task(in_child(work))
    try:
        yield
        if task.done():
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def relay_of(place: Place, client: Client | None = None) -> Relay:
    return Relay(SERVICE, place.store, client or place.client)


def complaint_of(relay: Relay) -> Callable[[], Awaitable[str | None]]:
    async def complaint() -> str | None:
        return relay.complaint

    return complaint


def published_by(relay: Relay) -> Callable[[], Awaitable[int | None]]:
    async def published() -> int | None:
        return relay.published

    return published


@dataclass(slots=True)
class Effects:
    """A follower that notes every position in a table of its own."""

    place: Place
    poison: frozenset[int] = frozenset()
    faulty: set[int] = field(default_factory=set)
    """Positions at which the database fails once."""
    heard: list[int] = field(default_factory=list)
    reloads: list[tuple[int, int]] = field(default_factory=list)
    """Cursor and effects whenever the follower looked at what is in its database."""
    on_committed: Callable[[Sequence[Recorded]], None] = lambda _: None

    @property
    def follower(self) -> Follower:
        return Follower("test", SERVICE, self.apply, self.reload, self.committed, self.wipe)

    async def wipe(self, connection: Any) -> None:
        await connection.execute("delete from effect")

    async def apply(self, connection: Any, recorded: Recorded) -> None:
        await connection.execute(
            "insert into effect values ($1, $2)", recorded.position, recorded.stream
        )
        if recorded.position in self.poison:
            raise ValueError(f"nobody understands {recorded.position}")
        if recorded.position in self.faulty:
            self.faulty.remove(recorded.position)
            await connection.execute(FAULT)

    async def reload(self) -> None:
        self.reloads.append((await self.cursor(), len(await self.positions())))

    def committed(self, batch: Sequence[Recorded]) -> None:
        self.heard += [it.position for it in batch]
        self.on_committed(batch)

    async def run(self) -> None:
        """Follow, in one process after the other if need be."""
        while True:
            with contextlib.suppress(PastReplaced):
                await follow(self.place.client, self.place.pool, self.follower)

    async def cursor(self) -> int:
        return await cursor_of(self.place.pool, self.follower)

    async def positions(self) -> list[int]:
        """Name the positions that took effect, in the order in which they did."""
        rows = await self.place.pool.fetch("select position from effect order by ctid")
        return [row["position"] for row in rows]

    async def until_at(self, position: int) -> None:
        await until(self.cursor, lambda it: it >= position, WITHIN_S)

    async def check_once_each(self) -> None:
        head = await self.place.store.head()
        await self.until_at(head)
        assert await self.positions() == list(range(1, head + 1))


async def forget_jetstreams(client: Client) -> None:
    """Delete every jetstream of the service's log, as if there had never been one."""
    js = client.jetstream()
    for info in await js.streams_info():
        if str(info.config.name).startswith(JETSTREAM):
            await js.delete_stream(str(info.config.name))


async def patient(ask: Callable[[], Awaitable[int]]) -> int:
    """Ask a database that may just have cut the line."""
    try:
        return await ask()
    except AWAY:
        return -1


async def cut_off(place: Place) -> None:
    """End every connection that a place's database has at this moment; new ones may come at once."""
    name = place.database
    connection = await asyncpg.connect(place.servers.database_url)
    try:
        rows = await connection.fetch(
            "select pid, pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
            name,
        )
        cut = [row["pid"] for row in rows]

        async def left() -> int:
            return int(
                await connection.fetchval(
                    "select count(*) from pg_stat_activity where pid = any($1)", cut
                )
            )

        await until(left, lambda it: it == 0, WITHIN_S)
    finally:
        await connection.close()

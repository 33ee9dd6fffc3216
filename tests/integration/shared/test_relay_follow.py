"""What is in a log is announced once, in order, whatever fails; and takes effect once, wherever."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from shared import subjects
from shared.event_store import Commit, EventStore, StreamEvents
from shared.follow import Follower, cursor_of, follow, recorded_of
from shared.ids import new_id
from shared.messages import Answer, Verdict
from shared.messages.installation import CircuitAdded
from shared.messaging import connect
from shared.recorded import Meta, Recorded
from shared.relay import EVENT_ID_HEADER, LogShorterThanJetstream, Relay
from shared.runtime import pool_of
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers, running_servers
from tests.support.waiting import until

pytestmark = pytest.mark.integration

SERVICE = "installation"
JETSTREAM = subjects.jetstream_of(SERVICE)
ACCEPTED = Answer(verdict=Verdict.ACCEPTED)
WITHIN_S = 60.0
EVENTS = 400

# --- A log, its relay, and what stands in its jetstream ---


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mortal_servers() -> AsyncIterator[EmbeddedServers]:
    """Servers of this module's own: it kills them."""
    async with running_servers() as running:
        yield running


@dataclass(slots=True)
class Place:
    """A service's database and its connection to NATS."""

    servers: EmbeddedServers
    client: Client
    pool: Any
    store: EventStore
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def append(self, stream: str, events: int = 1) -> None:
        """Append one commit of so many events, each with a number of its own."""
        command_id = new_id()
        meta = Meta(actor="test", command_id=command_id, correlation_id="c")
        content = [added(stream, next(self.numbers)) for _ in range(events)]
        part = StreamEvents(stream, None, content)
        await self.store.append(Commit(command_id, b"", ACCEPTED, meta, [part]))

    async def last(self) -> int:
        """Name the last sequence of the jetstream; -1 while nobody can be asked."""
        try:
            return int((await self.client.jetstream().stream_info(JETSTREAM)).state.last_seq)
        except (OSError, NatsError):
            return -1

    async def until_announced(self) -> None:
        head = await self.store.head()
        await until(self.last, lambda it: it >= head, WITHIN_S)

    async def check_announced(self) -> None:
        """The jetstream is the log: every sequence is a position, and holds that very event."""
        await self.until_announced()
        ours = await self.store.read(after=0, limit=10_000)
        assert await self.last() == len(ours)
        assert [it.position for it in ours] == list(range(1, len(ours) + 1))
        js = self.client.jetstream()
        for recorded in ours:
            message = await js.get_msg(JETSTREAM, seq=recorded.position)
            assert (message.headers or {})[EVENT_ID_HEADER] == str(recorded.event_id)
            assert message.data == recorded.data
            assert message.subject == subjects.event(recorded.event)

    async def kill_nats(self) -> None:
        """Kill NATS, and wait until it is back."""
        pid = self.servers.pid_of("nats")
        os.kill(pid, signal.SIGKILL)

        async def now() -> int | None:
            return self.servers.supervisor.states()["nats"].pid

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
            yield Place(servers, client, pool, store)
    finally:
        await client.close()


@pytest_asyncio.fixture
async def place(mortal_servers: EmbeddedServers) -> AsyncIterator[Place]:
    async with opened(mortal_servers) as made:
        with contextlib.suppress(NotFoundError):
            await made.client.jetstream().delete_stream(JETSTREAM)
        yield made


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something in the background; its faults are raised at the end."""
    task = asyncio.create_task(work)
    try:
        yield
        if task.done():
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def relay_of(place: Place, client: Client | None = None) -> Relay:
    return Relay(SERVICE, place.store, client or place.client)


# --- The relay ---


async def test_what_was_recorded_before_and_what_comes_is_announced_in_order(
    place: Place,
) -> None:
    for size in (1, 700, 2, 1, 1):
        await place.append("garage-1", size)
    relay = relay_of(place)
    async with running(relay.run()):
        await place.until_announced()
        for size in (1, 1, 30, 1):
            await place.append("garage-2", size)
        await place.check_announced()
        head = await place.store.head()
        await until(_published(relay), lambda it: it == head)


def _published(relay: Relay) -> Callable[[], Awaitable[int | None]]:
    async def published() -> int | None:
        return relay.published

    return published


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
        await other_client.close()


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

        with pytest.raises(ExceptionGroup) as raised:
            async with asyncio.timeout(WITHIN_S):
                await relay.run()

        assert raised.value.subgroup(LogShorterThanJetstream) is not None
        assert relay.published is None
        assert await place.last() == 10
    await place.check_announced()


# --- Followers ---


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
        return Follower("test", SERVICE, self.apply, self.reload, self.committed)

    async def apply(self, connection: Any, recorded: Recorded) -> None:
        await connection.execute(
            "insert into effect values ($1, $2)", recorded.position, recorded.stream
        )
        if recorded.position in self.poison:
            raise ValueError(f"nobody understands {recorded.position}")
        if recorded.position in self.faulty:
            self.faulty.remove(recorded.position)
            await connection.execute("select 1 / 0")

    async def reload(self) -> None:
        self.reloads.append((await self.cursor(), len(await self.positions())))

    def committed(self, batch: Sequence[Recorded]) -> None:
        self.heard += [it.position for it in batch]
        self.on_committed(batch)

    def run(self) -> Coroutine[Any, Any, None]:
        return follow(self.place.client, self.place.pool, self.follower)

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


async def test_a_follower_takes_every_event_once_and_in_order(place: Place) -> None:
    effects = Effects(place)
    await place.append("garage-1", 30)
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(30)
        for number in range(50):
            await place.append(f"garage-{number % 3}")
        await effects.check_once_each()

    assert effects.heard == await effects.positions()


async def test_a_follower_that_is_stopped_anywhere_goes_on_where_it_was(place: Place) -> None:
    effects = Effects(place)
    async with running(relay_of(place).run()):
        for stop_at in (7, 40, 41, 90):
            await place.append("garage-1", stop_at)
            async with running(effects.run()):
                await effects.until_at(stop_at)
        async with running(effects.run()):
            await effects.check_once_each()


class _Killed(Exception):
    """The process ended right there."""


async def test_a_follower_killed_between_its_commit_and_its_acknowledgement_repeats_nothing(
    place: Place,
) -> None:
    effects = Effects(place)
    await place.append("garage-1", 20)
    async with running(relay_of(place).run()):

        def die(_: Sequence[Recorded]) -> None:
            raise _Killed

        effects.on_committed = die
        with pytest.raises(_Killed):
            async with asyncio.timeout(WITHIN_S):
                await effects.run()
        assert await effects.cursor() > 0
        effects.on_committed = lambda _: None
        async with running(effects.run()):
            await place.append("garage-1", 3)
            await effects.check_once_each()


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


async def test_effects_and_cursor_are_written_together_or_not_at_all(place: Place) -> None:
    effects = Effects(place, faulty={3, 11, 12})
    await place.append("garage-1", 15)
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.check_once_each()

    assert effects.faulty == set(), "the database never failed"
    assert len(effects.reloads) >= 4
    assert [cursor for cursor, _ in effects.reloads] == [done for _, done in effects.reloads]


async def test_an_event_nobody_understands_holds_up_its_aggregate_and_no_other(
    place: Place,
) -> None:
    for stream in ("garage-1", "garage-2", "garage-1", "garage-2", "garage-1"):
        await place.append(stream)
    effects = Effects(place, poison=frozenset({3}))
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(5)
        await place.append("garage-1")
        await place.append("garage-2")
        await effects.until_at(7)

    assert await effects.positions() == [1, 2, 4, 7]
    assert effects.heard == [1, 2, 4, 7]
    rows = await place.pool.fetch("select * from parked order by position")
    assert [(it["position"], it["aggregate_id"]) for it in rows] == [
        (3, "garage-1"),
        (5, "garage-1"),
        (6, "garage-1"),
    ]
    assert rows[0]["error"] == "ValueError: nobody understands 3"
    assert {it["error"] for it in rows[1:]} == {"waits behind a parked event"}


async def test_what_is_parked_stays_parked_after_a_restart(place: Place) -> None:
    effects = Effects(place, poison=frozenset({1}))
    await place.append("garage-1")
    async with running(relay_of(place).run()):
        async with running(effects.run()):
            await effects.until_at(1)
        again = Effects(place)
        await place.append("garage-1")
        async with running(again.run()):
            await again.until_at(2)

    assert await again.positions() == []
    assert await place.pool.fetchval("select count(*) from parked") == 2


async def test_a_cursor_belongs_to_one_consumer(place: Place) -> None:
    """Two followers of one log take it each at their own pace."""
    await place.append("garage-1", 4)
    one = Effects(place)
    two = Follower("other", SERVICE, one.apply, one.reload, one.committed)
    async with running(relay_of(place).run()):
        async with running(one.run()):
            await one.until_at(4)
        async with running(follow(place.client, place.pool, two)):
            await until(lambda: cursor_of(place.pool, two), lambda it: it == 4, WITHIN_S)

    assert await one.positions() == [1, 2, 3, 4, 1, 2, 3, 4]


async def test_two_of_the_same_follower_take_every_event_once_together(place: Place) -> None:
    """Two processes of one service, for as long as a deployment changes from one to the other."""
    first, second = Effects(place), Effects(place)
    async with (
        running(relay_of(place).run()),
        running(first.run()),
        running(second.run()),
    ):
        for number in range(60):
            await place.append(f"garage-{number % 3}")
        head = await place.store.head()
        await first.until_at(head)

    assert sorted(await first.positions()) == list(range(1, head + 1))
    assert await place.pool.fetchval("select count(*) from parked") == 0


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
        await until(lambda: _patient(place.store.head), lambda it: it == 100, WITHIN_S)
        await until(lambda: _patient(effects.cursor), lambda it: it == 100, WITHIN_S)
        await effects.check_once_each()
        await place.check_announced()


async def _patient(ask: Callable[[], Awaitable[int]]) -> int:
    """Ask a database that may just have cut the line."""
    try:
        return await ask()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return -1


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
            await until(_published(relay), lambda it: it == 5, WITHIN_S)
        else:
            await effects.until_at(5)
        await cut_off(place)
        task.cancel()

        await asyncio.wait({task}, timeout=WITHIN_S / 4)

        assert task.done(), "it goes on as if nobody had asked"
        await until(lambda: _patient(place.store.head), lambda it: it == 5, WITHIN_S)
        await asyncio.gather(task, return_exceptions=True)


async def cut_off(place: Place) -> None:
    """End every connection of a place's database, as a killed server does."""
    name = await place.pool.fetchval("select current_database()")
    connection = await asyncpg.connect(place.servers.database_url)
    try:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
        )

        async def left() -> int:
            return int(
                await connection.fetchval(
                    "select count(*) from pg_stat_activity where datname = $1", name
                )
            )

        await until(left, lambda it: it == 0, WITHIN_S)
    finally:
        await connection.close()

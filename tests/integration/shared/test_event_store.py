"""The log: what is acknowledged is there, once, in one order, without gaps."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from shared.decider import Claim
from shared.event_store import (
    CommandKnown,
    Commit,
    Conflict,
    EventStore,
    StreamEvents,
    Taken,
)
from shared.ids import new_id
from shared.messages import Answer, Verdict
from shared.messages.installation import CircuitAdded
from shared.recorded import Meta
from shared.runtime import pool_of
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers

pytestmark = pytest.mark.integration

ACCEPTED = Answer(verdict=Verdict.ACCEPTED)


def added(circuit_id: str = "level-1") -> CircuitAdded:
    return CircuitAdded(
        installation_id="garage", circuit_id=circuit_id, name=circuit_id, breaker_a=63, set_a=63
    )


def commit(
    *parts: StreamEvents, command_id: str | None = None, claims: tuple[Claim, ...] = ()
) -> Commit:
    command_id = command_id or new_id()
    meta = Meta(actor="test", command_id=command_id, correlation_id="c")
    return Commit(command_id, b"mark", ACCEPTED, meta, parts, claims)


@pytest_asyncio.fixture
async def store(servers: EmbeddedServers) -> AsyncIterator[EventStore]:
    async with (
        pool_of(await service_database(servers)) as pool,
        EventStore.open(pool) as opened,
    ):
        yield opened


async def test_what_is_appended_is_read_back_in_order(store: EventStore) -> None:
    await store.append(commit(StreamEvents("a", 0, [added("one"), added("two")])))
    await store.append(commit(StreamEvents("b", 0, [added("three")])))

    log = await store.read(after=0)

    assert [(it.position, it.stream, it.version) for it in log] == [
        (1, "a", 1),
        (2, "a", 2),
        (3, "b", 1),
    ]
    assert log[2].event == added("three")
    assert log[0].meta.actor == "test"


async def test_several_streams_are_appended_together_or_not_at_all(store: EventStore) -> None:
    await store.append(commit(StreamEvents("b", 0, [added()])))

    with pytest.raises(Conflict):
        await store.append(
            commit(StreamEvents("a", 0, [added()]), StreamEvents("b", 0, [added()]))
        )

    assert await store.load("a") == []
    assert await store.head() == 1


async def test_a_decision_taken_at_an_older_version_is_a_conflict(store: EventStore) -> None:
    await store.append(commit(StreamEvents("a", 0, [added()])))

    with pytest.raises(Conflict):
        await store.append(commit(StreamEvents("a", 0, [added("other")])))


async def test_the_same_command_gets_its_first_answer(store: EventStore) -> None:
    await store.append(commit(StreamEvents("a", 0, [added()]), command_id="c-1"))

    with pytest.raises(CommandKnown) as known:
        await store.append(commit(StreamEvents("a", 1, [added()]), command_id="c-1"))

    assert known.value.first.answer.position == 1
    assert await store.head() == 1


async def test_a_command_without_events_keeps_its_answer_too(store: EventStore) -> None:
    await store.append(commit(command_id="c-2"))

    first = await store.first_answer("c-2")

    assert first is not None
    assert first.answer == ACCEPTED
    assert await store.head() == 0


async def test_a_claimed_key_is_taken_until_it_is_released(store: EventStore) -> None:
    mine = Claim("serial", "ZAP000001", "garage-1/bay-1")
    theirs = Claim("serial", "ZAP000001", "garage-2/bay-1")
    await store.append(commit(StreamEvents("a", 0, [added()]), claims=(mine,)))

    with pytest.raises(Taken) as taken:
        await store.append(commit(StreamEvents("b", 0, [added()]), claims=(theirs,)))
    assert taken.value.holder == "garage-1/bay-1"

    release = Claim("serial", "ZAP000001", "garage-1/bay-1", release=True)
    await store.append(commit(StreamEvents("a", 1, [added()]), claims=(release,)))
    await store.append(commit(StreamEvents("b", 0, [added()]), claims=(theirs,)))


async def test_the_log_refuses_to_be_changed(store: EventStore) -> None:
    await store.append(commit(StreamEvents("a", 0, [added()])))

    for sql in (
        "update event_log set type = 'X'",
        "delete from event_log",
        "truncate event_log",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await store.pool.execute(sql)


async def test_a_reader_of_ascending_positions_misses_nothing(store: EventStore) -> None:
    writers, commits = 8, 60
    seen: list[int] = []

    async def write(stream: str) -> None:
        for version in range(commits):
            await store.append(commit(StreamEvents(stream, version, [added()])))

    async def tail() -> None:
        while len(seen) < writers * commits:
            seen.extend(it.position for it in await store.read(after=len(seen)))

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(tail())
        for writer in range(writers):
            tasks.create_task(write(f"stream-{writer}"))

    assert seen == list(range(1, writers * commits + 1))


async def test_one_bad_commit_does_not_fail_its_neighbours(store: EventStore) -> None:
    good, bad = (
        commit(StreamEvents("a", 0, [added()])),
        commit(StreamEvents("b\0", 0, [added()])),  # PostgreSQL has no text with a zero byte
    )

    results = await asyncio.gather(
        store.append(bad), store.append(good), return_exceptions=True
    )

    assert isinstance(results[0], Exception)
    assert results[1] == 1


async def test_killed_connections_neither_lose_nor_double_a_commit(store: EventStore) -> None:
    commits = 200

    async def kill() -> None:
        for _ in range(5):
            await asyncio.sleep(0.02)
            connection = await asyncpg.connect(dsn=store.pool._connect_args[0])
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            await connection.close()

    async def write(stream: str) -> None:
        for version in range(commits // 10):
            await store.append(commit(StreamEvents(stream, version, [added()])))

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(kill())
        for writer in range(10):
            tasks.create_task(write(f"stream-{writer}"))

    assert await store.head() == commits
    assert [it.position for it in await store.read(after=0)] == list(range(1, commits + 1))

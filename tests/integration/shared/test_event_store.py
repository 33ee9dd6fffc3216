"""The log: what is acknowledged is there, once, in one order, without gaps."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from shared.append_call import APPEND, arguments, written
from shared.decider import Claim
from shared.event_store import CommandKnown, Conflict, EventStore, StreamEvents, Taken
from shared.ids import new_id
from shared.runtime import pool_of
from tests.support.commits import ACCEPTED, added, commit
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers

pytestmark = pytest.mark.integration


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
    assert log[0].recorded_at == await store.pool.fetchval(
        "select recorded_at from event_log where position = 1"
    )


async def test_what_was_decided_on_nothing_is_appended_whatever_has_happened(
    store: EventStore,
) -> None:
    await store.append(commit(StreamEvents("a", 0, [added("one")])))
    await store.append(commit(StreamEvents("a", None, [added("two")])))

    assert [it.event for it in await store.load("a", after_version=1)] == [added("two")]


async def test_the_end_of_a_history_is_read_in_order(store: EventStore) -> None:
    names = ("one", "two", "three")
    await store.append(commit(StreamEvents("a", 0, [added(it) for it in names])))
    await store.append(commit(StreamEvents("b", 0, [added("other")])))

    assert [it.event for it in await store.latest("a", 2)] == [added("two"), added("three")]
    assert len(await store.latest("a", 9)) == len(names)
    assert await store.latest("nothing", 9) == []


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
        "update event_log_from_1 set type = 'X'",
        "delete from event_log_from_1",
        "truncate event_log_from_1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await store.pool.execute(sql)


async def test_neither_an_event_nor_its_partition_may_be_changed_by_whoever_may_append(
    store: EventStore,
) -> None:
    await store.append(commit(StreamEvents("a", 0, [added()])))
    role = f"service_{new_id().replace('-', '')}"
    async with store.pool.acquire() as connection:
        await connection.execute(f"create role {role}")
        await connection.execute(f"grant select on all tables in schema public to {role}")
        await connection.execute(f"set role {role}")
        other = commit(StreamEvents("a", 1, [added()]))
        row = await connection.fetchrow(APPEND, *arguments([written(other)]))
        for sql in (
            "insert into event_log select * from event_log",
            "update event_log set type = 'X'",
            "update log_head set position = 0",
            "delete from log_stream",
            "truncate event_log_from_1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)
        await connection.execute("reset role")
        owners = await connection.fetchval(
            "select relacl::text from pg_class where relname = 'event_log_from_1'"
        )

    assert row["positions"] == [2]
    assert "postgres=arxtm/postgres" in owners, "the owner may not change it either"


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

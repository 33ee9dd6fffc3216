"""One call for many commits: each is judged in its turn, and what they leave behind is whole."""

import asyncio
import hashlib
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from shared.append_call import APPEND, arguments, verdicts, written
from shared.appending import BATCH_MAX, LANES, WAITING_MAX
from shared.decider import Claim
from shared.event_store import (
    CommandKnown,
    Commit,
    Conflict,
    EventStore,
    StoreFault,
    StoreOverloaded,
    StreamEvents,
    Taken,
)
from shared.ids import new_id
from shared.runtime import pool_of
from tests.support.commits import ACCEPTED, added, commit, one
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers

pytestmark = pytest.mark.integration

BACKLOG = WAITING_MAX + LANES * BATCH_MAX + 10
"""More than can wait, and be on their way."""
MINE = Claim("serial", "ZAP000001", "garage-1/bay-1")
THEIRS = Claim("serial", "ZAP000001", "garage-2/bay-1")
LEFT = Claim("serial", "ZAP000001", "garage-1/bay-1", release=True)


@pytest_asyncio.fixture
async def database_url(servers: EmbeddedServers) -> str:
    return await service_database(servers)


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with pool_of(database_url) as pool, EventStore.open(pool) as opened:
        yield opened


async def in_one_call(store: EventStore, *commits: Commit) -> list[int | StoreFault]:
    """Append commits as one batch, whatever the writer would make of them."""
    batch = [written(it) for it in commits]
    row = await store.pool.fetchrow(APPEND, *arguments(batch))
    return verdicts(row, batch, repeated=False)


def kinds(found: list[int | StoreFault]) -> list[object]:
    return [it if isinstance(it, int) else type(it) for it in found]


# --- Verdicts within a batch ---


async def test_commits_of_a_batch_meet_what_those_before_them_have_changed(
    store: EventStore,
) -> None:
    found = await in_one_call(
        store, one("a", 0), one("b", 0), one("a", 0), one("a", 1), one("a"), one("b", 2)
    )

    assert kinds(found) == [1, 2, Conflict, 3, 4, Conflict]
    assert [(it.stream, it.version) for it in await store.read(after=0)] == [
        ("a", 1),
        ("b", 1),
        ("a", 2),
        ("a", 3),
    ]


async def test_a_repetition_within_a_later_batch_takes_no_position(store: EventStore) -> None:
    first, again = one("a", 0), one("b", 0)
    await in_one_call(store, first)

    found = await in_one_call(store, first, again)

    assert kinds(found) == [CommandKnown, 2]
    assert isinstance(found[0], CommandKnown)
    assert found[0].first.fingerprint == b"mark"
    assert found[0].first.answer == ACCEPTED.model_copy(update={"position": 1})


async def test_the_same_command_twice_at_once_is_decided_once(store: EventStore) -> None:
    results = await asyncio.gather(
        *(store.append(one("a", command_id="c-1")) for _ in range(3)), return_exceptions=True
    )

    assert sorted(map(repr, map(type, results))) == sorted(
        map(repr, (int, CommandKnown, CommandKnown))
    )
    assert await store.head() == 1


async def test_commits_without_events_keep_their_answers_and_take_no_position(
    store: EventStore,
) -> None:
    before = await store.pool.fetchval("select xmin::text from log_head")

    found = await in_one_call(store, commit(command_id="c-1"), commit(command_id="c-2"))

    assert found == [0, 0]
    assert await store.first_answer("c-2") is not None
    assert await store.pool.fetchval("select xmin::text from log_head") == before


async def test_texts_of_any_kind_come_back_as_they_were(store: EventStore) -> None:
    streams = ['a "quoted" \\ one', "null", "", "{1,2}", "garasje-på-taket-⚡", " "]

    found = await in_one_call(store, *(one(it, 0, command_id=f"c {it}") for it in streams))

    assert found == list(range(1, len(streams) + 1))
    assert [it.stream for it in await store.read(after=0)] == streams
    assert [len(await store.load(it)) for it in streams] == [1] * len(streams)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_a_text_that_cannot_be_stored_fails_alone(store: EventStore, text: str) -> None:
    results = await asyncio.gather(
        store.append(one(text)), store.append(one("good")), return_exceptions=True
    )

    assert isinstance(results[0], ValueError)
    assert results[1] == 1


async def test_one_bad_commit_does_not_fail_its_neighbours(store: EventStore) -> None:
    bad = Commit("c-bad", None, ACCEPTED, commit().meta, [])  # type: ignore[arg-type]

    results = await asyncio.gather(
        store.append(one("a")),
        store.append(bad),
        store.append(one("b")),
        return_exceptions=True,
    )

    assert isinstance(results[1], Exception)
    assert [results[0], results[2]] == [1, 2]


# --- The writer ---


async def test_commits_on_a_stream_take_effect_in_the_order_in_which_they_came(
    store: EventStore,
) -> None:
    """However many lanes write: each stream has several commits in every batch."""
    streams, commits = 7, 90
    handed_in = [
        commit(StreamEvents(f"stream-{stream}", version, [added(f"{version}")]))
        for version in range(commits)
        for stream in range(streams)
    ]
    handed_in += [commit(StreamEvents("any", None, [added(str(it))])) for it in range(commits)]

    async with asyncio.timeout(60):
        await asyncio.gather(*(store.append(it) for it in handed_in))

    assert await store.head() == (streams + 1) * commits
    for stream in ("stream-0", f"stream-{streams - 1}", "any"):
        events = [it.event for it in await store.load(stream)]
        assert events == [added(str(it)) for it in range(commits)]


async def test_a_writer_that_is_far_behind_says_so(store: EventStore) -> None:
    holder = await store.pool.acquire()
    waiting: list[asyncio.Task[int]] = []
    try:
        await holder.execute("select pg_advisory_lock(7203316211)")
        waiting += [asyncio.create_task(store.append(one("a"))) for _ in range(BACKLOG)]
        with pytest.raises(StoreOverloaded):
            async with asyncio.timeout(60):
                await until_refused(waiting)
    finally:
        await holder.execute("select pg_advisory_unlock_all()")
        await store.pool.release(holder)
    done = await asyncio.gather(*waiting, return_exceptions=True)

    taken = [it for it in done if isinstance(it, int)]
    assert len(taken) >= WAITING_MAX
    assert sorted(taken) == list(range(1, len(taken) + 1))


async def until_refused(waiting: list[asyncio.Task[int]]) -> None:
    """Raise what the first of them is refused with."""
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
    for it in done:
        it.result()


# --- Keys ---


async def test_a_key_may_change_hands_within_one_commit(store: EventStore) -> None:
    await store.append(commit(StreamEvents("one", 0, [added()]), claims=(MINE,)))

    await store.append(
        commit(
            StreamEvents("one", 1, [added()]),
            StreamEvents("two", 0, [added()]),
            claims=(THEIRS, LEFT),
        )
    )

    with pytest.raises(Taken) as taken:
        await store.append(commit(claims=(MINE,)))
    assert taken.value.holder == "garage-2/bay-1"
    assert await store.pool.fetchval("select position from reservation") == 3


async def test_only_its_holder_releases_a_key(store: EventStore) -> None:
    await store.append(commit(claims=(MINE,)))
    foreign = Claim("serial", "ZAP000001", "garage-3/bay-1", release=True)

    with pytest.raises(Taken):
        await store.append(commit(claims=(foreign, THEIRS)))


async def test_keys_pass_from_commit_to_commit_of_a_batch(store: EventStore) -> None:
    found = await in_one_call(
        store,
        commit(claims=(MINE,)),
        commit(claims=(THEIRS,)),
        commit(claims=(LEFT,)),
        commit(claims=(THEIRS,)),
    )

    assert kinds(found) == [0, Taken, 0, 0]
    assert await store.pool.fetchval("select holder from reservation") == "garage-2/bay-1"


async def test_a_commit_that_is_refused_leaves_no_key_behind(store: EventStore) -> None:
    other = Claim("charger", "bay-1", "garage-2/bay-1")
    free = Claim("serial", "ZAP000009", "garage-2/bay-1")

    found = await in_one_call(
        store,
        commit(claims=(MINE,)),
        commit(StreamEvents("two", None, [added()]), claims=(other, free, THEIRS)),
        commit(StreamEvents("three", 5, [added()]), claims=(other,)),
    )

    assert kinds(found) == [0, Taken, Conflict]
    rows = await store.pool.fetch("select key, holder from reservation")
    assert [tuple(it) for it in rows] == [("ZAP000001", "garage-1/bay-1")]
    assert await store.head() == 0


# --- Partitions ---


async def test_the_log_makes_room_for_itself(store: EventStore) -> None:
    await store.pool.execute("update log_head set room = 20, partition_size = 20")
    await store.pool.execute("alter table event_log detach partition event_log_from_1")
    await store.pool.execute("drop table event_log_from_1")
    await store.pool.execute("update log_head set room = 0")

    for version in range(0, 140, 7):
        await store.append(commit(StreamEvents("a", version, [added()] * 7)))
    await store.append(commit(StreamEvents("a", 140, [added()] * 90)))

    log = await store.read(after=0, limit=1000)
    assert [it.position for it in log] == list(range(1, 231))
    assert log == await store.load("a")
    partitions = await store.pool.fetch(
        "select relname from pg_class where relispartition and relkind = 'r' order by oid"
    )
    assert [it["relname"] for it in partitions][:2] == ["event_log_from_1", "event_log_from_21"]
    for it in partitions:
        with pytest.raises(Exception, match="append-only"):
            await store.pool.execute(f"delete from {it['relname']}")  # noqa: S608  # named by us


async def test_neither_readers_nor_maintenance_hold_up_a_log_that_makes_room(
    store: EventStore,
) -> None:
    await store.pool.execute("update log_head set partition_size = 2 * room")
    async with store.pool.acquire() as reader, store.pool.acquire() as keeper:
        async with reader.transaction(), keeper.transaction():
            await reader.fetch("select * from event_log")  # as a backup does, for hours
            await keeper.execute("lock table event_log in share update exclusive mode")
            async with asyncio.timeout(10):
                await store.append(one("a", 0))  # it would like more room, and can wait
        async with reader.transaction():
            await reader.fetch("select * from event_log")
            async with asyncio.timeout(10):
                await store.append(one("a", 1))

    rooms = await store.pool.fetchval(
        "select count(*) from pg_class where relispartition and relkind = 'r'"
    )
    assert rooms == 2


# --- The chain of hashes ---


async def test_every_event_carries_the_hash_of_all_before_it(store: EventStore) -> None:
    await in_one_call(store, one("a", 0), one("a", 7), one("på-taket", 0), commit())
    await store.append(commit(StreamEvents("a", 1, [added("two"), added("three")])))

    previous = bytes(32)
    rows = await store.pool.fetch("select * from event_log order by position")
    for row in rows:
        previous = hashlib.sha256(previous + content(row)).digest()
        assert row["hash"] == previous
    assert len(rows) == 4
    assert await store.pool.fetchval("select hash from log_head") == previous


def content(row: Any) -> bytes:
    recorded_us = (row["recorded_at"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )
    texts = (row["stream"].encode(), row["type"].encode(), row["meta"], row["data"])
    return (
        struct.pack(">qqh", row["position"], row["version"], row["schema"])
        + row["event_id"].bytes
        + struct.pack(">q", recorded_us)
        + b"".join(struct.pack(">i", len(it)) + it for it in texts)
    )


# --- Several writers ---


async def test_processes_share_a_log_without_gaps_and_without_losing_anything(
    database_url: str,
) -> None:
    commits, callers = 30, 8
    positions: list[int] = []

    async def write(store: EventStore, stream: str) -> None:
        version = 0
        while version < commits:
            position = await store.append(one(stream, version, new_id()))
            positions.append(position)
            version += 1

    async with (
        pool_of(database_url) as pool,
        pool_of(database_url) as other_pool,
        EventStore.open(pool) as store,
        EventStore.open(other_pool) as other,
    ):
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            for caller in range(callers):
                tasks.create_task(write((store, other)[caller % 2], f"stream-{caller}"))
        log = await store.read(after=0, limit=1000)

    assert sorted(positions) == list(range(1, commits * callers + 1))
    assert [it.position for it in log] == list(range(1, commits * callers + 1))
    for caller in range(callers):
        versions = [it.version for it in log if it.stream == f"stream-{caller}"]
        assert versions == list(range(1, commits + 1))

"""A snapshot spares reading a long history; it is never more than that."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from shared.event_store import EventStore, StreamEvents
from shared.runtime import pool_of
from shared.snapshots import Snapshot, Snapshots
from tests.support.commits import added, commit
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Names:
    """A state that remembers names."""

    names: tuple[str, ...] = ()


SNAPSHOTS = Snapshots(Names)
THREE = Snapshot(3, Names(("one", "two", "three")))


@pytest_asyncio.fixture
async def store(servers: EmbeddedServers) -> AsyncIterator[EventStore]:
    async with (
        pool_of(await service_database(servers)) as pool,
        EventStore.open(pool) as opened,
    ):
        await opened.append(commit(StreamEvents("a", 0, [added()] * 4)))
        yield opened


async def test_a_state_comes_back_as_it_was_with_its_version(store: EventStore) -> None:
    await SNAPSHOTS.keep(store.pool, "a", "names-1", THREE)

    assert await SNAPSHOTS.newest(store.pool, "a", "names-1") == THREE
    assert [it.version for it in await store.load("a", after_version=3)] == [4]


async def test_another_fold_leaves_it_alone(store: EventStore) -> None:
    await SNAPSHOTS.keep(store.pool, "a", "names-1", THREE)

    assert await SNAPSHOTS.newest(store.pool, "a", "names-2") is None
    assert await SNAPSHOTS.newest(store.pool, "b", "names-1") is None


async def test_one_that_came_late_does_not_replace_a_newer_one(store: EventStore) -> None:
    await SNAPSHOTS.keep(store.pool, "a", "names-1", THREE)
    await SNAPSHOTS.keep(store.pool, "a", "names-1", Snapshot(2, Names(("one", "two"))))

    assert await SNAPSHOTS.newest(store.pool, "a", "names-1") == THREE


async def test_one_that_cannot_be_read_or_knows_more_than_the_log_is_left_alone(
    store: EventStore,
) -> None:
    await SNAPSHOTS.keep(store.pool, "a", "names-1", THREE)
    await store.pool.execute("update snapshot set version = 5")
    assert await SNAPSHOTS.newest(store.pool, "a", "names-1") is None

    await store.pool.execute("update snapshot set version = 3, state = 'no JSON'")
    assert await SNAPSHOTS.newest(store.pool, "a", "names-1") is None

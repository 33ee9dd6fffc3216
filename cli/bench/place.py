"""Where the measurements run: fresh embedded servers, everything synced to disk, and databases on them."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import uvloop

from cli.composition import service_database_url
from cli.migrations import LOG_SCHEMA, migrate
from cli.options import StackOptions
from cli.stack import Stack
from shared.event_store import EventStore
from shared.runtime import pool_of

DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


WAL_FILES: Final = 48
"""Of 16 MB each: as many as the measurements of appends write."""

T = TypeVar("T")


class NotDurable(Exception):
    """The server would not sync to disk: figures of it would mean nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Running servers."""

    nats_url: str
    database_url: str

    async def log(self, name: str) -> str:
        """Make a database with an empty log; returns its URL."""
        url = service_database_url(self.database_url, name)
        await migrate(name, url, [LOG_SCHEMA])
        connection = await asyncpg.connect(url)
        try:
            for setting, wanted in DURABLE.items():
                found = await connection.fetchval("select current_setting($1)", setting)
                if found != wanted:
                    raise NotDurable(f"PostgreSQL runs with {setting} = {found}")
        finally:
            await connection.close()
        return url


@contextlib.asynccontextmanager
async def bench_place() -> AsyncIterator[Place]:
    """
    Start servers in a temporary folder, and remove all of it at the end.

    Raises:
        StackFault: they do not start.
    """
    with scratch() as folder:
        options = StackOptions(
            data_folder=folder, postgres_port=0, nats_port=0, nats_monitor_port=0
        )
        async with Stack(options, ()) as stack:
            place = Place(stack.urls["nats"], stack.urls["database"])
            await _wear_in(await place.log("worn"))
            yield place


async def as_services_run(work: Coroutine[Any, Any, T]) -> T:
    """Do something on the event loop that services run on, in a thread of its own: it cannot start
    processes of other users, which the servers beside it are."""
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    loop = runner.get_loop()

    def run() -> T:
        with runner:
            return runner.run(work)

    def end() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()

    there = asyncio.ensure_future(asyncio.to_thread(run))
    try:
        return await asyncio.shield(there)
    except asyncio.CancelledError:
        loop.call_soon_threadsafe(end)
        await asyncio.wait([there])
        raise


async def _wear_in(database_url: str) -> None:
    """Have PostgreSQL make the files of its write-ahead log, and keep them: on a server that has run for
    a while nobody waits for that."""
    connection = await asyncpg.connect(database_url)
    try:
        for _ in range(WAL_FILES):
            await connection.execute("select pg_logical_emit_message(false, 'wear-in', '')")
            await connection.execute("select pg_switch_wal()")
        await connection.execute("checkpoint")
    finally:
        await connection.close()


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Name a folder to be made, within one that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="ampledger-bench-") as name:
        Path(name).chmod(0o711)  # PostgreSQL may run as another user, who must get in
        yield Path(name) / "data"


@contextlib.asynccontextmanager
async def open_store(
    database_url: str,
) -> AsyncIterator[tuple["asyncpg.Pool[Any]", EventStore]]:
    """Open a log as a service does."""
    async with pool_of(database_url) as pool, EventStore.open(pool) as store:
        yield pool, store

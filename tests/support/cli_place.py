"""Logs and followers in databases as a stack has them, and the command line looking at them."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from cli.composition import service_database_url
from cli.migrations import LOG_SCHEMA, migrate
from shared.event_store import EventStore
from shared.ids import new_id
from shared.messaging import connect, disconnect
from shared.runtime import pool_of
from tests.support.databases import ROOT
from tests.support.log_place import SERVICE, Place, forget_jetstreams
from tests.support.servers import EmbeddedServers

FOLLOWER = "portal"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command has said, and what it exited with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


@dataclass(frozen=True, slots=True)
class CliPlace:
    """A log in one database, a follower in another, and where they are."""

    log: Place
    follower: Place
    """Its pool is the follower's database; its log is the same."""
    database_url: str

    async def ampledger(self, *arguments: str) -> Said:
        """Run a command that finds this place by its environment."""
        environment = {
            "DATABASE_URL": self.database_url,
            "NATS_URL": self.log.servers.nats_url,
        }
        return await ampledger(*arguments, environment=environment)


async def ampledger(
    *arguments: str, environment: dict[str, str] | None = None, cwd: Path = ROOT
) -> Said:
    """Run the command line as people do, without a terminal."""
    outer = {k: v for k, v in os.environ.items() if k not in {"NATS_URL", "DATABASE_URL"}}
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("ampledger"),
        *arguments,
        cwd=cwd,
        env=outer | {"COLUMNS": "200", "USER": "tester"} | (environment or {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Said(process.returncode, out.decode(), err.decode())


@contextlib.asynccontextmanager
async def cli_place(
    servers: EmbeddedServers, *, announced: bool = False
) -> AsyncIterator[CliPlace]:
    """An empty log that nobody has ever announced, unless told so, and a follower that never began."""
    base = servers.postgres.url(f"t{new_id().replace('-', '')[-12:]}")
    urls = {it: service_database_url(base, it) for it in (SERVICE, FOLLOWER)}
    for service, url in urls.items():
        await migrate(service, url, [LOG_SCHEMA])
    client = await connect(servers.nats_url, "test-cli-place")
    if not announced:
        await forget_jetstreams(client)
    try:
        async with (
            pool_of(urls[SERVICE]) as pool,
            EventStore.open(pool) as store,
            pool_of(urls[FOLLOWER]) as follower_pool,
        ):
            await follower_pool.execute("create table effect (position bigint, stream text)")
            log = Place(servers, urls[SERVICE], client, pool, store)
            follower = replace(log, database_url=urls[FOLLOWER], pool=follower_pool)
            yield CliPlace(log, follower, base)
    finally:
        await disconnect(client)

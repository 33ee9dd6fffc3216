import contextlib
from collections.abc import AsyncIterator

import pytest_asyncio
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from shared import subjects
from shared.event_store import EventStore
from shared.messaging import connect
from shared.runtime import RuntimeSettings, pool_of
from tests.integration.installation.desk import Desk, Service
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers

PROCESSES = 2
"""They share the commands and the log, as processes of one deployment do."""


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def desk(servers: EmbeddedServers) -> AsyncIterator[Desk]:
    """A running installation service; every test takes installations of its own."""
    database_url = await service_database(servers)
    settings = RuntimeSettings(nats_url=servers.nats_url, database_url=database_url)
    client = await connect(servers.nats_url, "test-desk")
    await forget_announced(client)
    services = [Service(settings) for _ in range(PROCESSES)]
    for service in services:
        await service.start()
    async with pool_of(database_url) as pool:
        yield Desk(client, EventStore(pool))
    for service in services:
        await service.stop()
    await forget_announced(client)
    await client.close()


async def forget_announced(client: Client) -> None:
    """Other tests have logs of their own, which are announced under the same name."""
    with contextlib.suppress(NotFoundError):
        await client.jetstream().delete_stream(subjects.jetstream_of("installation"))

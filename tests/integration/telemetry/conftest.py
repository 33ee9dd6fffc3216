import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio

from tests.integration.telemetry.world import World, make_world
from tests.support.servers import EmbeddedServers, running_servers


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def servers() -> AsyncIterator[EmbeddedServers]:
    """Servers of our own, because only one relay may speak for a log."""
    async with running_servers() as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def world(servers: EmbeddedServers) -> AsyncIterator[World]:
    """A running telemetry service; every test takes chargers of its own."""
    tasks: set[asyncio.Task[None]] = set()
    async with AsyncExitStack() as stack:
        made = await make_world(servers, stack, tasks)
        await made.service.start()
        yield made
        await made.service.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

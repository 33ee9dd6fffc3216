from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.servers import EmbeddedServers, running_servers


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def own_servers() -> AsyncIterator[EmbeddedServers]:
    """Servers of one's own: what a service may announce here would disturb the other tests."""
    async with running_servers() as running:
        yield running

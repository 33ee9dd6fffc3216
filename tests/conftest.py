from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.servers import EmbeddedServers, running_servers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers() -> AsyncIterator[EmbeddedServers]:
    """PostgreSQL and NATS for the whole test session; tests take databases of their own."""
    async with running_servers() as running:
        yield running

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.log_place import Place, forget_jetstreams, opened
from tests.support.servers import EmbeddedServers, running_servers


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def mortal_servers() -> AsyncIterator[EmbeddedServers]:
    """Servers of these tests' own: they kill them."""
    async with running_servers() as running:
        yield running


@pytest_asyncio.fixture
async def place(mortal_servers: EmbeddedServers) -> AsyncIterator[Place]:
    """A service's place with an empty log, which nobody has ever announced."""
    async with opened(mortal_servers) as made:
        await forget_jetstreams(made.client)
        yield made

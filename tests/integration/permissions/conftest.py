from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.permissions.desk import Desk, desk_at
from tests.support.servers import running_servers


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def desk() -> AsyncIterator[Desk]:
    """Running permissions; every test takes people and installations of its own."""
    async with running_servers() as servers, desk_at(servers) as desk:
        yield desk

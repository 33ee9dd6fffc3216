from collections.abc import AsyncIterator

import hypothesis  # noqa: F401  # see below
import pytest_asyncio

from tests.support.servers import EmbeddedServers, running_servers

# Hypothesis is loaded here, because pytest's summary would load it at the end, and Python 3.11 may fail to
# compile it there ("AST constructor recursion depth mismatch").


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers() -> AsyncIterator[EmbeddedServers]:
    """PostgreSQL and NATS for the whole test session; tests take databases of their own."""
    async with running_servers() as running:
        yield running

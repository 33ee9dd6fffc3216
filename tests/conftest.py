from collections.abc import AsyncIterator

import hypothesis
import pytest_asyncio

from tests.support.servers import EmbeddedServers, running_servers, wanted_servers

# Hypothesis is loaded here, because pytest's summary would load it at the end, and Python 3.11 may fail to
# compile it there ("AST constructor recursion depth mismatch"). How long an example takes says nothing of
# the code on a machine that others use as well.
hypothesis.settings.register_profile("shared-machine", deadline=None)
hypothesis.settings.load_profile("shared-machine")


def pytest_report_header() -> str:
    return f"PostgreSQL and NATS of the tests: {wanted_servers()}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers() -> AsyncIterator[EmbeddedServers]:
    """PostgreSQL and NATS for the whole test session; tests take databases of their own."""
    async with running_servers() as running:
        yield running

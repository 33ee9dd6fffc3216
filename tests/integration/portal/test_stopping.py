"""A portal stops soon, whoever still looks at it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.clock import utc_now
from tests.support.portal_feed import feeding
from tests.support.portal_process import PortalProcess, running_portal
from tests.support.portal_scene import GARAGE, Garage
from tests.support.servers import running_servers
from tests.support.waiting import until

pytestmark = pytest.mark.integration

STOP_S_MAX = 3.0


@pytest_asyncio.fixture(loop_scope="session")
async def portal() -> AsyncIterator[PortalProcess]:
    async with (
        running_servers() as servers,
        feeding(servers) as feed,
        running_portal(servers) as running,
    ):
        await feed.tell(*Garage(utc_now()).history())
        yield running


@contextlib.asynccontextmanager
async def looking(portal: PortalProcess) -> AsyncIterator[asyncio.StreamReader]:
    """A viewer's connection, after its first bytes; what is done with the rest is the test's."""
    reader, writer = await asyncio.open_connection("127.0.0.1", portal.port, limit=1024)
    request = f"GET /installations/{GARAGE}/live HTTP/1.1\r\nHost: portal\r\n\r\n"
    writer.write(request.encode())
    status = await reader.readline()
    try:
        assert b"200" in status, status
        yield reader
    finally:
        writer.close()


async def until_known(portal: PortalProcess) -> None:
    async def looked() -> bool:
        try:
            async with looking(portal):
                return True
        except AssertionError:
            return False

    await until(looked, bool)


async def test_a_portal_with_a_viewer_stops_soon(portal: PortalProcess) -> None:
    await until_known(portal)
    async with looking(portal) as reader:
        rest = asyncio.create_task(reader.read())
        async with asyncio.timeout(STOP_S_MAX):
            exit_code = await portal.stop()
        await rest  # the stream has an end

    assert exit_code == 0


async def test_a_portal_whose_viewer_takes_nothing_in_stops_too(portal: PortalProcess) -> None:
    await until_known(portal)
    async with looking(portal):  # the rest is never read
        async with asyncio.timeout(STOP_S_MAX):
            exit_code = await portal.stop()

    assert exit_code == 0


async def test_a_portal_stops_soon_while_events_pour_in(portal: PortalProcess) -> None:
    async with asyncio.timeout(STOP_S_MAX):  # the garage's history has only begun to be folded
        assert await portal.stop() == 0

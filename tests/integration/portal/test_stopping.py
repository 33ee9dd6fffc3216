"""A portal stops soon, whoever still looks at it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Signed:
    """A portal, and what the browser of somebody who is signed in there sends."""

    process: PortalProcess
    cookie: str

    async def stop(self) -> int:
        return await self.process.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def portal() -> AsyncIterator[Signed]:
    async with (
        running_servers() as servers,
        feeding(servers) as feed,
        running_portal(servers) as running,
    ):
        await feed.tell(*Garage(utc_now()).history())
        cookies = await feed.cookies(running.url)
        yield Signed(running, "; ".join(f"{name}={it}" for name, it in cookies.items()))


@contextlib.asynccontextmanager
async def looking(portal: Signed) -> AsyncIterator[asyncio.StreamReader]:
    """A viewer's connection, after its first bytes; what is done with the rest is the test's."""
    reader, writer = await asyncio.open_connection("127.0.0.1", portal.process.port, limit=1024)
    request = f"GET /installations/{GARAGE}/live HTTP/1.1\r\nHost: portal\r\n"
    writer.write(f"{request}Cookie: {portal.cookie}\r\n\r\n".encode())
    status = await reader.readline()
    try:
        assert b"200" in status, status
        yield reader
    finally:
        writer.close()


async def until_known(portal: Signed) -> None:
    async def looked() -> bool:
        try:
            async with looking(portal):
                return True
        except AssertionError:
            return False

    await until(looked, bool)


async def test_a_portal_with_a_viewer_stops_soon(portal: Signed) -> None:
    await until_known(portal)
    async with looking(portal) as reader:
        rest = asyncio.create_task(reader.read())
        async with asyncio.timeout(STOP_S_MAX):
            exit_code = await portal.stop()
        await rest  # the stream has an end

    assert exit_code == 0


async def test_a_portal_whose_viewer_takes_nothing_in_stops_too(portal: Signed) -> None:
    await until_known(portal)
    async with looking(portal):  # the rest is never read
        async with asyncio.timeout(STOP_S_MAX):
            exit_code = await portal.stop()

    assert exit_code == 0


async def test_a_portal_stops_soon_while_events_pour_in(portal: Signed) -> None:
    async with asyncio.timeout(STOP_S_MAX):  # the garage's history has only begun to be folded
        assert await portal.stop() == 0

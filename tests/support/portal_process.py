"""The portal as a process of its own, as it runs in earnest."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from cli.ports import free_ports
from tests.support.databases import ROOT, portal_database
from tests.support.servers import EmbeddedServers

READY_S_MAX = 60.0
STOP_S_MAX = 10.0


@dataclass(frozen=True, slots=True)
class PortalProcess:
    """A running portal."""

    url: str
    port: int
    process: asyncio.subprocess.Process
    database_url: str

    async def stop(self) -> int:
        """Ask it to stop, and make it after a while; returns its exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        try:
            return await asyncio.wait_for(self.process.wait(), STOP_S_MAX)
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()


async def start_portal(
    servers: EmbeddedServers, database_url: str | None = None, port: int | None = None
) -> PortalProcess:
    """Start a portal, on a free port unless given, and wait until it answers."""
    database_url = database_url or await portal_database(servers)
    port = port or free_ports(1)[0]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.portal",
        cwd=ROOT,
        env=os.environ
        | {
            "NATS_URL": servers.nats_url,
            "DATABASE_URL": database_url,
            "PORTAL_PORT": str(port),
            "PORTAL_TIME_ZONE": "Europe/Oslo",
        },
    )
    portal = PortalProcess(f"http://127.0.0.1:{port}", port, process, database_url)
    try:
        await _answers(portal)
    except BaseException:
        await portal.stop()
        raise
    return portal


async def _answers(portal: PortalProcess) -> None:
    async with asyncio.timeout(READY_S_MAX), httpx.AsyncClient() as http:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await http.get(portal.url)
                return
            assert portal.process.returncode is None, "the portal has ended"
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def running_portal(
    servers: EmbeddedServers, database_url: str | None = None
) -> AsyncIterator[PortalProcess]:
    """A portal that is stopped at the end."""
    portal = await start_portal(servers, database_url)
    try:
        yield portal
    finally:
        await portal.stop()

"""A service as a process of its own, as it runs in earnest."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx

from cli.keys import key_files
from cli.ports import free_ports
from tests.support.databases import ROOT, service_database
from tests.support.servers import EmbeddedServers
from tests.support.waiting import until

READY_S_MAX = 30.0
STOP_S_MAX = 10.0


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A running service."""

    name: str
    database_url: str
    process: asyncio.subprocess.Process
    health_url: str

    async def wait_ready(self) -> None:
        async with httpx.AsyncClient() as http:

            async def ready() -> bool:
                assert self.process.returncode is None, f"{self.name} has ended"
                with contextlib.suppress(httpx.TransportError):
                    return (await http.get(self.health_url)).status_code == 200
                return False

            await until(ready, bool, READY_S_MAX)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_S_MAX)
        except TimeoutError:
            await self.kill()


@contextlib.asynccontextmanager
async def running_service(
    name: str,
    servers: EmbeddedServers,
    database_url: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[ServiceProcess]:
    """Start a service that has keys, ready, and stopped at the end."""
    schema = ROOT / "services" / name / "schema"
    database_url = database_url or await service_database(servers, schema)
    (port,) = free_ports(1)
    keys = servers.folder / "keys"
    keys.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"services.{name}",
        cwd=ROOT,
        env=os.environ
        | {
            "NATS_URL": servers.nats_url,
            "DATABASE_URL": database_url,
            "AMPLEDGER_HEALTH_PORT": str(port),
        }
        | key_files(keys, name, {})
        | dict(environment or {}),
    )
    url = f"http://127.0.0.1:{port}/health/ready"
    running = ServiceProcess(name, database_url, process, url)
    try:
        await running.wait_ready()
        yield running
    finally:
        await running.stop()

"""Permissions as a process of its own, with people who can sign in."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
from nats.aio.client import Client

from cli.keys import key_files
from cli.ports import free_ports
from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages.own_account import IssueLink, Link
from shared.messages.permissions import InvitePerson
from shared.messaging import request
from tests.support.databases import ROOT, service_database
from tests.support.servers import EmbeddedServers
from tests.support.waiting import until

SCHEMA = ROOT / "services" / "permissions" / "schema"
READY_S_MAX = 30.0
STOP_S_MAX = 10.0


@dataclass(frozen=True, slots=True)
class PermissionsProcess:
    """Running permissions."""

    database_url: str
    process: asyncio.subprocess.Process
    health_url: str

    async def wait_ready(self) -> None:
        async with httpx.AsyncClient() as http:

            async def ready() -> bool:
                assert self.process.returncode is None, "permissions has ended"
                with contextlib.suppress(httpx.TransportError):
                    return (await http.get(self.health_url)).status_code == 200
                return False

            await until(ready, bool, READY_S_MAX)

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_S_MAX)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


@contextlib.asynccontextmanager
async def running_permissions(
    servers: EmbeddedServers,
    database_url: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[PermissionsProcess]:
    """Permissions, ready, and stopped at the end."""
    database_url = database_url or await service_database(servers, SCHEMA)
    (port,) = free_ports(1)
    keys = servers.folder / "keys"
    keys.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.permissions",
        cwd=ROOT,
        env=os.environ
        | {
            "NATS_URL": servers.nats_url,
            "DATABASE_URL": database_url,
            "AMPLEDGER_HEALTH_PORT": str(port),
        }
        | key_files(keys, "permissions", {})
        | dict(environment or {}),
    )
    running = PermissionsProcess(database_url, process, f"http://127.0.0.1:{port}/health/ready")
    try:
        await running.wait_ready()
        yield running
    finally:
        await running.stop()


async def link_for(client: Client, person_id: str) -> str:
    """
    Have the operator invite somebody, and make a link that signs them in once; return its secret.

    Whoever was invited before, under the same id, is who they were.
    """
    invite = InvitePerson(
        command_id=new_id(), person_id=person_id, email=f"{person_id}@example.com"
    )
    invited = await request(
        client, invite, subjects.command(InvitePerson, person_id), Context("operator", new_id())
    )
    assert invited.accepted, invited
    subject = subjects.operator_query("permissions", IssueLink.__name__)
    asked = IssueLink(person_id=person_id).model_dump_json().encode()
    answer = Link.model_validate_json((await client.request(subject, asked, timeout=10)).data)
    assert answer.accepted, answer
    return answer.token


async def sign_in(http: httpx.AsyncClient, client: Client, person_id: str) -> None:
    """Sign somebody in over HTTP, with a link as the operator makes them."""
    token = await link_for(client, person_id)
    answer = await http.post("/sign-in/once", data={"token": token})
    assert answer.status_code == 303, answer.text

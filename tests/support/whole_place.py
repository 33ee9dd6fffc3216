"""Everything running as in earnest, and people whom its operator has made authorised installers."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import httpx
from nats.aio.client import Client

from cli.bench.tenants import told
from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import BALANCER, TELEMETRY, services
from cli.stack import Stack
from shared.ids import new_id
from shared.messages.permissions import PLATFORM, GrantPlatformRole, PlatformRole
from shared.messaging import connect
from tests.support.people import Somebody, with_password
from tests.support.servers import scratch_folder

READY_S_MAX: Final = 120.0
_TOLD: Final = {
    TELEMETRY: {"TELEMETRY_SAMPLE_INTERVAL_S": "2"},
    BALANCER: {"BALANCER_LEASE_S": "30"},
}


@dataclass(frozen=True, slots=True)
class WholePlace:
    """A running stack; `client` is the operator's connection."""

    client: Client
    portal_url: str
    gateway_url: str
    """Where chargers connect, as the simulator has it."""

    async def installer(self, person_id: str) -> Somebody:
        """Make somebody known as an authorised installer, who has set a password."""
        async with httpx.AsyncClient(base_url=self.portal_url) as http:
            who = await with_password(http, self.client, person_id)
        named = GrantPlatformRole(
            command_id=new_id(), grantee=f"person/{person_id}", role=PlatformRole.INSTALLER
        )
        await told(self.client, named, PLATFORM)
        return who


@contextlib.asynccontextmanager
async def whole_place() -> AsyncIterator[WholePlace]:
    """Start it in a folder of its own, and stop it at the end."""
    async with contextlib.AsyncExitStack() as cleanup:
        folder = cleanup.enter_context(scratch_folder())
        options = StackOptions(
            data_folder=folder / "data", postgres_port=0, nats_port=0, nats_monitor_port=0
        )
        gateway_port, portal_port = free_ports(2)
        parts = services(gateway_port, portal_port, _TOLD)
        stack = await cleanup.enter_async_context(Stack(options, parts))
        assert await stack.wait_services_ready(READY_S_MAX) == []
        client = await connect(stack.urls["nats"], "test-whole-place")
        cleanup.push_async_callback(client.close)
        gateway_url = stack.urls["telemetry"].removesuffix("/ocpp")
        yield WholePlace(client, stack.urls["portal"], gateway_url)

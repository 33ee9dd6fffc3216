import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx
import pytest_asyncio
from nats.aio.client import Client

from shared.event_store import EventStore
from shared.messaging import connect
from shared.recorded import Recorded
from shared.runtime import pool_of
from tests.support.people import Somebody, with_password
from tests.support.permissions_process import running_permissions
from tests.support.portal_process import PortalProcess, running_portal
from tests.support.servers import EmbeddedServers, running_servers
from tests.support.service_process import ServiceProcess


@dataclass(slots=True)
class Door:
    """The portal and permissions, and people who come to it from different networks."""

    servers: EmbeddedServers
    client: Client
    portal: PortalProcess
    permissions: ServiceProcess
    store: EventStore
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def browser(self, network: str | None = None) -> httpx.AsyncClient:
        """A browser that nobody has used, in a network of its own unless it is named."""
        return httpx.AsyncClient(
            base_url=self.portal.url, headers={"X-Forwarded-For": network or self.network()}
        )

    def network(self) -> str:
        """An address that nobody has asked from (RFC 5737 has too few)."""
        number = next(self.numbers)
        return f"100.64.{number // 250}.{number % 250 + 1}"

    async def somebody(self) -> Somebody:
        """Somebody new who has set a password, in a browser that is not looked at again."""
        async with self.browser() as http:
            return await with_password(http, self.client, f"p{next(self.numbers)}")

    async def facts(self, person_id: str) -> list[Recorded]:
        """What is on record about how somebody signs in."""
        return await self.store.load(f"sign-in-{person_id}")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def door() -> AsyncIterator[Door]:
    async with (
        running_servers() as servers,
        running_permissions(servers) as permissions,
        running_portal(servers) as portal,
        pool_of(permissions.database_url) as pool,
    ):
        client = await connect(servers.nats_url, "door")
        yield Door(servers, client, portal, permissions, EventStore(pool))
        await client.close()

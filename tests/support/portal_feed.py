"""
What the other services would announce: their logs, relayed for real, and their readings.

Permissions runs for real, since people sign in; what it announces besides is put into its log.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator

import httpx
from nats.aio.client import Client

from shared import subjects
from shared.acts_query import answer_acts
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.messages import Answer, Event, Verdict
from shared.messages.balancer import SiteBalance
from shared.messages.permissions import PlatformRole, PlatformRoleGranted
from shared.messages.telemetry import MeterReading
from shared.messaging import connect
from shared.recorded import Meta
from shared.relay import Relay
from shared.runtime import pool_of
from tests.support.databases import service_database
from tests.support.permissions_process import running_permissions, sign_in
from tests.support.servers import EmbeddedServers
from tests.support.service_process import ServiceProcess

LOGS = ("installation", "telemetry", "balancer", "notifications")
OPERATOR = "operator"
"""Somebody of support: may look at everything."""


class Feed:
    """Speaks for the services that own the logs which the portal follows."""

    def __init__(
        self, client: Client, stores: dict[str, EventStore], permissions: ServiceProcess
    ) -> None:
        self.client = client
        self.permissions = permissions
        self._stores = stores
        self._streams: dict[str, set[str]] = defaultdict(set)

    def streams(self, service: str) -> tuple[str, ...]:
        """Name the streams of a log, whatever they are about."""
        return tuple(sorted(self._streams[service]))

    async def tell(self, *events: Event) -> None:
        """Append events to the logs of their services, in the order given."""
        for service in self._stores:
            theirs = [it for it in events if it.service == service]
            for aggregate_id in dict.fromkeys(it.aggregate_id for it in theirs):
                of_one = [it for it in theirs if it.aggregate_id == aggregate_id]
                await self._append(service, f"{service}-{aggregate_id}", of_one)

    async def _append(self, service: str, stream: str, events: list[Event]) -> None:
        command_id = new_id()
        self._streams[service].add(stream)
        await self._stores[service].append(
            Commit(
                command_id=command_id,
                fingerprint=b"feed",
                answer=Answer(verdict=Verdict.ACCEPTED),
                meta=Meta(actor="feed", command_id=command_id, correlation_id=command_id),
                streams=[StreamEvents(stream, None, events)],
            )
        )

    def log(self, service: str) -> EventStore:
        """The log of a service."""
        return self._stores[service]

    async def say(self, *messages: MeterReading | SiteBalance) -> None:
        """Publish readings as they are heard live."""
        for it in messages:
            source_id = it.charger_id if isinstance(it, MeterReading) else "site"
            subject = subjects.telemetry(type(it), it.installation_id, source_id)
            await self.client.publish(subject, it.model_dump_json().encode())
        await self.client.flush()

    async def sign_in(self, http: httpx.AsyncClient, person_id: str = OPERATOR) -> None:
        """Sign somebody in at the portal that a client speaks to."""
        await sign_in(http, self.client, person_id)

    async def cookies(self, portal_url: str, person_id: str = OPERATOR) -> dict[str, str]:
        """Sign somebody in at a portal; return what their browser keeps."""
        async with httpx.AsyncClient(base_url=portal_url) as http:
            await self.sign_in(http, person_id)
            return dict(http.cookies)


@contextlib.asynccontextmanager
async def feeding(
    servers: EmbeddedServers, logs: tuple[str, ...] = LOGS
) -> AsyncIterator[Feed]:
    """Open logs, each in a database of its own, and relay them while it is open."""
    async with contextlib.AsyncExitStack() as stack:
        client = await connect(servers.nats_url, "feed")
        stack.push_async_callback(client.close)
        stores = {}
        relaying = []
        for service in logs:
            pool = await stack.enter_async_context(pool_of(await service_database(servers)))
            stores[service] = await stack.enter_async_context(EventStore.open(pool))
            relay = Relay(service, stores[service], client)
            relaying.append(asyncio.create_task(relay.run(), name=f"relay-{service}"))
        permissions = await stack.enter_async_context(running_permissions(servers))
        pool = await stack.enter_async_context(pool_of(permissions.database_url))
        stores["permissions"] = await stack.enter_async_context(EventStore.open(pool))
        feed = Feed(client, stores, permissions)
        for service in logs:
            await answer_acts(
                client, service, stores[service], lambda _, of=service: feed.streams(of)
            )
        await feed.tell(
            PlatformRoleGranted(grantee=f"person/{OPERATOR}", role=PlatformRole.SUPPORT)
        )
        try:
            yield feed
        finally:
            for task in relaying:
                task.cancel()
            await asyncio.gather(*relaying, return_exceptions=True)

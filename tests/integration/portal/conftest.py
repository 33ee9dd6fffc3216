from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest_asyncio

from shared.clock import utc_now
from tests.support.portal_feed import Feed, feeding
from tests.support.portal_process import PortalProcess, running_portal
from tests.support.portal_scene import Garage
from tests.support.servers import EmbeddedServers, running_servers


@dataclass(frozen=True, slots=True)
class Shown:
    """A garage of which everything was told, and the portal that shows it."""

    servers: EmbeddedServers
    feed: Feed
    garage: Garage
    portal: PortalProcess
    http: httpx.AsyncClient


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shown() -> AsyncIterator[Shown]:
    """Servers of our own, because the logs that we speak for are other services' in other tests."""
    async with (
        running_servers() as servers,
        running_portal(servers) as portal,  # first: the jetstreams that it follows come later
        feeding(servers) as feed,
        httpx.AsyncClient(base_url=portal.url) as http,
    ):
        await feed.sign_in(http)
        garage = Garage(utc_now())
        await feed.tell(*garage.history())
        await feed.tell(*garage.waits(utc_now()))
        yield Shown(servers, feed, garage, portal, http)

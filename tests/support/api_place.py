"""The API in this process over a real installation service, and people with every kind of role."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import httpx
from fastapi import FastAPI
from nats.aio.client import Client
from starlette.requests import HTTPConnection

from services.portal.acting import Acting
from services.portal.api.application import PREFIX, api
from services.portal.api.looking import Sources
from services.portal.guarding import Guard
from services.portal.handlers import followers
from services.portal.heard import Heard
from services.portal.looks import Looks
from services.portal.notice_desk import ask as ask_notices
from services.portal.past import Past
from services.portal.read_models import ReadModels
from services.portal.reading_desk import ReadingDesk
from services.portal.refused import Refusals
from services.portal.session_book import SessionBook
from services.portal.tail import Tail
from services.portal.traces.keeping import Keeping
from services.portal.traces.recent import Recent
from services.portal.traces.tracing import Traces
from shared.acts_query import ask_acts
from shared.clock import utc_now
from shared.follow import follow
from shared.messages.permissions import (
    AccessRefused,
    PlatformRole,
    PlatformRoleGranted,
    Role,
    RoleGranted,
)
from shared.messages.signing_in import Asker, Scope
from shared.messaging import connect
from shared.meter_query import ask_standings
from shared.naming import names_of
from shared.runtime import RuntimeSettings, pool_of
from tests.integration.installation.desk import Service
from tests.support.databases import portal_database, service_database
from tests.support.portal_feed import Feed, feeding
from tests.support.servers import running_servers

CSRF = "the-token-of-our-pages"
STEP_UP = timedelta(minutes=15)


@dataclass(slots=True)
class ApiPlace:
    """A running API; `http` asks it in anybody's name."""

    client: Client
    feed: Feed
    models: ReadModels
    heard: Heard
    app: FastAPI
    askers: dict[str, Asker] = field(default_factory=dict)

    def person(self, name: str, *, stepped_up: bool = True) -> httpx.AsyncClient:
        """A browser in which somebody is signed in."""
        until = utc_now() + STEP_UP if stepped_up else None
        return self._client_of(
            Asker(
                actor=f"person/{name}",
                name=name,
                session_id=f"session-{name}",
                csrf=CSRF,
                stepped_up_until=until,
            ),
            {"X-CSRF-Token": CSRF},
        )

    def token(self, name: str, *scopes: Scope) -> httpx.AsyncClient:
        """A program that has somebody's token."""
        asker = Asker(actor=f"person/{name}", name=name, scopes=frozenset(scopes))
        return self._client_of(asker, {})

    def nobody(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url=f"http://portal.test{PREFIX}"
        )

    def _client_of(self, asker: Asker, headers: dict[str, str]) -> httpx.AsyncClient:
        ticket = f"ticket-{len(self.askers)}"
        self.askers[ticket] = asker
        http = self.nobody()
        http.headers.update(headers | {"X-Test-Ticket": ticket})
        return http

    async def grant(
        self, who: str, role: Role, installation_id: str, charger_id: str | None = None
    ) -> None:
        """Have permissions announce a role, and wait until the portal has heard of it."""
        before = self.heard.position("permissions")
        await self.feed.tell(
            RoleGranted(
                installation_id=installation_id,
                charger_id=charger_id,
                grantee=f"person/{who}",
                role=role,
            )
        )
        assert await self.heard.until("permissions", before + 1, 10.0)

    async def refusals(self) -> list[tuple[str, AccessRefused]]:
        """Who was refused what, as permissions has it on record."""
        log = [it async for page in self.feed.log("permissions").pages() for it in page]
        return [(it.meta.actor, it.event) for it in log if isinstance(it.event, AccessRefused)]

    async def platform(self, who: str, role: PlatformRole) -> None:
        before = self.heard.position("permissions")
        await self.feed.tell(PlatformRoleGranted(grantee=f"person/{who}", role=role))
        assert await self.heard.until("permissions", before + 1, 10.0)


async def still_asked(_: HTTPConnection) -> bool:
    """Nobody signs out in the middle of an answer."""
    return True


@contextlib.asynccontextmanager
async def api_place() -> AsyncIterator[ApiPlace]:
    """
    Start it: real servers, the installation service, the portal's followers and its API.

    Only who asks is told by the test: who is signed in is another part's.
    """
    async with contextlib.AsyncExitStack() as stack:
        servers = await stack.enter_async_context(running_servers())
        feed = await stack.enter_async_context(feeding(servers, ("telemetry", "balancer")))
        settings = RuntimeSettings(
            nats_url=servers.nats_url, database_url=await service_database(servers)
        )
        installation = Service(settings)
        await installation.start()
        stack.push_async_callback(installation.stop)
        client = await connect(servers.nats_url, "test-api")
        stack.push_async_callback(client.close)
        pool = await stack.enter_async_context(pool_of(await portal_database(servers)))
        models, heard, recent = ReadModels(), Heard(), Recent()
        traces = Traces(recent, Keeping(pool, recent, utc_now), lambda *_: None, utc_now)
        tasks = []
        for follower in followers(models, pool, heard):
            await follower.reload()
            tasks.append(asyncio.create_task(follow(client, pool, follower)))
        refusals = Refusals(client, utc_now)
        tasks.append(asyncio.create_task(refusals.run()))
        guard = Guard(
            models.book, lambda it: models.layouts.get(it) is not None, refusals.tell, utc_now
        )
        acting = Acting(client, guard, heard, refusals)
        sources = Sources(
            models.layouts.get,
            lambda: list(models.layouts.held.values()),
            lambda _: None,
            SessionBook(pool),
            models.book,
            guard,
            Looks(guard, models.book, acting, utc_now).admit,
            Past(partial(ask_acts, client, ("installation",)), partial(names_of, client)),
            traces,
            utc_now,
            heard,
            Tail(client, ("installation", "telemetry", "permissions")),
            still_asked,
            partial(names_of, client),
            models.warnings.get,
            partial(ask_notices, client),
            ReadingDesk(client),
            partial(ask_standings, client),
        )
        askers: dict[str, Asker] = {}

        def asker_of(connection: HTTPConnection) -> Asker | None:
            return askers.get(connection.headers.get("X-Test-Ticket", ""))

        # Mounted as in the portal, so that paths are what they are there.
        inner = api(acting, sources, asker_of)
        app = FastAPI(openapi_url=None)
        app.mount(PREFIX, inner)
        try:
            yield ApiPlace(client, feed, models, heard, app, askers)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

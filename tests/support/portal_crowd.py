"""People and programs that use a portal all the time: pages, the API, commands, and a live stream each."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from shared.clock import utc_now
from shared.ids import new_id
from tests.support.people import csrf_in

PAUSE_S = 0.05
DEADLINE_S = 30.0
AT_HOME = timedelta(hours=8)


@dataclass(slots=True)
class Crowd:
    """What has come of everything that was asked."""

    asked: int = 0
    failed: list[str] = field(default_factory=list)
    put_off: int = 0
    """How often it was said to come back, and when."""
    slowest_s: float = 0.0
    streams: int = 0

    def told(self, what: str, began_s: float, answer: httpx.Response) -> None:
        self.asked += 1
        self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)
        if (
            answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
            and "Retry-After" in answer.headers
        ):
            self.put_off += 1
        elif answer.status_code != httpx.codes.OK:
            said = answer.text if answer.is_closed else ""
            self.failed.append(f"{what}: {answer.status_code} {said}")


@dataclass(slots=True)
class _Uses:
    """One way of using a portal for each method."""

    crowd: Crowd
    enough: asyncio.Event
    installation_id: str
    charger_id: str
    own: dict[str, str]
    """Headers that show that a command comes from a page of the portal."""

    async def page(self, http: httpx.AsyncClient) -> None:
        began_s = time.monotonic()
        answer = await http.get(f"/installations/{self.installation_id}")
        self.crowd.told("page", began_s, answer)

    async def by_api(self, http: httpx.AsyncClient) -> None:
        began_s = time.monotonic()
        answer = await http.get(f"/api/installations/{self.installation_id}")
        self.crowd.told("api", began_s, answer)

    async def command(self, http: httpx.AsyncClient) -> None:
        began_s = time.monotonic()
        answer = await http.put(
            f"/api/v1/installations/{self.installation_id}/chargers/{self.charger_id}/wish",
            json={
                "departure_at": (utc_now() + AT_HOME).isoformat(),
                "energy_wh": 10_000 + self.crowd.asked,
            },
            headers=self.own | {"Idempotency-Key": new_id()},
        )
        self.crowd.told("command", began_s, answer)

    async def live(self, http: httpx.AsyncClient) -> None:
        """Watch as a browser does: whenever a stream ends, it is opened again."""
        began_s = time.monotonic()
        path = f"/installations/{self.installation_id}/live"
        async with http.stream("GET", path) as answer:
            self.crowd.told("live", began_s, answer)
            self.crowd.streams += 1
            async for _ in answer.aiter_raw():
                if self.enough.is_set():
                    return


@contextlib.asynccontextmanager
async def using(
    url: str, cookies: dict[str, str], installation_id: str, charger_id: str
) -> AsyncIterator[Crowd]:
    """Use a portal for as long as the context is open."""
    crowd, enough = Crowd(), asyncio.Event()
    async with httpx.AsyncClient(base_url=url, cookies=cookies) as first:
        own = {"X-CSRF-Token": await csrf_in(first), "Origin": url}
    uses = _Uses(crowd, enough, installation_id, charger_id, own)

    async def turns(one: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=DEADLINE_S) as http:
            http.cookies.update(cookies)
            while not enough.is_set():
                try:
                    await one(http)
                except httpx.HTTPError as fault:
                    crowd.failed.append(repr(fault))
                await asyncio.sleep(PAUSE_S)

    kinds = (uses.page, uses.page, uses.by_api, uses.live, uses.command)
    tasks = [asyncio.create_task(turns(it)) for it in kinds]
    try:
        yield crowd
    finally:
        enough.set()
        await asyncio.gather(*tasks)

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    async_playwright,
    expect,
)

from shared.clock import utc_now
from tests.support.portal_feed import Feed, feeding
from tests.support.portal_process import PortalProcess, start_portal
from tests.support.portal_scene import Garage
from tests.support.servers import EmbeddedServers, running_servers

expect.set_options(
    timeout=20_000
)  # milliseconds: what comes late on a busy machine is not wrong

CHROMIUM = Path("/usr/bin/chromium")
SAY_S = 0.25


@dataclass(slots=True)
class LiveGarage:
    """A garage that goes on talking while browsers look at it; `beat` moves its figures."""

    servers: EmbeddedServers
    feed: Feed
    scene: Garage
    portal: PortalProcess
    beat: float = 0.0

    async def sign_in(self, context: BrowserContext) -> None:
        """Have a browser signed in at the portal."""
        cookies = await self.feed.cookies(self.portal.url)
        await context.add_cookies(
            [
                {"name": name, "value": it, "url": self.portal.url}
                for name, it in cookies.items()
            ]
        )

    async def talk(self) -> None:
        while True:
            await self.feed.say(*self.scene.picture(utc_now(), self.beat))
            await asyncio.sleep(SAY_S)


class Looker:
    """A page, and everything it complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._on_console(message))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's chromium; without it these tests fail and say what to do."""
    if not await asyncio.to_thread(CHROMIUM.exists):
        pytest.fail(f"{CHROMIUM} is not there; `make browser` installs it", pytrace=False)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def garage() -> AsyncIterator[LiveGarage]:
    """The portal and what it shows, on servers of its own."""
    async with running_servers() as servers, feeding(servers) as feed:
        scene = Garage(utc_now())
        await feed.tell(*scene.history())
        await feed.tell(*scene.waits(utc_now()))
        live = LiveGarage(servers, feed, scene, await start_portal(servers))
        talking = asyncio.create_task(live.talk())
        try:
            yield live
        finally:
            talking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await talking
            await live.portal.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def looker(browser: Browser, garage: LiveGarage) -> AsyncIterator[Looker]:
    """A fresh page on a desk's screen, of somebody who is signed in."""
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    await garage.sign_in(page.context)
    yield Looker(page)
    await page.close()

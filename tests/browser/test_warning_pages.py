"""The pages of warnings in a browser: everybody can read them, and notice is taken by keyboard."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from shared.messages.permissions import Role
from tests.integration.notifications.test_telling import charger, fault
from tests.integration.notifications.world import (
    GARAGE,
    created,
    granted,
    world_of_warnings,
)
from tests.support.axe import expect_accessible
from tests.support.portal_process import running_portal

pytestmark = [pytest.mark.browser, pytest.mark.integration]

HOME = f"/installations/{GARAGE}"
PAGES = (
    f"{HOME}/warnings",
    f"{HOME}/warnings/webhooks",
    f"{HOME}/reports/orders",
    "/my/notifications",
    f"/my/notifications/{GARAGE}",
    f"/unsubscribe?installation={GARAGE}&person=ada&mark=0",
)


@dataclass(slots=True)
class Desk:
    """The portal as its owner's browser shows it."""

    page: Page
    url: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(browser: Browser) -> AsyncIterator[Desk]:
    async with world_of_warnings() as world:
        await world.tell(created(), charger("b1"), charger("b2"), granted("ada", Role.OWNER))
        async with world.start(), running_portal(world.servers) as portal:
            await world.tell(fault("b1"), fault("b2"))
            await world.until_warned(2)
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            cookies = await world.feed.cookies(portal.url, "ada")
            await page.context.add_cookies(
                [{"name": name, "value": it, "url": portal.url} for name, it in cookies.items()]
            )
            yield Desk(page, portal.url)
            await page.close()


@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_no_violation(desk: Desk, path: str) -> None:
    await desk.page.goto(f"{desk.url}{path}")

    await expect_accessible(desk.page)


async def test_notice_is_taken_by_keyboard_and_the_number_beside_the_tab_falls(
    desk: Desk,
) -> None:
    page = desk.page
    await page.goto(f"{desk.url}{HOME}/warnings")
    count = page.locator(".tab-count")
    await expect(count).to_contain_text("2")

    await page.get_by_label("What you say of it").first.focus()
    await page.keyboard.type("on my way")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("status")).to_contain_text("You have taken notice")
    await expect(count).to_contain_text("1")
    await expect(page.locator("q")).to_have_text("on my way")

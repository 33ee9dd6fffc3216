"""What is out of use, in a real browser: hidden until it is asked for, and then plain to see."""

import pytest
from playwright.async_api import Error, expect

from tests.browser.conftest import LiveGarage, Looker
from tests.support.portal_pier import PIER, changed, locked, serial, set_up, unlocked
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.integration]

HEARD_S_MAX = 30.0


async def test_locked_chargers_are_shown_on_request_and_come_back_by_themselves(
    looker: Looker, garage: LiveGarage
) -> None:
    page = looker.page
    await garage.feed.tell(*set_up())
    await garage.feed.tell(*changed())
    await garage.feed.tell(*locked())
    await expect_listed(looker, garage)
    await page.goto(f"{garage.portal.url}/installations/{PIER}?show=all")
    await expect(page.locator(".charger")).to_have_count(1)
    await expect(page.get_by_text("available L1 60 A, L2 60 A, L3 50 A")).to_be_visible()
    await expect(page.get_by_text("priority 9")).to_be_visible()
    await expect(
        page.get_by_text("2 circuits and 5 chargers deactivated, locked or removed")
    ).to_be_visible()

    await page.get_by_role("link", name="Show deactivated").click()
    await expect(page.locator(".charger")).to_have_count(6)
    await expect(page.locator('[data-node="breakers:quay-2"] > .row .note')).to_contain_text(
        "dredging"
    )
    elsewhere = page.locator('[data-node="chargers:berth-3"]')
    await expect(elsewhere.locator(".state")).to_contain_text("Locked")
    await expect(elsewhere.locator(".why")).to_contain_text("from elsewhere than before")
    await expect(page.locator('[data-node="chargers:berth-6"] .state')).to_contain_text(
        "Removed"
    )
    assert await page.evaluate("document.documentElement.scrollWidth") == 1440

    await page.evaluate("window.marked = true")
    await garage.feed.tell(*unlocked())
    await expect(elsewhere.locator(".state")).not_to_contain_text("Locked")
    await expect(page.locator('.breaker[data-active="false"]')).to_have_count(0)
    assert await page.evaluate("window.marked")  # the page was not loaded anew
    assert looker.complaints == []


async def expect_listed(looker: Looker, garage: LiveGarage) -> None:
    page = looker.page
    knock = page.locator(".knock", has_text=serial(3))

    async def listed() -> int:
        # Of two logs either may be heard first; and the page may be loading itself anew just now.
        try:
            await page.goto(garage.portal.url)
        except Error:
            return 0
        locked_there = knock.filter(has_text="locked: its circuit Quay 2 was deactivated")
        return await locked_there.filter(has_text="from elsewhere than before").count()

    await until(listed, bool, HEARD_S_MAX)
    await expect(knock).to_contain_text("locked: its circuit Quay 2 was deactivated")
    await expect(knock).to_contain_text("from elsewhere than before")

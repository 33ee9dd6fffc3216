"""Power, settings and firmware in a browser, as an installer sees them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from services.balancer.allocation import warm_up
from services.balancer.facts import SiteFacts, Timing
from services.balancer.site import Breaker
from services.balancer.wondering import Wondering
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages.balancer import MAIN
from shared.messages.installation import CurrentScheduleSet
from shared.messages.installation_terms import WEEK, ScheduleRule
from shared.messages.permissions import Role, RoleGranted
from shared.what_if_query import answer_what_if
from tests.browser.conftest import LiveGarage
from tests.support.axe import expect_accessible
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until
from tests.unit.balancer.test_forecasting import garage as balanced

pytestmark = [pytest.mark.browser, pytest.mark.integration]

HOME = f"/installations/{GARAGE}"
PHONE = {"width": 390, "height": 844}


@pytest_asyncio.fixture(loop_scope="session")
async def installer(browser: Browser, garage: LiveGarage) -> AsyncIterator[Page]:
    """A page of somebody who serves the garage."""
    person = f"ina-{new_id()[-8:]}"
    cookies = await garage.feed.cookies(garage.portal.url, person)
    grant = {"installation_id": GARAGE, "grantee": f"person/{person}"}
    await garage.feed.tell(RoleGranted(**grant, role=Role.SERVICE))
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    await context.add_cookies(
        [{"name": name, "value": it, "url": garage.portal.url} for name, it in cookies.items()]
    )
    page = await context.new_page()
    power = f"{garage.portal.url}{HOME}/power"

    async def opened() -> bool:
        answer = await page.goto(power)
        return answer is not None and answer.ok

    await until(opened, bool)
    yield page
    await context.close()


async def fits_a_phone(page: Page) -> bool:
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    width = await page.evaluate("document.documentElement.scrollWidth")
    await page.set_viewport_size({"width": 1440, "height": 900})
    return bool(width <= PHONE["width"])


async def test_the_week_is_drawn_and_stands_in_the_form(
    installer: Page, garage: LiveGarage
) -> None:
    rule = ScheduleRule(
        days=WEEK[:5], begins="06:00", ends="22:00", available_a=(80.0, 80.0, 80.0)
    )
    scheduled = CurrentScheduleSet(
        installation_id=GARAGE, rules=(rule,), otherwise_a=None, time_zone="Europe/Oslo"
    )
    await garage.feed.tell(scheduled)
    try:
        await until(lambda: days_drawn(installer), lambda it: it == len(WEEK))

        await expect(installer.get_by_role("row", name="Weekly schedule")).to_be_visible()
        await expect(installer.locator("[name=begins-0]")).to_have_value("06:00")
        await expect(installer.locator("[name=available-0]")).to_have_value("80")
        assert await installer.locator("[name=days-0]:checked").count() == 5
        assert await fits_a_phone(installer)
        await expect_accessible(installer)

        await installer.get_by_label("or power of all phases").fill("many")
        await installer.get_by_role("button", name="Set the limit").click()

        await expect(installer.get_by_text("Enter kilowatts, such as 11.5.")).to_be_visible()
        await expect(installer.get_by_label("or power of all phases")).to_have_value("many")
        await expect(installer.locator("[name=begins-0]")).to_have_value("06:00")
    finally:
        await garage.feed.tell(scheduled.model_copy(update={"rules": ()}))


async def test_what_would_be_with_ten_more_cars_is_drawn(
    installer: Page, garage: LiveGarage
) -> None:
    facts = at_level_1(balanced(6))
    await asyncio.to_thread(warm_up)  # as the service does before it answers
    wondering = Wondering(lambda _id: (facts, utc_now().timestamp()), Timing(), utc_now)
    await answer_what_if(garage.feed.client, wondering.answer)

    await installer.get_by_role("link", name="What if…?").click()
    await installer.get_by_label("When").fill("")
    await installer.get_by_label("Where").select_option("Level 1")
    await installer.get_by_role("button", name="Work it out").click()

    await expect(
        installer.get_by_role("heading", name="10 more cars on three phases")
    ).to_be_visible()
    await expect(
        installer.get_by_text("6 more cars would wait for their turn.")
    ).to_be_visible()
    assert await installer.locator("tr[data-change=waits]").count() == 6
    assert await installer.locator(".pair").count() == 6
    assert await fits_a_phone(installer)
    await expect_accessible(installer)


async def test_settings_and_firmware_are_there_to_be_read(installer: Page) -> None:
    await installer.get_by_role("link", name="Settings", exact=True).click()
    await expect(installer.get_by_label("Main breaker of the charging system")).to_have_value(
        "160"
    )
    assert await fits_a_phone(installer)
    await expect_accessible(installer)

    await installer.get_by_role("link", name="Firmware", exact=True).click()
    await expect(installer.get_by_role("checkbox", name="Update Bay 7")).to_be_disabled()
    await expect(installer.get_by_role("checkbox", name="Update Bay 8")).to_be_enabled()
    assert await fits_a_phone(installer)
    await expect_accessible(installer)


async def days_drawn(page: Page) -> int:
    await page.reload()
    return await page.locator(".week .day").count()


def at_level_1(facts: SiteFacts) -> SiteFacts:
    """Have cars charge at the garage's own chargers on level 1."""
    breakers = (Breaker(MAIN, None, "Main", 160.0), Breaker("level-1", MAIN, "Level 1", 63.0))
    named = {f"bay-{it + 1}": old for it, old in enumerate(facts.site.chargers)}
    chargers = {
        it: replace(facts.site.chargers[old], charger_id=it, circuit_id="level-1")
        for it, old in named.items()
    }
    site = replace(facts.site, breakers=breakers, chargers=chargers)
    return replace(
        facts, site=site, chargers={it: facts.chargers[old] for it, old in named.items()}
    )

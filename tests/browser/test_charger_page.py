"""The page of a charger, and the page of a driver on a phone, in a real browser."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from shared.clock import utc_now
from shared.messages.permissions import Role, RoleGranted
from shared.messages.telemetry import SessionStarted
from tests.browser.conftest import LiveGarage, Looker
from tests.browser.test_live_page import VIOLATIONS
from tests.support.axe import expect_accessible
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.integration]

DRIVER = "dora"
TABLE = """[...document.querySelectorAll("[data-rows] tr")]
    .map((row) => [...row.children].map((cell) => cell.textContent))"""


def charging(garage: LiveGarage) -> str:
    """A bay in which a car charges on one phase."""
    return next(it.charger_id for it in garage.scene.bays if it.kind == "one")


async def test_a_chargers_page_tells_why_and_draws_what_the_table_says(
    looker: Looker, garage: LiveGarage
) -> None:
    page, bay = looker.page, charging(garage)
    await page.add_init_script(VIOLATIONS)
    garage.beat = 0.0
    await page.goto(f"{garage.portal.url}/installations/{GARAGE}")
    await page.locator(f'[data-node="chargers:{bay}"] a.name').click()
    await expect(page.locator("[data-badge-text]")).to_have_text("live")

    await expect(page.locator(".why-now .sentence")).to_contain_text("fair share")
    await expect(page.locator(".more li").first).to_contain_text("More comes as soon as")
    draws = page.locator(".lines-of dd").first
    before = await draws.text_content()
    await page.evaluate("document.querySelector('.why-now').marked = true")

    garage.beat = 4.0
    await until(draws.text_content, lambda text: text != before)
    assert await page.evaluate("document.querySelector('.why-now').marked")  # in place

    await expect(page.locator(".chart[data-drawn] canvas")).to_be_visible()
    await expect(page.locator(".u-legend .u-value").nth(1)).to_contain_text(" A")
    await page.locator(".numbers summary").click()
    rows: list[list[str]] = await page.evaluate(TABLE)
    source = await page.locator(".chart").get_attribute("data-trace")
    since = (utc_now() - timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")  # by minutes only
    trace = await (await page.request.get(f"{garage.portal.url}{source}?from={since}")).json()
    for column, line in enumerate(trace["lines"], start=1):  # a minute may have gone on since
        shown_a, low_a, high_a = float(rows[-1][column]), line["low_a"][0], line["high_a"][0]
        assert low_a <= shown_a <= high_a
    assert rows[0][4] == f"{trace['limit_a'][-1]:.1f}"
    assert await page.evaluate("window.violations") == []
    assert looker.complaints == []
    await expect_accessible(page)


async def test_without_scripts_the_server_has_drawn_the_chart(
    browser: Browser, garage: LiveGarage
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    await garage.sign_in(context)
    page = await context.new_page()
    await page.goto(f"{garage.portal.url}/installations/{GARAGE}/breakers/main")

    await expect(page.locator(".drawn")).to_be_visible()
    assert str(await page.locator(".drawn-line.L1").first.get_attribute("d")).startswith("M")
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def phone(browser: Browser, garage: LiveGarage) -> AsyncIterator[Page]:
    """The phone of somebody who may charge, and whose car does so."""
    bay = charging(garage)
    number = int(bay.removeprefix("bay-"))
    await garage.feed.tell(
        RoleGranted(grantee=f"person/{DRIVER}", installation_id=GARAGE, role=Role.USER),
        SessionStarted(
            installation_id=GARAGE,
            charger_id=bay,
            session_id=f"session-{number}",
            transaction_id=number,
            started_at=garage.scene.now,
            register_wh=1_000_000,
            person_id=DRIVER,
        ),
    )
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    cookies = await garage.feed.cookies(garage.portal.url, DRIVER)
    await context.add_cookies(
        [{"name": name, "value": it, "url": garage.portal.url} for name, it in cookies.items()]
    )
    yield await context.new_page()
    await context.close()


async def test_a_driver_lands_on_a_page_for_one_hand_that_moves(
    phone: Page, garage: LiveGarage
) -> None:
    garage.beat = 0.0
    await phone.goto(garage.portal.url)
    await expect(phone).to_have_url(f"{garage.portal.url}/my")
    await expect(phone.locator("[data-badge-text]")).to_have_text("live")

    figure = phone.locator(".my-figures b").first
    before = await figure.text_content()
    garage.beat = 4.0
    await until(figure.text_content, lambda text: text != before)

    await expect(phone.get_by_role("button", name="End charging")).to_be_visible()
    await expect(phone.locator(".my-sessions li")).to_have_count(1)
    await phone.get_by_role("searchbox").fill("Bay 22")
    await phone.keyboard.press("Enter")
    await expect(phone.locator(".offers li")).to_have_count(1)
    assert await phone.evaluate("document.documentElement.scrollWidth") == 390
    await expect_accessible(phone)

"""The live page in a real browser: it moves, in place, and breaks none of its own rules."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, expect

from shared.messages.installation import CircuitAdded
from tests.browser.conftest import LiveGarage, Looker
from tests.support.portal_process import start_portal
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.integration]

MAIN_L1 = '[data-node="breakers:main"] > .row .phase:first-child'
VIOLATIONS = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation",
        (event) => window.violations.push(event.violatedDirective));
"""


def address(garage: LiveGarage, query: str = "") -> str:
    return f"{garage.portal.url}/installations/{GARAGE}{query}"


async def open_live(page: Page, garage: LiveGarage, query: str = "") -> None:
    await page.goto(address(garage, query))
    await expect(page.locator("[data-badge-text]")).to_have_text("live")
    await expect(page.locator('[data-filter="waiting"] b')).to_have_text("3")


async def bar_of(page: Page) -> str:
    return str(await page.locator(f"{MAIN_L1} .measured").get_attribute("width"))


async def test_bars_and_figures_move_with_the_readings_in_place(
    looker: Looker, garage: LiveGarage
) -> None:
    page = looker.page
    await page.add_init_script(VIOLATIONS)
    garage.beat = 0.0
    await open_live(page, garage)
    await page.evaluate(f"document.querySelector('{MAIN_L1} .measured').marked = true")
    figure = page.locator(f"{MAIN_L1} .figures b")
    width_before, figure_before = await bar_of(page), await figure.text_content()

    garage.beat = 4.0
    await until(lambda: bar_of(page), lambda width: width != width_before)

    assert await figure.text_content() != figure_before
    assert await page.evaluate(f"document.querySelector('{MAIN_L1} .measured').marked")
    assert await page.evaluate("window.violations") == []
    assert looker.complaints == []


async def test_the_policy_would_notice_a_script_within_the_page(
    looker: Looker, garage: LiveGarage
) -> None:
    await looker.page.add_init_script(VIOLATIONS)
    await open_live(looker.page, garage)
    await looker.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))"
    )

    async def violations() -> list[str]:
        return list(await looker.page.evaluate("window.violations"))

    assert await until(violations, bool) == ["script-src-elem"]


async def test_the_filter_shows_only_what_it_names(looker: Looker, garage: LiveGarage) -> None:
    page = looker.page
    await open_live(page, garage)
    await page.locator('[data-filter="waiting"]').focus()
    await page.keyboard.press("Enter")

    await expect(page.locator(".charger:visible")).to_have_count(3)
    await expect(page.locator('[data-filter="waiting"]')).to_have_attribute(
        "aria-current", "true"
    )
    assert page.url.endswith("?show=waiting")
    await page.locator('[data-filter="all"]').click()
    await expect(page.locator(".charger:visible")).to_have_count(54)


async def test_a_circuit_is_folded_by_keyboard(looker: Looker, garage: LiveGarage) -> None:
    page = looker.page
    await open_live(page, garage)
    button = page.get_by_role("button", name="Fold Level 1")
    await button.focus()
    await page.keyboard.press("Space")

    await expect(button).to_have_attribute("aria-expanded", "false")
    await expect(page.locator("#below-level-1")).to_be_hidden()
    await page.keyboard.press("Space")
    await expect(page.locator("#below-level-1")).to_be_visible()


async def test_a_new_circuit_appears_without_loading_the_page(
    looker: Looker, garage: LiveGarage
) -> None:
    page = looker.page
    await open_live(page, garage)
    await page.evaluate("window.marked = true")
    await page.get_by_role("button", name="Fold Level 2").click()
    await garage.feed.tell(
        CircuitAdded(
            installation_id=GARAGE, circuit_id="roof", name="Roof", breaker_a=16, set_a=16
        )
    )

    await expect(page.locator('[data-node="breakers:roof"]')).to_be_visible()
    assert await page.evaluate("window.marked")
    await expect(page.locator("#below-level-2")).to_be_hidden()  # what was folded stays so
    assert looker.complaints == []


async def test_a_lost_portal_is_told_and_found_again(
    looker: Looker, garage: LiveGarage
) -> None:
    await open_live(looker.page, garage)
    badge = looker.page.locator("[data-badge-text]")
    lost = garage.portal
    await lost.stop()
    await expect(badge).to_have_text("reconnecting")

    garage.portal = await start_portal(garage.servers, lost.database_url, lost.port)
    await expect(badge).to_have_text("live", timeout=15_000)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900), (2560, 1440)])
async def test_the_page_fits_the_screen_and_nothing_is_cut_off(
    browser: Browser, garage: LiveGarage, width: int, height: int
) -> None:
    page = await browser.new_page(viewport={"width": width, "height": height})
    await garage.sign_in(page.context)
    await open_live(page, garage)

    assert await page.evaluate("document.documentElement.scrollWidth") == width
    cut = await page.evaluate(
        """[...document.querySelectorAll('.gets b, .state, .why, .then, .used, .tile b')]
            .filter((it) => it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0)
            .map((it) => it.textContent)"""
    )
    assert cut == []
    await page.close()


async def test_without_scripts_there_is_a_still_picture(
    browser: Browser, garage: LiveGarage
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    await garage.sign_in(context)
    page = await context.new_page()
    await page.goto(address(garage, "?show=waiting"))

    await expect(page.locator(".charger:visible")).to_have_count(3)
    assert float((await bar_of(page)).rstrip("%")) > 0
    await expect(page.locator(".badge noscript")).to_be_visible()  # when it was taken
    await context.close()


async def test_the_list_of_installations_moves_too(looker: Looker, garage: LiveGarage) -> None:
    page = looker.page
    garage.beat = 0.0
    await page.goto(garage.portal.url)
    load = page.locator('[data-node="garage-1"] dd span').first
    await expect(page.locator("[data-badge-text]")).to_have_text("live")
    before = await load.text_content()

    garage.beat = 4.0
    await until(load.text_content, lambda text: text != before)
    await asyncio.gather(
        page.wait_for_url(address(garage)),
        page.get_by_role("link", name="Sea Street garage").click(),
    )
    assert looker.complaints == []

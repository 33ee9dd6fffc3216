"""Everything is reached without a mouse."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import LiveGarage, Looker
from tests.support.portal_scene import GARAGE

pytestmark = [pytest.mark.browser, pytest.mark.integration]


async def test_the_first_stop_leads_past_menus_to_what_the_page_is_about(
    looker: Looker, garage: LiveGarage
) -> None:
    page = looker.page
    await page.goto(f"{garage.portal.url}/installations/{GARAGE}")
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()

    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.closest('main') !== null")


async def test_a_stroke_goes_to_the_search_but_not_while_one_types(
    looker: Looker, garage: LiveGarage
) -> None:
    page = looker.page
    await page.goto(garage.portal.url)
    search = page.locator("input[type=search]")
    await page.keyboard.press("/")
    await expect(search).to_be_focused()
    await expect(search).to_have_value("")

    await page.keyboard.type("a/b")
    await expect(search).to_have_value("a/b")


async def test_arrows_walk_through_the_tree_of_breakers(
    looker: Looker, garage: LiveGarage
) -> None:
    page = looker.page
    await page.goto(f"{garage.portal.url}/installations/{GARAGE}")
    main = page.get_by_role("button", name="Fold Main breaker")
    first = page.get_by_role("button", name="Fold Level 1")
    await main.focus()
    await page.keyboard.press("ArrowDown")
    await expect(first).to_be_focused()

    await page.keyboard.press("ArrowLeft")
    await expect(first).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("ArrowRight")
    await expect(first).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("ArrowUp")
    await expect(main).to_be_focused()
    assert looker.complaints == []


async def test_a_language_is_chosen_by_keyboard_and_stays(
    looker: Looker, garage: LiveGarage
) -> None:
    page = looker.page
    await page.goto(f"{garage.portal.url}/installations/{GARAGE}")
    await page.get_by_role("button", name="Norsk").focus()
    await page.keyboard.press("Enter")

    await expect(page.locator("html")).to_have_attribute("lang", "nb")
    await expect(page).to_have_url(f"{garage.portal.url}/installations/{GARAGE}")
    await expect(page.locator("[data-badge-text]")).to_have_text("direkte")
    await page.goto(garage.portal.url)
    await expect(page.get_by_role("button", name="Logg ut")).to_be_visible()


async def test_of_tabs_that_do_not_fit_the_one_that_is_shown_is_in_sight(
    looker: Looker, garage: LiveGarage
) -> None:
    page = looker.page
    await page.set_viewport_size({"width": 200, "height": 800})
    await page.goto(f"{garage.portal.url}/installations/{GARAGE}/who-did?reason=a+look")

    await expect(page.locator(".tabs [aria-current]")).to_be_in_viewport()

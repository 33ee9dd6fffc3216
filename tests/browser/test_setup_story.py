"""
An installer sets up a garage in the browser, and a car charges in it: all of it real but charger and car.

With AMPLEDGER_PICTURES=1 the pages are pictured into docs/images/setup.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from shared.phases import GridType
from simulator.garage import Garage
from simulator.scene import Scene, SceneCharger, SceneCircuit
from simulator.sessions import Visit
from simulator.world import Run, run_garage
from tests.support.axe import expect_accessible
from tests.support.people import Somebody
from tests.support.whole_place import WholePlace, whole_place

pytestmark = [pytest.mark.browser, pytest.mark.integration]

PICTURES = Path(__file__).parents[2] / "docs" / "images" / "setup"
SERIALS = ("STORY00001", "STORY00002", "STORY00003")
LIMIT_A = 10
WAIT_MS = 60_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place() -> AsyncIterator[WholePlace]:
    async with whole_place() as running:
        yield running


async def picture(page: Page, name: str) -> None:
    """Keep a picture of a page, if pictures are wanted."""
    if os.environ.get("AMPLEDGER_PICTURES"):
        await asyncio.to_thread(PICTURES.mkdir, parents=True, exist_ok=True)
        await page.screenshot(path=PICTURES / f"{name}.png")


async def sign_in(page: Page, place: WholePlace, who: Somebody) -> None:
    """Sign in through the page, and wait until the portal knows of the installer."""
    await page.goto(f"{place.portal_url}/sign-in")
    await page.fill("[name=email]", who.email)
    await page.fill("[name=password]", who.password)
    await page.click("main button[type=submit]")
    adding = page.get_by_role("link", name="Add an installation")
    while not await adding.count():
        await page.reload()
    await adding.click()


async def describe(page: Page, name: str, breaker: str) -> None:
    await page.fill("#name", name)
    await page.fill("#address", "Sea Street 12, Bergen")
    await page.select_option("#country", "NO")
    await page.select_option("#category", "COMMUNITY")
    await page.select_option("#grid_type", "TN_3_PHASE")
    await page.fill("#breaker_a", breaker)


async def add_circuit(
    page: Page, name: str, breaker: str, beneath: str = "main", at_most: str = ""
) -> None:
    await page.fill("#name", name)
    await page.select_option("#parent_id", beneath)
    await page.fill("#breaker_a", breaker)
    await page.fill("#set_a", at_most)
    await page.click("text=Add the circuit")


async def usable(page: Page) -> None:
    """Everybody can use it; what lies beneath the head that stays on top is not looked at."""
    await page.evaluate("scrollTo(0, 0)")
    await expect_accessible(page)


async def passwords_on(page: Page) -> dict[str, str]:
    """Read the passwords that are shown this once."""
    await expect(page.locator("h1")).to_have_text("Passwords of chargers")
    shown = await page.locator(".secret").all()
    return {str(await it.get_attribute("data-serial")): await it.inner_text() for it in shown}


@contextlib.asynccontextmanager
async def charging(place: WholePlace, passwords: Mapping[str, str]) -> AsyncIterator[None]:
    """The first charger connects with its password; a car plugs in that would take more than it gets."""
    scene = Scene(
        grid_type=GridType.TN_3_PHASE,
        breaker_a=63,
        circuits=(SceneCircuit(circuit_id="level-1", breaker_a=32, set_a=LIMIT_A),),
        chargers=(
            SceneCharger(charger_id=SERIALS[0], serial=SERIALS[0], circuit_id="level-1"),
        ),
    )
    car = Visit(visit_id="story", bay=0, arrives_s=0, leaves_s=1e6, need_kwh=40)
    garage = Garage(scene, [car], speed=1, with_rogue=False)
    stop = asyncio.Event()
    run = Run(place.gateway_url, speed=1, passwords=passwords)
    running = asyncio.create_task(run_garage(garage, run, stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def test_from_an_empty_page_to_a_car_that_charges(
    browser: Browser, place: WholePlace
) -> None:
    who = await place.installer("story")
    page = await browser.new_page(viewport={"width": 1280, "height": 860})
    began_s = time.monotonic()

    await sign_in(page, place, who)
    await describe(page, "Sea Street garage", "155")
    await expect(page.locator("#checks")).to_contain_text(
        "is no size that breakers are made with"
    )
    await expect(page.locator("#checks")).to_contain_text("Europe/Oslo")
    await picture(page, "installation")
    await page.fill("#breaker_a", "63")
    await page.click("text=Add the installation")

    await expect(page.locator("h1")).to_have_text("Circuits")
    await add_circuit(page, "Level 1", "80")  # more than the main breaker
    await expect(page.locator(".refusal")).to_contain_text("enter at most 63 A")
    await expect(page.locator("#name")).to_have_value("Level 1")
    await add_circuit(page, "Level 1", "32", at_most=str(LIMIT_A))
    await add_circuit(page, "Guests", "16", beneath="level-1", at_most=str(LIMIT_A))
    await expect(page.locator(".node")).to_have_count(3)
    await picture(page, "circuits")

    await page.get_by_role("link", name="Add chargers on Level 1").click()
    await page.fill("#chargers", f"{SERIALS[0]}\n{SERIALS[1]}\n{SERIALS[1]}\n")
    await expect(page.locator("#rows")).to_contain_text(
        f"{SERIALS[1]} stands in line 2 already"
    )
    await picture(page, "chargers")
    await page.fill("#chargers", "\n".join(SERIALS))
    await page.fill("#max_a", "16")
    await page.click("text=Add the chargers")
    passwords = await passwords_on(page)
    await picture(page, "passwords")
    assert passwords.keys() == set(SERIALS)

    async with charging(place, passwords):
        await page.click("text=See them live")
        bay = page.locator(f'[data-node="chargers:{SERIALS[0]}"]')
        await expect(bay).to_have_attribute("data-state", "charging", timeout=WAIT_MS)
        await expect(bay.locator(".gets")).to_contain_text(f"of {LIMIT_A}.0 A", timeout=WAIT_MS)
        await expect(bay.locator(".why")).to_contain_text("circuit Level 1", timeout=WAIT_MS)
        await picture(page, "live")
        await page.click("text=Circuits")
        await expect(page.locator(f'[data-node="chargers:{SERIALS[0]}"]')).to_contain_text(
            "charging", ignore_case=True
        )
        await picture(page, "circuits-live")
    sys.stdout.write(f"from signing in to a limited car: {time.monotonic() - began_s:.1f} s\n")
    await page.close()


async def test_without_scripts_all_of_it_works_as_well(
    browser: Browser, place: WholePlace
) -> None:
    who = await place.installer("plain")
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()

    await sign_in(page, place, who)
    await describe(page, "Plain garage", "many")
    await page.click("text=Add the installation")
    await expect(page.locator("#breaker_a-wrong")).to_contain_text("This is no number.")
    await expect(page.locator("#name")).to_have_value("Plain garage")
    await page.fill("#breaker_a", "63 A")
    await page.click("text=Add the installation")

    await add_circuit(page, "East", "32")
    await add_circuit(page, "West", "32")
    await page.get_by_role("link", name="Add chargers on East").click()
    await page.fill("#chargers", "PLAIN0001 PLAIN0002\n??")
    await page.click("text=Look first")
    await expect(page.locator("#rows")).to_contain_text("is not a serial number")
    await page.fill("#chargers", "PLAIN0001 PLAIN0002")
    await page.uncheck("#passwords")
    await page.click("text=Add the chargers")
    await expect(page.locator(".stands")).to_have_count(2)

    await page.get_by_role("link", name="East", exact=True).click()
    await page.click("text=Deactivate…")
    await page.click("text=Deactivate and lock")  # without having ticked that it locks
    await expect(page.locator("#lock-wrong")).to_contain_text("Tick this")
    await page.select_option("#to", "west")
    await page.click("text=Move all of them")
    await expect(page.locator(".told")).to_contain_text("2 chargers were moved")
    await page.fill("#reason", "rewired")
    await page.click("text=Deactivate the circuit")
    await expect(page.locator(".told")).to_contain_text("“East” is out of use.")

    await page.get_by_role("link", name="West", exact=True).click()
    await page.click("text=Deactivate…")
    await page.check("#lock")
    await page.click("text=Deactivate and lock")
    await expect(page.locator(".told")).to_contain_text("2 serial numbers are locked")
    await page.get_by_role("link", name="Bay 1").click()
    await expect(page.locator(".note-box")).to_contain_text("its circuit West was deactivated")
    await page.click("text=Go to the circuit")
    await page.click("main button:has-text('Take it into use again')")
    await expect(page.locator(".told")).to_contain_text("“West” is in use again.")

    await page.get_by_role("link", name="Bay 1").click()
    await page.fill("#min_a", "20")
    await page.fill("#max_a", "16")
    await page.click("text=Save")
    await expect(page.locator(".refusal")).to_contain_text(
        "enter a lowest current of at most 16 A"
    )
    await expect(page.locator("#min_a")).to_have_value("20")
    await page.check("#sure")
    await page.click("text=Remove the charger")
    await expect(page.locator(".told")).to_contain_text("PLAIN0001 can be added anywhere now")

    await page.click("text=Take the whole installation out of use")
    await page.check("#lock")
    await page.click("text=Deactivate and lock")
    await expect(page.locator(".told")).to_contain_text("1 serial number is locked")
    await page.click("text=Take it into use again")
    await expect(page.locator(".told")).to_contain_text("“Plain garage” is in use again.")
    await context.close()


async def test_everybody_can_use_these_pages(browser: Browser, place: WholePlace) -> None:
    who = await place.installer("axe")
    page = await browser.new_page(viewport={"width": 1280, "height": 860})

    await sign_in(page, place, who)
    await page.click("text=Add the installation")
    await usable(page)
    await describe(page, "Axe garage", "64")
    await expect(page.locator("#checks")).to_contain_text("Europe/Oslo")
    await usable(page)
    await page.click("text=Add the installation")
    await add_circuit(page, "East", "63")
    await add_circuit(page, "West", "63")
    await add_circuit(page, "West", "630")
    await usable(page)
    await page.get_by_role("link", name="Add chargers on East").click()
    await page.fill("#chargers", "AXE0001\nAXE0001\nAXE0002; Guest; L1; 16")
    await expect(page.locator("#rows")).to_contain_text("already")
    await usable(page)
    await page.fill("#chargers", "AXE0001\nAXE0002; Guest; L1; 80")
    await page.click("text=Add the chargers")
    await passwords_on(page)
    await usable(page)
    await page.click("text=Go on to the circuits")
    await expect(page.locator(".remarks")).to_contain_text(
        "more is set for a charger", ignore_case=True
    )
    await usable(page)

    east, west = (
        page.locator(f'[data-node="breakers:{it}"] > .row') for it in ("east", "west")
    )
    await page.get_by_role("treeitem").first.focus()
    await page.keyboard.press("ArrowDown")
    await expect(east).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".stands").first).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(east).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("ArrowDown")
    await expect(west).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("West")
    await page.go_back()

    await page.get_by_role("link", name="Bay 1").click()
    await usable(page)
    await page.get_by_role("link", name="East").click()
    await usable(page)
    await page.click("text=Deactivate…")
    await usable(page)
    await page.goto(f"{place.portal_url}/?q=axe0001")
    await expect(page.locator(".installation")).to_have_count(1)
    await usable(page)
    await page.close()

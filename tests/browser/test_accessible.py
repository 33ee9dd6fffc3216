"""
Every page can be read and used by everybody, in light and in dark: axe finds nothing.

It also weighs little, and fits a phone. Which pages there are is read from the routes: a page that is added
is looked at, too.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from cli.bench.coverage import pages
from cli.bench.portal_garage import BAYS, CIRCUITS, EACH, MAIN_A, lives
from cli.bench.portal_garage import GARAGE as LARGE
from services.portal.page_rights import PAGE_RIGHTS
from shared.clock import utc_now
from shared.messages.installation import (
    ChargerAssigned,
    CircuitAdded,
    InstallationCreated,
    MeterAdded,
)
from shared.messages.installation_terms import Category, InstallationType, MeterKind
from shared.messages.permissions import PlatformRole, PlatformRoleGranted, Role, RoleGranted
from shared.phases import PHASES, GridType
from tests.browser.conftest import LiveGarage, Looker
from tests.support.axe import expect_accessible, violations_of
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.integration]

HOME = f"/installations/{GARAGE}"
SEES_ALL = "sees-all"
NAMES = {
    "installation_id": GARAGE,
    "charger_id": "bay-22",
    "circuit_id": "level-1",
    "serial": "ZAP000007",
    "meter_id": "main-meter",
}
NO_PAGES = ("/api/", "/live", ".csv", ".{form}", "/sign-in/company", "/past")
"""What no browser shows as a page: data, streams, files, and what only leads on."""
ASIDE = (
    f"{HOME}/history?reason=a+look",
    f"{HOME}/who-did?reason=a+look",
    "/sign-in/once?token=spent",
    "/nowhere",
)
"""Further looks of pages: with what they ask for, and what is not there."""
FIRST_LOAD_BYTES_MAX = 150 * 1024
SCRIPT_BYTES_MAX = 50 * 1024
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


def every_page() -> Iterator[str]:
    for it in pages().routes:
        path, methods = getattr(it, "path", ""), getattr(it, "methods", None) or ()
        shown = path in PAGE_RIGHTS and not any(part in path for part in NO_PAGES)
        if shown and "GET" in methods:
            yield path.format_map(NAMES)
    yield from ASIDE


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seeing(browser: Browser, garage: LiveGarage) -> AsyncIterator[Page]:
    """A page of somebody who may see all of the garage."""
    who = f"person/{SEES_ALL}"
    await garage.feed.tell(
        *(PlatformRoleGranted(grantee=who, role=it) for it in PlatformRole),
        *(RoleGranted(installation_id=GARAGE, grantee=who, role=it) for it in Role),
        MeterAdded(
            installation_id=GARAGE,
            meter_id=NAMES["meter_id"],
            circuit_id=None,
            kind=MeterKind.BUILDING,
            measures="TOTAL",
            phases=PHASES,
            highest_a=63.0,
            error_a=1.0,
            interval_s=10,
        ),
    )
    cookies = await garage.feed.cookies(garage.portal.url, SEES_ALL)
    context = await browser.new_context(viewport=DESK)
    await context.add_cookies(
        [{"name": name, "value": it, "url": garage.portal.url} for name, it in cookies.items()]
    )
    page = await context.new_page()

    async def status() -> int | None:
        answer = await page.goto(f"{garage.portal.url}{HOME}/settings")
        return None if answer is None else answer.status

    await until(status, lambda it: it == 200)
    yield page
    await context.close()


async def weighed(page: Page, address: str) -> Counter[str]:
    """Open a page as if for the first time; count the bytes transferred, by kinds of files."""
    kinds: dict[str, str] = {}
    weights: Counter[str] = Counter()

    def on_response(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]

    def on_finished(event: dict[str, Any]) -> None:
        weights[kinds.get(event["requestId"], "?")] += int(event["encodedDataLength"])

    network = await page.context.new_cdp_session(page)
    network.on("Network.responseReceived", on_response)
    network.on("Network.loadingFinished", on_finished)
    await network.send("Network.enable")
    await network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await page.goto(address, wait_until="load")
    await network.detach()
    return weights


def expect_light(weights: Counter[str]) -> None:
    assert weights["Document"] > 0
    assert weights.total() <= FIRST_LOAD_BYTES_MAX, weights
    assert weights["Script"] <= SCRIPT_BYTES_MAX, weights


async def expect_to_fit(page: Page) -> None:
    await page.set_viewport_size(PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.set_viewport_size(DESK)


@pytest.mark.parametrize("path", dict.fromkeys(every_page()))
async def test_a_page_is_for_everybody_light_and_fits_a_phone(
    seeing: Page, garage: LiveGarage, path: str
) -> None:
    expect_light(await weighed(seeing, f"{garage.portal.url}{path}"))
    await expect(seeing.locator("h1").first).to_be_attached()
    await expect_accessible(seeing)
    await expect_to_fit(seeing)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/once?token=spent", "/unsubscribe"])
async def test_pages_for_who_is_not_signed_in_are_as_well(
    browser: Browser, garage: LiveGarage, path: str
) -> None:
    page = await browser.new_page()
    expect_light(await weighed(page, f"{garage.portal.url}{path}"))
    await expect_accessible(page)
    await expect_to_fit(page)
    await page.close()


async def test_a_garage_of_200_chargers_is_light_as_well(
    looker: Looker, garage: LiveGarage
) -> None:
    here = {"installation_id": LARGE}
    await garage.feed.tell(
        InstallationCreated(
            name="Large",
            address="Harbour 1, Bergen",
            category=Category.COMMUNITY,
            country="NO",
            type=InstallationType.GARAGE,
            grid_type=GridType.TN_3_PHASE,
            breaker_a=MAIN_A,
            time_zone="Europe/Oslo",
            **here,
        ),
        *(
            CircuitAdded(circuit_id=f"level-{it}", name=f"{it}", breaker_a=63, set_a=63, **here)
            for it in range(1, CIRCUITS + 1)
        ),
        *(
            ChargerAssigned(
                charger_id=it.charger_id,
                circuit_id=it.circuit_id,
                serial=f"LOOK{it.number:06}",
                name=f"Bay {it.number + 1}",
                wiring=PHASES,
                min_a=6.0,
                max_a=32.0,
                breaker_a=None,
                fail_safe_a=6.0,
                moved_from=None,
                **here,
            )
            for it in BAYS
        ),
        *lives(utc_now()),
    )
    address = f"{garage.portal.url}/installations/{LARGE}"

    async def chargers() -> int:
        await looker.page.goto(address)
        return await looker.page.locator('.charger:not([data-state="offline"])').count()

    await until(chargers, lambda it: it == CIRCUITS * EACH)
    expect_light(await weighed(looker.page, address))


async def test_axe_would_find_something(looker: Looker, garage: LiveGarage) -> None:
    await looker.page.goto(f"{garage.portal.url}/account")
    await looker.page.evaluate(
        "document.querySelector('main').append(document.createElement('input'))"
    )

    assert any("label" in it for it in await violations_of(looker.page))

"""The past of an installation and who may do what there, as somebody at a screen goes about it."""

import httpx
import pytest
from playwright.async_api import Browser, expect

from shared.ids import new_id
from shared.messages.permissions import RoleGranted
from tests.browser.conftest import LiveGarage, Looker
from tests.support.axe import expect_accessible
from tests.support.people import PASSWORD, csrf_in, with_password
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.integration]

HOME = f"/installations/{GARAGE}"
WHY = "reason=a+look+around"


async def test_the_slider_moves_through_time_without_a_reload(
    looker: Looker, garage: LiveGarage
) -> None:
    page = looker.page
    await page.goto(f"{garage.portal.url}{HOME}/history/at?{WHY}&at=3")
    await expect(page.locator("#moment")).to_contain_text("Moment 3 of 60")
    await page.evaluate("window.stays = true")

    await page.locator("#at").focus()
    for _ in range(5):
        await page.keyboard.press("ArrowRight")

    await expect(page.locator("#moment")).to_contain_text("Moment 8 of 60")
    await expect(page.locator(".then-charger[data-mark=added]")).to_contain_text("Bay 2")
    await expect(page.locator(".then-charger")).to_have_count(2)
    assert await page.evaluate("window.stays")
    assert "at=8" in page.url
    await page.reload()
    await expect(page.locator("#moment")).to_contain_text("Moment 8 of 60")
    await expect_accessible(page)
    assert looker.complaints == []


async def test_time_is_gone_through_without_scripts_as_well(
    browser: Browser, garage: LiveGarage
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    await garage.sign_in(context)
    page = await context.new_page()
    await page.goto(f"{garage.portal.url}{HOME}/history?{WHY}")
    await page.get_by_role("link", name="Replay it").click()
    await page.get_by_role("link", name="Earlier").click()
    await page.locator("#since").fill("7")
    await page.get_by_role("button", name="Show").click()

    await expect(page.locator("#moment")).to_contain_text("Moment 59 of 60")
    await expect(page.locator("#moment")).to_contain_text("What differs from moment 7")
    await expect(page.locator(".then-charger[data-mark=added]")).to_have_count(52)
    await context.close()


async def test_an_owner_invites_somebody(looker: Looker, garage: LiveGarage) -> None:
    who, page = f"owner-{new_id()[-8:]}", looker.page
    grant = RoleGranted(installation_id=GARAGE, grantee=f"person/{who}", role="OWNER")
    async with httpx.AsyncClient(base_url=garage.portal.url) as http:
        await with_password(http, garage.feed.client, who)
        proof = {"csrf": await csrf_in(http), "password": PASSWORD}
        await http.post("/step-up", data=proof)
        await garage.feed.tell(grant)

        async def status() -> int:
            return (await http.get(f"{HOME}/access")).status_code

        await until(status, lambda it: it == 200)
        await page.context.clear_cookies()
        for name, it in http.cookies.items():
            await page.context.add_cookies(
                [{"name": name, "value": it, "url": garage.portal.url}]
            )

    await page.goto(f"{garage.portal.url}{HOME}")
    await page.get_by_role("link", name="Access").click()
    await page.get_by_label("E-mail address").fill("grete@example.com")
    await page.get_by_label("Name", exact=True).fill("Grete Dahl")
    await page.get_by_label("Where").select_option("Bay 7")
    await page.get_by_role("button", name="Give the role").click()

    await expect(page.get_by_role("status")).to_contain_text("Grete Dahl has the role now.")
    row = page.get_by_role("row", name="Grete Dahl")
    await expect(row.first).to_contain_text("invited, has not signed in yet")
    await expect(row.first).to_contain_text("by you")
    await expect_accessible(page)
    assert looker.complaints == []


@pytest.mark.parametrize(
    "path",
    [
        f"{HOME}/history?{WHY}",
        "/support?q=zap00000",
        f"/support/serials/ZAP000007?{WHY}",
        "/ask",
    ],
)
async def test_axe_finds_no_violation(looker: Looker, garage: LiveGarage, path: str) -> None:
    await looker.page.goto(f"{garage.portal.url}{path}")
    await expect_accessible(looker.page)

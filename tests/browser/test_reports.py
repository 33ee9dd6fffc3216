"""Sessions and a month's report, as the owner of an installation reads and downloads them."""

import csv
import io
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zipfile import ZipFile

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from shared import subjects
from shared.clock import utc_now
from shared.messages.installation import TariffSet
from shared.messages.installation_terms import PriceWindow
from shared.messages.permissions import Role, RoleGranted
from shared.messages.reports import PORTAL, MakeReport, ReportFormat, ReportMade
from shared.messages.telemetry import SessionEnded, SessionStarted
from tests.browser.conftest import LiveGarage, Looker
from tests.support.axe import expect_accessible
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OWNER = "owner-of-reports"
HOME = f"/installations/{GARAGE}"
BAY = "bay-3"
NIGHT = PriceWindow(begins="22:00", ends="06:00", price_per_kwh=Decimal("0.80"))


def a_session(
    number: int, began: datetime, from_wh: int, wh: int
) -> list[SessionStarted | SessionEnded]:
    where = {"installation_id": GARAGE, "charger_id": BAY}
    about = {"session_id": f"reported-{number}", "transaction_id": 9000 + number}
    return [
        SessionStarted(
            **where, **about, started_at=began, register_wh=from_wh, person_id=OWNER
        ),
        SessionEnded(
            **where,
            **about,
            ended_at=began + timedelta(hours=2),
            register_wh=from_wh + wh,
            energy_wh=wh,
            reason="EVDisconnected",
        ),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def month(garage: LiveGarage) -> str:
    """Two sessions of a month that is over, with a tariff; 250 Wh between them are in none."""
    began = (utc_now().replace(day=1, hour=12, minute=0) - timedelta(days=10)).astimezone(UTC)
    tariff = TariffSet(
        installation_id=GARAGE,
        valid_from=(began - timedelta(days=60)).date(),
        currency="NOK",
        price_per_kwh=Decimal("1.20"),
        windows=(NIGHT,),
        vat_percent=Decimal(25),
    )
    owner = RoleGranted(
        installation_id=GARAGE, charger_id=None, grantee=f"person/{OWNER}", role=Role.OWNER
    )
    await garage.feed.tell(
        owner,
        tariff,
        *a_session(1, began, 100_000, 10_000),
        *a_session(2, began + timedelta(days=1), 110_250, 20_000),
    )
    cookies = await garage.feed.cookies(garage.portal.url, OWNER)
    async with httpx.AsyncClient(base_url=garage.portal.url, cookies=cookies) as http:

        async def heard() -> str:
            return (await http.get(f"{HOME}/sessions.csv?charger={BAY}")).text

        await until(heard, lambda it: "reported-2" in it)
    return f"{began:%Y-%m}"


@pytest_asyncio.fixture(loop_scope="session")
async def owner(browser: Browser, garage: LiveGarage, month: str) -> AsyncIterator[Looker]:
    """A page of the owner, who has just signed in; their sessions are there."""
    assert month
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    cookies = await garage.feed.cookies(garage.portal.url, OWNER)
    await page.context.add_cookies(
        [{"name": name, "value": it, "url": garage.portal.url} for name, it in cookies.items()]
    )
    yield Looker(page)
    await page.close()


async def shoot(looker: Looker, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        await looker.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


async def test_sessions_are_listed_with_registers_and_cost(
    owner: Looker, garage: LiveGarage
) -> None:
    page = owner.page
    await page.goto(f"{garage.portal.url}{HOME}/sessions?charger={BAY}&person={OWNER}")

    await expect(page.locator("tbody tr")).to_have_count(2)
    first = page.locator("tbody tr").first
    await expect(first).to_contain_text("20.000 kWh")
    await expect(first).to_contain_text("register 110.250 to 130.250 kWh")
    await expect(first).to_contain_text("NOK30.00")
    await expect(first).to_contain_text("0.250 kWh before it are in no session")
    await expect(page.locator(".lead")).to_contain_text("2 sessions, 30.000 kWh")
    await expect_accessible(page)
    await shoot(owner, "sessions")

    await page.goto(f"{garage.portal.url}{HOME}/sessions?from=yesterday")
    await expect(page.get_by_role("alert")).to_contain_text("write it as 2026-11-27")
    assert owner.complaints == []


async def test_a_months_report_is_read_and_a_tariff_set(
    owner: Looker, garage: LiveGarage, month: str
) -> None:
    page = owner.page
    await page.goto(f"{garage.portal.url}{HOME}/reports?month={month}")

    total = page.locator("section", has=page.locator("#people")).locator("tr.sum")
    await expect(total).to_contain_text("30.000")
    await expect(total).to_contain_text("NOK45.00")
    await expect(page.locator("section", has=page.locator("#between"))).to_contain_text("0.250")
    await expect_accessible(page)
    await shoot(owner, "report-light")
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": 390, "height": 800})
    await shoot(owner, "report-dark-phone")

    await page.get_by_label("Other prices at times of the week").fill("at night = 0.80")
    await page.get_by_role("button", name="Set the tariff").click()
    await expect(page.locator("#windows-wrong")).to_contain_text("MON-FRI 22:00-06:00 = 0.85")
    kept = page.get_by_label("Other prices at times of the week")
    await expect(kept).to_have_value("at night = 0.80")


async def test_files_hold_what_the_page_says(garage: LiveGarage, month: str) -> None:
    cookies = await garage.feed.cookies(garage.portal.url, OWNER)
    async with httpx.AsyncClient(base_url=garage.portal.url, cookies=cookies) as http:
        sums, sheet, letter, sessions = [
            await http.get(f"{HOME}/{it}")
            for it in (
                f"reports/{month}.csv",
                f"reports/{month}.xlsx",
                f"reports/{month}.pdf",
                f"sessions.csv?charger={BAY}",
            )
        ]
        nothing = await http.get(f"{HOME}/reports/{month}.docx")
    async with httpx.AsyncClient(
        base_url=garage.portal.url, cookies=await garage.feed.cookies(garage.portal.url)
    ) as http:
        by_support = await http.get(f"{HOME}/reports/{month}.csv")

    rows = list(csv.DictReader(io.StringIO(sums.text)))
    (total,) = [it for it in rows if it["about"] == "total"]
    assert (total["energy_wh"], total["net"], total["gross"]) == ("30000", "36.00", "45.00")
    with ZipFile(io.BytesIO(sheet.content)) as parts:
        assert "reported-2" in parts.read("xl/worksheets/sheet5.xml").decode()
    assert letter.content.startswith(b"%PDF")
    assert [it["energy_wh"] for it in csv.DictReader(io.StringIO(sessions.text))] == [
        "10000",
        "20000",
    ]
    assert (nothing.status_code, by_support.status_code) == (404, 403)


async def test_a_report_is_made_for_whoever_sends_it(garage: LiveGarage, month: str) -> None:
    subject = subjects.query(PORTAL, MakeReport.__name__)
    asked = MakeReport(
        installation_id=GARAGE, month=month, formats=tuple(ReportFormat), language="nb"
    )

    async def made() -> ReportMade:
        reply = await garage.feed.client.request(
            subject, asked.model_dump_json().encode(), timeout=20
        )
        return ReportMade.model_validate_json(reply.data)

    report = await made()

    data = {it.name.rpartition(".")[2]: it.data for it in report.files}
    assert report.fault is None
    assert any("30,000 kWh" in it for it in report.lines)  # as Norwegians write it
    assert (data["pdf"] or b"").startswith(b"%PDF")
    assert (data["xlsx"] or b"").startswith(b"PK")
    reply = await garage.feed.client.request(subject, b'{"month": "nil"}', timeout=20)
    assert "no report" in (ReportMade.model_validate_json(reply.data).fault or "")

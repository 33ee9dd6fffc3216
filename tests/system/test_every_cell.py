"""The table of the design, cell by cell: people who are really signed in, and real requests."""

from collections import defaultdict
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from rich.console import Console

from cli.bench.cells import HARBOUR, OWN, ROWS, Column
from cli.bench.coverage import pages
from cli.bench.revocation import revocations_s
from cli.bench.tenants import Tenants, tenants
from cli.bench.walk import as_table, differences, walk
from services.portal.page_rights import PAGE_RIGHTS, Everybody

pytestmark = pytest.mark.system

REVOCATIONS = 3
REVOKED_WITHIN_S = 10.0
"""How soon it is in earnest is measured by `ampledger bench permissions`."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place() -> AsyncIterator[Tenants]:
    async with tenants() as running:
        yield running


async def test_no_cell_differs_from_the_table(place: Tenants) -> None:
    cells = await walk(place.people, place.show_card)

    Console(width=200).print(as_table(cells))
    assert len(cells) == len(ROWS) * len(Column)
    assert differences(cells) == []


async def test_a_role_that_is_taken_away_counts_no_more(place: Tenants) -> None:
    found = await revocations_s(place, REVOCATIONS)

    assert len(found) == REVOCATIONS
    assert max(found) < REVOKED_WITHIN_S


async def test_whoever_is_signed_out_is_nobody_at_once(place: Tenants) -> None:
    browser = place.people[Column.NOBODY]
    csrf = browser.headers["X-CSRF-Token"]
    cookies = dict(browser.cookies)

    before = await browser.get("/api/v1/me")
    await browser.post("/sign-out", data={"csrf": csrf})
    async with httpx.AsyncClient(base_url=place.portal_url, cookies=cookies) as thief:
        after = await thief.get("/api/v1/me")  # with what the browser had

    assert (before.status_code, after.status_code) == (200, 401)


async def test_nobody_sees_a_page_that_is_not_for_everybody(place: Tenants) -> None:
    async with httpx.AsyncClient(base_url=place.portal_url) as http:
        found = {}
        for path, right in PAGE_RIGHTS.items():
            if right is not Everybody.ANYBODY:
                names = defaultdict(lambda: "x", installation_id=HARBOUR, charger_id=OWN)
                filled = path.format_map(names)
                methods = {
                    method
                    for it in pages().routes
                    if getattr(it, "path", "") == path and hasattr(it, "methods")
                    for method in it.methods
                }
                for method in methods:
                    answer = await http.request(method, filled)
                    found[f"{method} {path}"] = (
                        answer.status_code,
                        answer.headers.get("Location", "").split("?")[0],
                    )

    assert set(found.values()) <= {(401, ""), (303, "/sign-in"), (403, "")}, found

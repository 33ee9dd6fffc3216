"""Programs that use the API run as they are printed, with a token of somebody who serves the place."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from cli.bench.cells import OTHER, OWN, Column
from cli.bench.tenants import Tenants, tenants
from tests.support.readme import ROOT

pytestmark = pytest.mark.system

PROGRAM_S_MAX = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place() -> AsyncIterator[Tenants]:
    async with tenants() as running:
        yield running


def program(page: str) -> str:
    text = (ROOT / page).read_text(encoding="utf-8")
    [found] = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return str(found)


async def token_of(browser: httpx.AsyncClient) -> str:
    """Make a token on the account page, where it is shown once."""
    form = {
        "csrf": browser.headers["X-CSRF-Token"],
        "label": "example",
        "scope": ["read", "service"],
        "days": "1",
    }
    page = (await browser.post("/account/tokens", data=form)).text
    [token] = set(re.findall(r"amp_[A-Za-z0-9_-]{20,}", page))
    return str(token)


async def told_by(page: str, place: Tenants) -> str:
    environment = {
        "AMPLEDGER_URL": place.portal_url,
        "AMPLEDGER_TOKEN": await token_of(place.people[Column.SERVICE]),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program(page),
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PROGRAM_S_MAX):
        told, faults = await process.communicate()

    assert process.returncode == 0, faults.decode()
    return told.decode()


async def test_the_program_of_the_api_page_runs(place: Tenants) -> None:
    told = await told_by("docs/api.md", place)

    assert "Harbour has 2 chargers" in told
    for bay in (OWN, OTHER):
        assert f"{bay} done at" in told


async def test_the_program_of_the_readme_runs(place: Tenants) -> None:
    told = await told_by("README.md", place)

    assert len(told.splitlines()) == 2
    assert "Harbour" in told

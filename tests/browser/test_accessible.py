"""Everybody can read and use every page, in light and in dark: axe finds nothing."""

import pytest

from tests.browser.conftest import LiveGarage, Looker
from tests.support.axe import expect_accessible, violations_of
from tests.support.portal_scene import GARAGE

pytestmark = [pytest.mark.browser, pytest.mark.integration]

HOME = f"/installations/{GARAGE}"
PAGES = (
    "/",
    HOME,
    f"{HOME}/who-did?reason=a+look+around",
    f"{HOME}/who-did",
    "/account",
    "/step-up",
    "/sign-in",
    "/sign-in/once?token=spent",
    "/nowhere",
)


@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_no_violation(looker: Looker, garage: LiveGarage, path: str) -> None:
    await looker.page.goto(f"{garage.portal.url}{path}")
    await expect_accessible(looker.page)


async def test_axe_would_find_one(looker: Looker, garage: LiveGarage) -> None:
    await looker.page.goto(f"{garage.portal.url}/account")
    await looker.page.evaluate("document.querySelector('label').replaceWith('Name')")
    await looker.page.evaluate(
        "document.querySelector('main').append(document.createElement('input'))"
    )

    assert any("label" in it for it in await violations_of(looker.page))

"""
Checks of what everybody can read and use, by axe-core, on a page as a browser shows it.

    await expect_accessible(page)        # in light and in dark; fails with every violation in words
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Literal

from playwright.async_api import Page

from tests.support.npm import installed

PACKAGE: Final = "axe-core@4.14.1"
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""WCAG 2.2 at AA, and what axe's authors recommend besides."""
Scheme = Literal["light", "dark"]
TOLD_MAX: Final = 20
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
_RUN: Final = """tags => axe.run(document, {
    runOnly: {type: "tag", values: tags}, resultTypes: ["violations"],
}).then(told => told.violations)"""


async def violations_of(page: Page, scheme: Scheme = "light") -> list[str]:
    """Name what is wrong with a page, one sentence for every element."""
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    if not await page.evaluate("'axe' in window"):
        source = await installed(PACKAGE) / "node_modules" / "axe-core" / "axe.min.js"
        await page.evaluate(await asyncio.to_thread(source.read_text))
    found: list[Mapping[str, Any]] = await page.evaluate(_RUN, RULES)
    return [f"{scheme}: {_sentence(it, node)}" for it in found for node in it["nodes"]]


async def expect_accessible(page: Page) -> None:
    """Fail if anything is wrong with a page, in light or in dark."""
    found = [it for scheme in SCHEMES for it in await violations_of(page, scheme)]
    told = [f"{page.url}: {len(found)} violations", *found[:TOLD_MAX]]
    assert not found, "\n".join(told)


def _sentence(violation: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    mend = " ".join(str(node["failureSummary"]).split())
    return f"{violation['id']} ({violation['impact']}) at {node['target'][0]}: {mend}"

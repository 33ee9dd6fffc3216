"""What is measured about the portal: pages under load, many who watch, and what a first visit weighs."""

from collections.abc import Callable
from typing import Final

import httpx

from cli.bench.portal_garage import CHARGERS, GARAGE
from cli.bench.portal_load import files_of, pages_s, viewers_s
from cli.bench.portal_place import SAMPLED_S, Watched, watched
from cli.bench.rates import quantile
from cli.figures import Figures, figure

RATE_PER_S: Final = 50.0
VIEWERS: Final = 500
WARM_UP_S: Final = 3.0
HOME: Final = f"/installations/{GARAGE}"
PAGES: Final = (
    "/",
    HOME,
    f"{HOME}/chargers/bay-1",
    f"{HOME}/circuits",
    f"{HOME}/access",
    "/account",
)
"""Asked for in turn: one in six is the whole garage."""
KIB: Final = 1024


async def measure_portal(seconds: float, viewers: int, say: Callable[[str], None]) -> Figures:
    """
    Measure the portal beside a garage of 200 chargers.

    Args:
        seconds: how long pages are asked for, and how long many watch.
        viewers: how many watch.
        say: told what is going on.

    Raises:
        StackFault, NotSetUp: it does not run.
        NotShown: it answered otherwise than it should.
    """
    say("starting the portal, and a garage of 200 chargers")
    async with watched() as here:
        say("weighing pages")
        weights = {path: await _weight(here, path) for path in PAGES}
        say(f"asking for {RATE_PER_S:g} pages a second")
        await pages_s(here, PAGES, RATE_PER_S / 5, WARM_UP_S)
        took_ms = [it * 1e3 for it in await pages_s(here, PAGES, RATE_PER_S, seconds)]
        say(f"having {viewers} watch")
        heard_s = await viewers_s(here, f"{HOME}/live", viewers, seconds)
    size = f"installation of {CHARGERS} chargers, a reading of each every {SAMPLED_S:g} s"
    heaviest = max(weights, key=lambda it: weights[it][0])
    return {
        "page_p50_ms": figure(quantile(took_ms, 50), "ms", f"{len(PAGES)} pages in turn"),
        "page_p95_ms": figure(
            quantile(took_ms, 95),
            "ms",
            f"{RATE_PER_S:g} pages/s, from the moment each was due; {size}; aim 100",
        ),
        "live_viewers": figure(viewers, "1", "on one process; aim 500"),
        "live_p95_s": figure(
            quantile(heard_s, 95),
            "s",
            f"from a reading's publication to the event at a viewer, {len(heard_s):,} times; aim 1",
        ),
        "first_load_kib": figure(
            weights[heaviest][0] / KIB, "KiB", f"compressed, {heaviest}; aim 150"
        ),
        "script_kib": figure(
            max(it for _, it in weights.values()) / KIB, "KiB", "of any page; aim 50"
        ),
    }


async def _weight(here: Watched, path: str) -> tuple[int, int]:
    """Weigh what a first visit transfers, and the scripts in it, in bytes as they are compressed."""
    page, text = await _transferred(here.browser, path)
    files = {it: (await _transferred(here.browser, it))[0] for it in set(files_of(text))}
    scripts = sum(size for name, size in files.items() if ".js?" in name)
    return page + sum(files.values()), scripts


async def _transferred(browser: httpx.AsyncClient, path: str) -> tuple[int, str]:
    answer = await browser.get(path, headers={"Accept-Encoding": "gzip"})
    answer.raise_for_status()
    return answer.num_bytes_downloaded, answer.text

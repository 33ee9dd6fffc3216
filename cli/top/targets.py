"""Which processes there are, and where each of them tells its figures."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from cli.run_file import read_run
from cli.top.reckoning import Figures, Key

ANSWER_S_MAX: Final = 3.0
METRICS: Final = "/metrics"


@dataclass(frozen=True, slots=True)
class Target:
    """One process."""

    name: str
    url: str
    """Where it tells its figures."""
    restarts: int | None = None
    """How often it was started again; none if that is for somebody else to know."""


def targets_in(folder: Path) -> list[Target]:
    """Name the processes of a data folder that tell figures; none if nothing runs there."""
    run = read_run(folder) or {}
    processes = run.get("processes") or {}
    return [
        Target(
            name,
            url.removesuffix("/health/ready") + METRICS,
            int((processes.get(name) or {}).get("restarts", 0)),
        )
        for name, url in (run.get("health") or {}).items()
        if (processes.get(name) or {}).get("pid")
    ]


def targets_at(urls: Sequence[str]) -> list[Target]:
    """
    Name the processes behind addresses.

    >>> targets_at(["http://gateway:9000/"])[0].url
    'http://gateway:9000/metrics'
    """
    bases = [it.rstrip("/").removesuffix(METRICS) for it in urls]
    return [Target(it.removeprefix("http://"), it + METRICS) for it in bases]


async def look_at(client: httpx.AsyncClient, targets: Sequence[Target]) -> list[Figures | None]:
    """Read the figures of all processes at once; none of those that do not answer."""
    return await asyncio.gather(*(_read(client, it) for it in targets))


async def _read(client: httpx.AsyncClient, target: Target) -> Figures | None:
    try:
        answer = await client.get(target.url, timeout=ANSWER_S_MAX)
        answer.raise_for_status()
        return figures_in(answer.text)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


def figures_in(text: str) -> Figures:
    r"""
    Read figures in the text format of Prometheus.

    Raises:
        ValueError: it is none.

    >>> figures_in('# TYPE a gauge\na{component="portal",by="x"} 2.0')
    {('a', (('by', 'x'),)): 2.0}
    """
    found: dict[Key, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sorted(it for it in sample.labels.items() if it[0] != "component")
            found[sample.name, tuple(labels)] = sample.value
    return found

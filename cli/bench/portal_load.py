"""Load on the portal: pages at a rate that waits for no answer, and many who watch at the same time."""

import asyncio
import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx
import orjson

from cli.bench.portal_place import Watched

CONNECTIONS_MAX: Final = 64
LINE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of an event: the first one has everything in it."""
OPENED_AT_ONCE: Final = 20
TRIES_MAX: Final = 10
AGAIN_S: Final = 2.0
_FILE: Final = re.compile(r'(?:href|src)="(/static/[^"]+)"')


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NotShown(Exception):
    """The portal answered otherwise than it should: figures would mean nothing."""


async def pages_s(
    here: Watched, paths: Sequence[str], rate_per_s: float, seconds: float
) -> list[float]:
    """
    Ask for pages in turn, each at its own moment, and time each from then until its last byte.

    Raises:
        NotShown: one of them was not shown.
    """
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
    async with httpx.AsyncClient(
        base_url=here.url, cookies=here.browser.cookies, limits=limits, timeout=60.0
    ) as browser:

        async def one(number: int) -> float:
            due_s = begin_s + number / rate_per_s
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            path = paths[number % len(paths)]
            async with browser.stream("GET", path) as answer:
                async for _ in answer.aiter_raw():
                    pass
            if answer.status_code != httpx.codes.OK:
                raise NotShown(f"{path}: {answer.status_code}")
            return loop.time() - due_s

        return list(await asyncio.gather(*(one(it) for it in range(int(rate_per_s * seconds)))))


@dataclass(slots=True)
class Delays:
    """How long after its publication each reading was heard, by every viewer who heard it."""

    said_s: dict[tuple[str, float], float] = field(default_factory=dict)
    heard_s: list[float] = field(default_factory=list)

    def said(self, charger_id: str, current_a: float) -> None:
        """A reading was published now."""
        self.said_s[charger_id, current_a] = asyncio.get_running_loop().time()

    def heard(self, event: bytes) -> None:
        """An event came now."""
        now_s = asyncio.get_running_loop().time()
        for charger_id, part in orjson.loads(event).get("chargers", {}).items():
            said_s = self.said_s.get((charger_id, part.get("draw_a")))
            if said_s is not None:
                self.heard_s.append(now_s - said_s)


async def viewers_s(here: Watched, path: str, viewers: int, seconds: float) -> list[float]:
    """
    Have many look at the same live stream, and time every reading from its publication until each hears it.

    Raises:
        NotShown: a stream ended, or was never there.
    """
    delays = Delays()
    readers: list[asyncio.Task[None]] = []
    try:
        for begin in range(0, viewers, OPENED_AT_ONCE):
            some = range(begin, min(begin + OPENED_AT_ONCE, viewers))
            opened = await asyncio.gather(*(_open(here, path) for _ in some))
            readers += [asyncio.create_task(_listen(it, delays)) for it in opened]
        here.said = delays.said
        await asyncio.sleep(seconds)
        ended = [it for it in readers if it.done()]
        if ended:
            raise NotShown(f"{len(ended)} of {viewers} streams ended: {ended[0].exception()}")
        return delays.heard_s
    finally:
        here.said = lambda _charger, _current_a: None
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _open(here: Watched, path: str) -> Connection:
    """Open a stream, as pages do: after an answer that says “later” they ask again."""
    for _ in range(TRIES_MAX):
        opened = await _opened(here, path)
        if opened is not None:
            return opened
        await asyncio.sleep(AGAIN_S)
    raise NotShown(f"{path}: later, {TRIES_MAX} times")


async def _opened(here: Watched, path: str) -> Connection | None:
    parts = urlsplit(here.url)
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port, limit=LINE_BYTES_MAX
    )
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Cookie: {here.cookie}",
        "Accept: text/event-stream",
    )
    writer.write("".join(f"{it}\r\n" for it in (*lines, "")).encode())
    status = await reader.readline()
    if b" 503 " in status:
        writer.close()
        return None
    if b" 200 " not in status:
        raise NotShown(f"{path}: {status.decode().strip()}")
    return reader, writer


async def _listen(connection: Connection, delays: Delays) -> None:
    reader, writer = connection
    with contextlib.closing(writer):
        while line := await reader.readline():
            if line.startswith(b"data: {"):
                delays.heard(line[6:])


def files_of(page: str) -> Iterator[str]:
    """
    Name what a browser loads with a page.

    >>> list(files_of('<link href="/static/a.svg"><script src="/static/b.js?v=1" defer></script>'))
    ['/static/a.svg', '/static/b.js?v=1']
    """
    yield from _FILE.findall(page)

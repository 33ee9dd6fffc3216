"""A meter at the main breaker, which pushes what it shows by HTTP every second."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import structlog

EVERY_S: Final = 1.0
PUSH_S_MAX: Final = 2.0
ANSWER_BYTES_MAX: Final = 4096

log = structlog.get_logger()


async def push_for_ever(
    url: str, shown_a: Callable[[], Sequence[float]], clock: Callable[[], datetime]
) -> None:
    """
    Push what a meter shows, every second.

    Args:
        url: such as `http://127.0.0.1:9181/meters/garage/house`.
        shown_a: amperes on each line of the grid.
        clock: the meter's own.
    """
    while True:
        await asyncio.sleep(EVERY_S)
        said = {
            "measured_at": clock().isoformat(),
            "current_a": [round(a, 2) for a in shown_a()],
        }
        try:
            async with asyncio.timeout(PUSH_S_MAX):
                answer = await _post(url, json.dumps(said).encode())
        except (OSError, TimeoutError) as fault:
            log.warning("reading not pushed", fault=repr(fault))
            continue
        if b" 202 " not in answer.split(b"\r\n", 1)[0]:
            log.warning("reading refused", answer=answer.decode(errors="replace"))


async def _post(url: str, body: bytes) -> bytes:
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        return await reader.read(ANSWER_BYTES_MAX)
    finally:
        writer.close()

"""One small HTTP GET, enough for health checks on the loopback interface."""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
"""The figures of a service are some hundred kilobytes; what is longer than this is no answer of ours."""
CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `status` is 0 when there was none."""

    status: int
    body: bytes = b""


async def fetch(url: str, timeout_s: float = 2.0) -> Reply:
    """Get a page over plain HTTP; no answer in time, or one without end, is a reply with status 0."""
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    request = f"GET {target} HTTP/1.0\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            try:
                writer.write(request.encode("ascii"))
                answer = b""
                while more := await reader.read(CHUNK_BYTES):
                    answer += more
                    if len(answer) > ANSWER_BYTES_MAX:
                        return Reply(0)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return Reply(0)
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[1].isdigit():
        return Reply(0)
    return Reply(int(words[1]), body)

"""A web server of ours, over a real socket: what is too much, too slow or too strange, and what fails."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from shared.web_bounds import BODY_BYTES_MAX, HEAD_BYTES_MAX, Bounded, Bounds
from shared.web_server import listening_socket, serve

pytestmark = pytest.mark.integration

SECRET = "postgresql://me:s3cr3t@db/x"  # noqa: S105  # made up
ANSWER_S_MAX = 20.0


async def count(request: Request) -> Response:
    return JSONResponse({"bytes": len(await request.body())})


async def fail(_: Request) -> Response:
    raise RuntimeError(f"cannot reach {SECRET}\nforged line")


APP = Starlette(routes=[Route("/", count, methods=["POST"]), Route("/fault", fail)])


@contextlib.asynccontextmanager
async def listening(app: ASGIApp = APP) -> AsyncIterator[int]:
    taken = listening_socket("127.0.0.1", 0)
    started = asyncio.Event()
    server = asyncio.create_task(serve(app, taken, started.set, lambda: None))
    try:
        await started.wait()
        yield taken.getsockname()[1]
    finally:
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server
        taken.close()


async def said(port: int, *parts: bytes) -> tuple[int, bytes]:
    """Send bytes, and read the answer until the server closes: status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            with contextlib.suppress(ConnectionError):  # it may have closed by then
                await writer.drain()
        async with asyncio.timeout(ANSWER_S_MAX):
            answer = await _all_of(reader)
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    heard = b""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            heard += part
    return heard


def post(length: int, *headers: bytes) -> bytes:
    lines = [b"POST / HTTP/1.1", b"Host: x", b"Connection: close", *headers]
    if length >= 0:
        lines.append(b"Content-Length: %d" % length)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def problem(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])
    return found


async def test_a_body_of_the_allowed_size_is_taken_whole() -> None:
    async with listening() as port:
        status, body = await said(port, post(BODY_BYTES_MAX), b"x" * BODY_BYTES_MAX)

    assert (status, problem(body)) == (200, {"bytes": BODY_BYTES_MAX})


async def test_a_body_that_is_announced_too_large_is_refused_before_it_comes() -> None:
    async with listening() as port:
        status, body = await said(port, post(BODY_BYTES_MAX + 1))

    assert (status, problem(body)["refusal"]) == (413, "BodyTooLarge")


async def test_a_body_that_does_not_say_its_size_is_cut_off() -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    async with listening() as port:
        head = post(-1, b"Transfer-Encoding: chunked")
        status, body = await said(port, head, *[chunk] * (BODY_BYTES_MAX // 0x10000 + 2))

    assert (status, problem(body)["refusal"]) == (413, "BodyTooLarge")


async def test_a_body_that_trickles_is_cut_off() -> None:
    app = Bounded(APP, Bounds(body_s_max=0.3))
    async with listening(app) as port:
        status, body = await said(port, post(10), b"xx")

    assert (status, problem(body)["refusal"]) == (408, "TooSlow")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * (HEAD_BYTES_MAX + 1) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"x" * (HEAD_BYTES_MAX + 1) + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # it takes us for a TLS server
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    ],
    ids=["line", "header", "headers", "not http", "negative length"],
)
async def test_a_head_that_is_too_large_or_makes_no_sense_is_refused(head: bytes) -> None:
    async with listening() as port:
        status, _ = await said(port, head)
        after, _ = await said(port, post(1), b"x")

    assert status in {400, 431}
    assert after == 200


async def test_a_fault_is_logged_in_one_line_and_tells_nothing_to_who_asks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with listening() as port:
        status, body = await said(
            port, b"GET /fault HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )

    out, err = capsys.readouterr()
    assert status == 500
    for inner in (b"RuntimeError", b"Traceback", SECRET.encode(), b"test_web_bounds"):
        assert inner not in body
    assert "request failed" in out
    assert err == ""

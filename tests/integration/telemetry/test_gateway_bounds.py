"""Whoever sends the gateway too much, or something else, gets nowhere, and nobody else notices."""

import asyncio
import contextlib

import pytest

from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.world import World

pytestmark = pytest.mark.integration

ANSWER_S_MAX = 20.0
LARGE = b"x" * 100_000


async def said(port: int, content: bytes) -> bytes:
    """Send bytes, and read the beginning of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(content)
        async with asyncio.timeout(ANSWER_S_MAX):
            with contextlib.suppress(ConnectionError):
                await writer.drain()
                return await reader.readline()
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "content",
    [
        b"GET /ocpp/" + LARGE + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /ocpp/ZAP000001 HTTP/1.1\r\nHost: x\r\nA: " + LARGE + b"\r\n\r\n",
        b"GET /ocpp/ZAP000001 HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
        b"POST /ocpp/ZAP000001 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        b"GET /ocpp/ZAP000001 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # it takes us for a TLS server
        b"hello\r\n\r\n",
    ],
    ids=["path", "header", "headers", "post", "plain", "tls", "not http"],
)
async def test_a_request_that_is_too_large_or_no_websocket_gets_nowhere(
    world: World, content: bytes
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        port = int(world.gateway.rpartition(":")[2].partition("/")[0])

        answer = await said(port, content)

        assert b" 101 " not in answer
        assert answer == b"" or answer.split(b" ")[1].startswith(b"4"), answer
        assert await charger.call("Heartbeat", {})


async def test_a_socket_that_says_nothing_keeps_nobody_out(world: World) -> None:
    port = int(world.gateway.rpartition(":")[2].partition("/")[0])
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
    try:
        place = await world.assigned()
        async with plugged_in(world.gateway, place.serial) as charger:
            await charger.boot_until_accepted()
    finally:
        for _, writer in silent:
            writer.close()

"""Lines that can fail, on real sockets: in each state what should come through does, and nothing else."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import websockets
from websockets.asyncio.server import ServerConnection

from cli.chaos.frames import BROKEN, REPEATED, SWAPPED
from cli.chaos.line_server import SLOW_S, STATES
from cli.chaos.lines import Lines, lines
from cli.ports import LOOPBACK, free_ports

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
NEVER_S = 0.3
"""What has not come by then does not come."""
WITHIN_S = 10.0
WORDS = bytes(range(256)) * 40


@dataclass(slots=True)
class Echo:
    """A server that remembers what it has heard, and says it again."""

    port: int
    heard: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                self.heard += data
                writer.write(data)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def echo_behind_a_line() -> AsyncIterator[tuple[Lines, Echo, int]]:
    port, line_port = free_ports(2)
    echo = Echo(port)
    server = await asyncio.start_server(echo.serve, LOOPBACK, port)
    async with lines(str(ROOT)) as laid:
        await laid.lay("line", line_port, [port])
        try:
            yield laid, echo, line_port
        finally:
            server.close()


async def test_what_comes_through_a_line_in_each_of_its_states() -> None:
    async with echo_behind_a_line() as (laid, echo, port):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        for state in STATES:
            echo.heard = b""
            await laid.set("line", state)
            writer.write(WORDS)
            comes_back = state not in {"silent", "deaf", "mute"}
            try:
                async with asyncio.timeout(WITHIN_S if comes_back else NEVER_S):
                    assert await reader.readexactly(len(WORDS)) == WORDS
            except TimeoutError:
                assert not comes_back, state
            assert bool(echo.heard) == (state not in {"silent", "deaf"}), state
            await laid.set("line", "open")
            if not comes_back:  # and is all there, once, when the line is open again
                async with asyncio.timeout(WITHIN_S):
                    assert await reader.readexactly(len(WORDS)) == WORDS
            assert echo.heard == WORDS, state
        writer.close()


async def _heard(port: int) -> bytes:
    """Come in, and read until the end; the reset may come as soon as we are in."""
    reader, _ = await asyncio.open_connection(LOOPBACK, port)
    return await reader.read()


async def test_a_line_that_is_refused_or_cut_says_so_at_once_and_a_slow_one_takes_its_time() -> (
    None
):
    async with echo_behind_a_line() as (laid, _, port):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        await laid.cut("line")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), WITHIN_S)

        await laid.set("line", "refused")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(_heard(port), WITHIN_S)

        await laid.set("line", "slow")
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        began_s = time.monotonic()
        writer.write(b"x")
        assert await asyncio.wait_for(reader.readexactly(1), WITHIN_S) == b"x"
        assert time.monotonic() - began_s >= 2 * SLOW_S
        writer.close()


async def test_messages_of_websockets_come_twice_in_another_order_or_half() -> None:
    port, line_port = free_ports(2)
    heard: list[str] = []

    async def serve(connection: ServerConnection) -> None:
        async for message in connection:
            heard.append(str(message))
            await connection.send(str(message))

    async with (
        websockets.serve(serve, LOOPBACK, port, compression=None),
        lines(str(ROOT)) as laid,
    ):
        await laid.lay("line", line_port, [port], frames=True)
        url = f"ws://{LOOPBACK}:{line_port}"
        async with asyncio.timeout(WITHIN_S), websockets.connect(url, compression=None) as one:
            await one.send("open")
            assert await one.recv() == "open"
            await laid.set("line", REPEATED)
            await one.send("twice")
            assert [await one.recv(), await one.recv()] == ["twice", "twice"]
            await laid.set("line", SWAPPED)
            await one.send("first")
            await one.send("second")
            assert [await one.recv(), await one.recv()] == ["second", "first"]
            await laid.set("line", BROKEN)
            await one.send("half of it")
            with pytest.raises(websockets.ConnectionClosed):
                await one.recv()
    assert heard == ["open", "twice", "twice", "second", "first"]

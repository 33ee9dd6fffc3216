"""
TCP lines that can fail: a process of its own, so that whoever is busy elsewhere slows none of them.

    python -m cli.chaos.line_server

Told by lines of JSON on its standard input, each answered by a line on its standard output, which names the
port of a line that was laid (where 0 is asked for, any free one):

    {"do": "lay", "name": "balancer-nats", "port": 41001, "to": [41000], "frames": false}
    {"do": "set", "name": "balancer-nats", "state": "silent"}
    {"do": "cut", "name": "balancer-nats"}

A line that was laid with `"frames": true` carries WebSockets, and can disturb what comes from their clients
frame by frame (`frames.py`):

    repeated  every message comes twice
    swapped   every other message changes places with what comes after it
    broken    a connection ends in the middle of a message

States of every line:

    open      what comes is passed on
    refused   nobody is let in; who is there stays
    silent    the other side has gone without a word: connections stay, and nothing comes through
    deaf      nothing comes through to the server, its answers do
    mute      nothing comes back from the server
    slow      everything takes a while longer
    narrow    some kilobytes a second
    torn      in pieces of a few bytes
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Any, Final

import orjson

from cli.chaos.frames import BROKEN, Disorder, Frames, is_message

HOST: Final = "127.0.0.1"
READ_BYTES: Final = 65536
SLOW_S: Final = 0.15
NARROW_BYTES_PER_S: Final = 16_384
TORN_BYTES: Final = 7
TORN_AT_ONCE: Final = 4096
"""Of more than that only the beginning comes in small pieces."""

UP, DOWN = "up", "down"
_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: nothing is waited for."""
_HELD: Final = {"silent": (UP, DOWN), "deaf": (UP,), "mute": (DOWN,)}
STATES: Final = ("open", "refused", "silent", "deaf", "mute", "slow", "narrow", "torn")


class Line:
    """One line: a port that leads to others, to whichever has the fewest connections and takes one."""

    def __init__(self, name: str, port: int, to: Sequence[int], *, frames: bool) -> None:
        self.name = name
        self._frames = frames
        self._port = port
        self._state = "open"
        self._passed: dict[int, set[asyncio.StreamWriter]] = {it: set() for it in to}
        self._changed = asyncio.Event()
        self._changed.set()

    async def lay(self) -> int:
        """Listen; gives the port."""
        server = await asyncio.start_server(self._take, HOST, self._port)
        return int(server.sockets[0].getsockname()[1])

    def set(self, state: str) -> None:
        """Have it fail in some way, or not any longer."""
        self._state = state
        self._changed.set()
        self._changed = asyncio.Event()

    def cut(self) -> None:
        """Reset every connection; new ones are taken."""
        for writers in self._passed.values():
            for writer in tuple(writers):
                _reset(writer)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._state == "refused":
            _reset(writer)
            return
        for port in sorted(self._passed, key=lambda it: len(self._passed[it])):
            try:
                behind_reader, behind_writer = await asyncio.open_connection(HOST, port)
            except OSError:
                continue
            both = {writer, behind_writer}
            self._passed[port] |= both
            try:
                await asyncio.gather(
                    self._pump(reader, behind_writer, UP),
                    self._pump(behind_reader, writer, DOWN),
                )
            finally:
                self._passed[port] -= both
            return
        _reset(writer)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str
    ) -> None:
        """Pass on what comes, until one side is gone; then the other goes as well."""
        frames = Frames() if self._frames and way == UP else None
        disorder = Disorder()
        try:
            while data := await reader.read(READ_BYTES):
                if frames is None:
                    await self._pass(data, writer, way)
                    continue
                for frame in frames.feed(data):
                    await self._pass_frame(frame, disorder, writer)
        except OSError:
            pass  # reset by one side: the other one is told below
        finally:
            while way in _HELD.get(self._state, ()):
                await self._changed.wait()  # nor does anybody hear that the line has ended
            writer.close()

    async def _pass_frame(
        self, frame: bytes, disorder: Disorder, writer: asyncio.StreamWriter
    ) -> None:
        if self._state == BROKEN and is_message(frame):
            await self._pass(frame[: len(frame) // 2], writer, UP)
            raise ConnectionResetError("in the middle of a message")
        for it in disorder.pass_on(frame, self._state):
            await self._pass(it, writer, UP)

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter, way: str) -> None:
        while way in _HELD.get(self._state, ()):
            await self._changed.wait()
        if self._state == "slow":
            await asyncio.sleep(SLOW_S)
        elif self._state == "narrow":
            await asyncio.sleep(len(data) / NARROW_BYTES_PER_S)
        elif self._state == "torn":
            for start in range(0, min(len(data), TORN_AT_ONCE), TORN_BYTES):
                writer.write(data[start : start + TORN_BYTES])
                await writer.drain()
                await asyncio.sleep(0)
            data = data[-(-TORN_AT_ONCE // TORN_BYTES) * TORN_BYTES :]
        writer.write(data)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST; to abort it alone would say goodbye to the other side."""
    if not writer.transport.is_closing():
        socket_ = writer.get_extra_info("socket")
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    lines: dict[str, Line] = {}
    while order := await told.readline():
        print(orjson.dumps(await _obey(orjson.loads(order), lines)).decode(), flush=True)


async def _obey(order: dict[str, Any], lines: dict[str, Line]) -> dict[str, Any]:
    match order["do"]:
        case "lay":
            line = Line(order["name"], order["port"], order["to"], frames=order["frames"])
            lines[line.name] = line
            return {"port": await line.lay()}
        case "set":
            lines[order["name"]].set(order["state"])
        case "cut":
            lines[order["name"]].cut()
        case other:
            return {"fault": f"there is nothing to do that is called {other}"}
    return {}


if __name__ == "__main__":
    asyncio.run(_serve())

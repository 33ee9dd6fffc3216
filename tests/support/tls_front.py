"""
A PostgreSQL with TLS: the embedded one has none, so something in front of it speaks TLS, as many a
production server has it.

A client asks for TLS with an SSLRequest (PostgreSQL protocol, 55.2.10), is told S, and from then on every
byte is encrypted. Who does not ask is turned away.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
TURNED_AWAY = b"E\x00\x00\x00\x18SFATAL\x00C28000\x00Mno TLS\x00\x00"


@dataclass(slots=True)
class Front:
    """Where it listens, and what it saw."""

    port: int
    encrypted: int = 0
    turned_away: int = 0


@contextlib.asynccontextmanager
async def tls_front(context: ssl.SSLContext, to_port: int) -> AsyncIterator[Front]:
    """Listen on the loopback interface, and pass on what comes in by TLS."""
    front = Front(0)

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            if await reader.readexactly(8) != SSL_REQUEST:
                front.turned_away += 1
                writer.write(TURNED_AWAY)
            else:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
                front.encrypted += 1
                inner = await asyncio.open_connection("127.0.0.1", to_port)
                await asyncio.gather(_pass(reader, inner[1]), _pass(inner[0], writer))
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    front.port = server.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        server.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
    finally:
        writer.close()

"""What stands before several gateways: it gives chargers' connections to those that are up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

READ_BYTES = 65536


class LoadBalancer:
    """Passes TCP connections on to one of several ports, whichever has the fewest and takes them."""

    def __init__(self, port: int, behind: Sequence[int]) -> None:
        self.port = port
        self._passed: dict[int, set[asyncio.StreamWriter]] = {it: set() for it in behind}
        self._down: set[int] = set()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()
            for it in self._passed:
                self.down(it)

    def down(self, port: int) -> None:
        """Give a port no more connections, and cut those that it has, as when it fails its checks."""
        self._down.add(port)
        for writer in tuple(self._passed[port]):
            writer.transport.abort()

    def up(self, port: int) -> None:
        """Give it connections again."""
        self._down.discard(port)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for port in sorted(self._passed, key=lambda it: len(self._passed[it])):
            if port in self._down:
                continue
            try:
                behind = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue  # it is away; another one may take it
            self._passed[port].add(writer)
            try:
                await asyncio.gather(_copy(reader, behind[1]), _copy(behind[0], writer))
            finally:
                self._passed[port].discard(writer)
            return
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until one side is gone; then the other side goes as well."""
    try:
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()

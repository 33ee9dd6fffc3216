"""The web server within the service: its signals and its end are the runtime's business."""

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from shared.web_bounds import HEAD_BYTES_MAX, Bounded
from shared.web_leaving import Leaving

SHUTDOWN_S_MAX: Final = 1
"""How long an answer may still take when the service stops, in seconds."""
CONNECTIONS_MAX: Final = 2000
"""How many are open at a time; whoever comes then is told to come again (503)."""
IDLE_S_MAX: Final = 15
"""How long a connection without a request is kept."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    def close_doors(self) -> None:
        """Take no more connections; those that there are go on."""
        for server in self.servers:
            server.close()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the runtime."""
        yield


def listening_socket(host: str, port: int, fd: int | None = None) -> socket.socket:
    """
    Take the port.

    Args:
        host: which address of this machine.
        port: 0 for any free one.
        fd: the number of a socket that we were handed, and that listens already: it is taken instead.

    Raises:
        OSError: somebody else has it, or the host is not this machine.
    """
    if fd is not None:
        return socket.socket(fileno=fd)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


async def serve(
    app: ASGIApp,
    taken: socket.socket,
    on_started: Callable[[], None],
    on_stop: Callable[[], None],
    tls: tuple[Path, Path | None] | None = None,
    leaving: Leaving | None = None,
) -> None:
    """
    Serve until cancelled, then end what is open within `SHUTDOWN_S_MAX`. What is sent is bounded.

    Args:
        app: what answers.
        taken: the socket to listen on.
        on_started: called once the port answers.
        on_stop: called first of all at the end: it sends home whoever would stay for ever.
        tls: the files of a certificate and its key; none: it speaks no TLS.
        leaving: told how to take no more connections, when it leaves before it is cancelled.
    """
    config = uvicorn.Config(
        Bounded(app),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        http="h11",  # it bounds what it keeps of a head that is not whole yet
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=IDLE_S_MAX,
        timeout_graceful_shutdown=SHUTDOWN_S_MAX,
        ssl_certfile=None if tls is None else tls[0],
        ssl_keyfile=None if tls is None else tls[1],
    )
    server = _Server(config, on_started)
    if leaving is not None:
        leaving.close_doors = server.close_doors
    serving = asyncio.create_task(server.serve(sockets=[taken]), name="uvicorn")
    try:
        await asyncio.shield(serving)
    finally:
        on_stop()
        server.should_exit = True
        await serving

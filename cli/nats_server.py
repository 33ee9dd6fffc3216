"""The embedded NATS server with JetStream: its configuration, and when it is ready."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import orjson

from cli.ports import LOOPBACK
from cli.processes import Program
from cli.programs import nats_server
from cli.web import fetch

MAX_PAYLOAD_BYTES: Final = 1024 * 1024

_CONFIGURATION: Final = Template("""\
# Written by ampledger at every start; changes made here are lost.
server_name: ampledger
listen: "$host:$port"
http: "$host:$monitor_port"
max_payload: $max_payload
ping_interval: "5s"
ping_max: 2
jetstream {
    store_dir: $store
    sync_interval: $sync
}
$extra""")


@dataclass(frozen=True, slots=True)
class Nats:
    """
    Where the embedded NATS server is and how to reach it.

    Args:
        durable: sync every message to disk before it is acknowledged, as the readings, whose
            only copy is here, want it.
        extra: further configuration, such as an `authorization` block.
        credentials: "user:password" for our own URL, when *extra* asks for them.
    """

    store: Path
    run: Path
    port: int
    monitor_port: int
    durable: bool = True
    extra: str = ""
    credentials: str = ""

    @property
    def url(self) -> str:
        login = f"{self.credentials}@" if self.credentials else ""
        return f"nats://{login}{LOOPBACK}:{self.port}"

    @property
    def monitor_url(self) -> str:
        return f"http://{LOOPBACK}:{self.monitor_port}"


def configuration(server: Nats) -> str:
    return _CONFIGURATION.substitute(
        host=LOOPBACK,
        port=server.port,
        monitor_port=server.monitor_port,
        max_payload=MAX_PAYLOAD_BYTES,
        store=quoted(str(server.store)),
        sync='"always"' if server.durable else '"2m"',
        extra=server.extra,
    )


def quoted(text: str) -> str:
    r"""
    Write a text as a string of NATS's configuration language, whose escapes are JSON's.

    >>> quoted('/data/with "quotes"')
    '"/data/with \\"quotes\\""'
    """
    return orjson.dumps(text).decode()


def prepare(server: Nats) -> Program:
    """Write the configuration and say how to run the server."""
    server.store.mkdir(exist_ok=True, mode=0o700)
    file = server.run / "nats.conf"
    file.touch(mode=0o600)
    file.write_text(configuration(server))
    return Program(
        name="nats",
        argv=(str(nats_server()), "--config", str(file)),
        cwd=server.store,
        ready=lambda: has_jetstream(server),
        stop_signal=signal.SIGTERM,
        orphan_signal=signal.SIGTERM,
        stop_timeout_s=10.0,
        stop_rank=1,
    )


async def has_jetstream(server: Nats) -> bool:
    """Whether the server takes clients and its jetstreams are recovered."""
    health = await fetch(f"{server.monitor_url}/healthz?js-enabled-only=true")
    if health.status != 200:
        return False
    try:
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
            greeting = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return greeting.startswith(b"INFO ") and b'"jetstream":true' in greeting

"""
The embedded NATS server with JetStream: its configuration, who may sign in, and when it is ready.

Nobody gets in without a password or a key, not even on this machine; `cli/nats_access.py` keeps them.
"""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from cli.files import write_atomically
from cli.nats_access import Access
from cli.nats_accounts import accounts, quoted
from cli.ports import LOOPBACK
from cli.processes import Program
from cli.programs import nats_server
from cli.web import fetch
from shared.grants import ACCOUNT, TRUSTED

MAX_PAYLOAD_BYTES: Final = 1024 * 1024
ROOM_BYTES: Final = 1 << 50
"""No bound but the disk. Left to itself NATS takes three quarters of what is free when it starts: on a disk
that was full then, it would take nothing any more, also when there is room again."""
CONFIGURATION: Final = "nats.conf"
ACCOUNTS: Final = "nats-accounts.conf"
"""Who may sign in; a file of its own, which is written anew while the server runs."""
_NOBODYS: Final = "$G"
"""Where NATS keeps the jetstreams of those who need not sign in."""

_CONFIGURATION: Final = Template("""\
# Written by ampledger at every start; changes made here are lost.
server_name: ampledger
listen: "$host:$port"
http: "$host:$monitor_port"
max_payload: $max_payload
ping_interval: "5s"
ping_max: 2
authorization { timeout: 10 }
jetstream {
    store_dir: $store
    sync_interval: $sync
    max_file_store: $room
}
include "$accounts"
$extra""")


@dataclass(frozen=True, slots=True)
class Nats:
    """
    Where the embedded NATS server is and how to reach it.

    Args:
        access: who may sign in when it starts.
        durable: sync every message to disk before it is acknowledged, as the readings, whose
            only copy is here, want it.
        extra: further configuration.
    """

    store: Path
    run: Path
    port: int
    monitor_port: int
    access: Access
    durable: bool = True
    extra: str = ""

    @property
    def url(self) -> str:
        """Where the operator reaches it; contains the password."""
        return f"nats://{TRUSTED}:{self.access.password}@{LOOPBACK}:{self.port}"

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
        room=ROOM_BYTES,
        accounts=ACCOUNTS,
        extra=server.extra,
    )


def prepare(server: Nats) -> Program:
    """Write the configuration and say how to run the server."""
    server.store.mkdir(exist_ok=True, mode=0o700)
    _move_in(server.store)
    file = server.run / CONFIGURATION
    write_atomically(file, configuration(server).encode(), durable=False)
    write_accounts(server.run, server.access)
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


def write_accounts(run: Path, access: Access) -> None:
    """Write who may sign in; a running server takes it in when it gets SIGHUP."""
    write_atomically(run / ACCOUNTS, accounts(access).encode(), durable=False)


def _move_in(store: Path) -> None:
    """Bring jetstreams of a time when nobody signed in into the account of the operator."""
    old, new = (store / "jetstream" / it for it in (_NOBODYS, ACCOUNT))
    if old.is_dir() and not new.exists():
        old.rename(new)


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

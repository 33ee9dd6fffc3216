"""The embedded PostgreSQL, run as a child like any other process."""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from cli.accounts import first_closed
from cli.cluster import (
    SUPERUSER,
    check_control,
    make_cluster,
    plain_environment,
    remove_stale_lock,
)
from cli.faults import ServerFault
from cli.ports import LOOPBACK
from cli.processes import Account, Program
from cli.programs import postgres_tree, reachable_tree

SOCKET_PATH_BYTES_MAX: Final = 107
"""Longest path of a unix socket (sun_path of unix(7), less the closing zero)."""

SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "max_connections": "100",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "jit": "off",  # our queries are short; compiling them costs more than it saves
    "logging_collector": "off",  # the supervisor keeps the log
    "timezone": "UTC",
    "unix_socket_permissions": "0700",
    "log_line_prefix": "%m [%p] %d ",
    "log_checkpoints": "off",
    "restart_after_crash": "off",  # the supervisor restarts it, with pauses, and shows it
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """
    Where the embedded PostgreSQL is and how to reach it.

    `durable` is False only for servers that a test throws away: then nothing is synced to disk.
    """

    data: Path
    run: Path
    port: int
    password: str
    account: Account | None = None
    durable: bool = True

    def url(self, database: str = SUPERUSER) -> str:
        """Spell the URL of one of its databases, with the password."""
        user = f"{SUPERUSER}:{quote(self.password, safe='')}"
        return f"postgresql://{user}@{LOOPBACK}:{self.port}/{database}?sslmode=disable"


def settings_of(server: Postgres, socket_folder: Path | None) -> dict[str, str]:
    """All settings, given on the command line so that no file can contradict them."""
    return SETTINGS | {
        "port": str(server.port),
        "unix_socket_directories": str(socket_folder or ""),
        "fsync": "on" if server.durable else "off",
    }


async def prepare(server: Postgres) -> Program:
    """
    Make the database cluster if there is none, and say how to run it.

    Raises:
        ServerFault: initdb fails, or PostgreSQL's account cannot reach folder or programs.
    """
    tree = await asyncio.to_thread(reachable_tree, postgres_tree(), server.account)
    _check_passable(server)
    if server.data.exists() and any(server.data.iterdir()):
        await check_control(server.data, tree)
        await asyncio.to_thread(remove_stale_lock, server.data)
    else:
        await make_cluster(
            server.data, tree, server.password, server.account, durable=server.durable
        )
    socket_folder = _socket_folder(server)
    settings = [
        part
        for name, value in settings_of(server, socket_folder).items()
        for part in ("-c", f"{name}={value}")
    ]
    return Program(
        name="postgres",
        argv=(str(tree / "bin" / "postgres"), "-D", str(server.data), *settings),
        cwd=server.data,
        env=plain_environment(),
        account=server.account,
        ready=lambda: answers(server.url()),
        stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        orphan_signal=signal.SIGINT,
        stop_timeout_s=20.0,
        stop_rank=2,
    )


async def answers(url: str, timeout_s: float = 2.0) -> bool:
    """Whether a database takes connections and queries."""
    try:
        async with asyncio.timeout(timeout_s):
            connection = await asyncpg.connect(url, timeout=timeout_s)
            try:
                return bool(await connection.fetchval("select true"))
            finally:
                await connection.close(timeout=timeout_s)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def refusal(url: str, timeout_s: float = 2.0) -> str | None:
    """
    Ask a server that runs but is not ready why; None while it may still become so.

    A server that starts up or recovers says so, and only needs time.
    """
    try:
        connection = await asyncpg.connect(url, timeout=timeout_s)
        await connection.close(timeout=timeout_s)
    except (OSError, TimeoutError):
        return None
    except (
        asyncpg.CannotConnectNowError,
        asyncpg.PostgresConnectionError,
        asyncpg.InvalidCatalogNameError,
    ):
        return None
    except asyncpg.PostgresError as fault:
        return str(fault)
    return None


def _check_passable(server: Postgres) -> None:
    if server.account is None:
        return
    closed = first_closed(server.data.parent, server.account)
    if closed is not None:
        raise ServerFault(
            f"PostgreSQL runs as the user {server.account.name!r} (it does not run as root), "
            f"who may not enter {closed}",
            "Choose a data folder elsewhere with --data-folder, or run ampledger as an "
            f"ordinary user. (To open the folder: chmod o+x {closed})",
        )


def _socket_folder(server: Postgres) -> Path | None:
    """Make the folder of the unix socket; without one where its path would be too long."""
    folder = server.run / "postgres"
    if len(os.fsencode(folder / f".s.PGSQL.{server.port}.lock")) > SOCKET_PATH_BYTES_MAX:
        return None
    folder.mkdir(mode=0o700, exist_ok=True)
    if server.account is not None:
        os.chown(folder, server.account.uid, server.account.gid)
    return folder

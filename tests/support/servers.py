"""
Real servers for integration tests: PostgreSQL and NATS with JetStream, on free ports.

They are the embedded servers of `ampledger up`, except that nothing is synced to disk: tests
kill processes, not machines. With AMPLEDGER_TEST_SERVERS=containers the same run in containers
(`tests/support/container_servers.py`).
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from cli.accounts import server_account
from cli.nats_access import open_access
from cli.nats_server import Nats
from cli.nats_server import prepare as prepare_nats
from cli.ports import free_ports
from cli.postgres import Postgres
from cli.postgres import prepare as prepare_postgres
from cli.supervisor import Supervisor
from shared.ids import new_id

READY_S_MAX = 60.0
WANTED = "AMPLEDGER_TEST_SERVERS"
EMBEDDED, CONTAINERS = "embedded", "containers"


@dataclass(frozen=True, slots=True)
class EmbeddedServers:
    """Running servers; killed ones come back by themselves, on the same ports."""

    folder: Path
    nats_url: str
    database_url: str
    postgres: Postgres
    nats: Nats
    supervisor: Supervisor

    async def create_database(self, name: str | None = None) -> str:
        """Create an empty database, under a name of its own unless given; returns its URL."""
        name = name or f"test_{new_id().replace('-', '')}"
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute(f'create database "{name}"')
        finally:
            await connection.close()
        return self.postgres.url(name)

    def pid_of(self, name: str) -> int:
        """Pid of "postgres" or "nats", for tests that kill it."""
        pid = self.pid_now(name)
        assert pid is not None, f"{name} does not run"
        return pid

    def pid_now(self, name: str) -> int | None:
        """Pid of a server, None while it is down."""
        return self.supervisor.states()[name].pid

    async def wait_ready(self) -> None:
        async with asyncio.timeout(READY_S_MAX):
            await self.supervisor.wait_ready()

    async def stop(self) -> None:
        await self.supervisor.stop()


async def embedded_servers(folder: Path) -> EmbeddedServers:
    """
    Start both servers in an empty folder.

    Args:
        folder: must be passable for the account PostgreSQL runs as (pytest's own temporary
            folders are not when tests run as root); a `scratch_folder` is.
    """
    account = server_account()
    run, logs = folder / "run", folder / "logs"
    for it in (run, logs):
        it.mkdir(exist_ok=True)
    postgres_port, nats_port, monitor_port = free_ports(3)
    postgres = Postgres(folder / "postgres", run, postgres_port, "test", account, durable=False)
    access = open_access(folder / "nats")
    nats = Nats(folder / "nats", run, nats_port, monitor_port, access, durable=False)
    supervisor = Supervisor([await prepare_postgres(postgres), prepare_nats(nats)], logs)
    servers = EmbeddedServers(folder, nats.url, postgres.url(), postgres, nats, supervisor)
    supervisor.start()
    try:
        await servers.wait_ready()
    except BaseException:
        await servers.stop()
        raise
    return servers


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A short temporary folder that other users may pass; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ampledger-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def wanted_servers() -> str:
    """
    Say what the tests run against.

    Raises:
        ValueError: the environment names something else.
    """
    wanted = os.environ.get(WANTED, EMBEDDED)
    if wanted not in {EMBEDDED, CONTAINERS}:
        raise ValueError(f"{WANTED}={wanted} is neither {EMBEDDED} nor {CONTAINERS}")
    return wanted


@contextlib.asynccontextmanager
async def running_servers() -> AsyncIterator[EmbeddedServers]:
    """Both servers in a scratch folder of their own, stopped and removed at the end."""
    with scratch_folder() as folder:
        servers = await _started(folder)
        try:
            yield servers
        finally:
            await servers.stop()


async def _started(folder: Path) -> EmbeddedServers:
    if wanted_servers() == EMBEDDED:
        return await embedded_servers(folder)
    # What talks to an engine is loaded where one is asked for only.
    from tests.support.container_servers import contained_servers

    return await contained_servers(folder)

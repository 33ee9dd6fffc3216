"""Keys of services are replaced as docs/operations.md has it, on servers that run meanwhile."""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.errors import Error as NatsError

from cli.composition import as_role, service_database_url
from cli.nats_keys import seed_file
from cli.ports import free_ports
from cli.programs import nats_server
from shared.ids import new_id
from tests.integration.cli.typed import typed
from tests.support.servers import EmbeddedServers, scratch_folder
from tests.support.waiting import until

pytestmark = pytest.mark.integration

WITHIN_S = 60.0
SERVICE = "portal"


async def said(*words: str, **environment: str) -> str:
    it = await typed(
        words, {"NATS_URL": None, "DATABASE_URL": None, "COLUMNS": "200"} | environment
    )
    assert it.code == 0, it.err
    return it.out


class Server:
    """A NATS server that takes its accounts from what `ampledger nats config` prints."""

    def __init__(self, folder: Path) -> None:
        self.keys = folder / "keys"
        self.file = folder / "nats.conf"
        (self.port,) = free_ports(1)
        self.process: asyncio.subprocess.Process | None = None

    async def configure(self) -> None:
        accounts = await said("nats", "config", str(self.keys))
        self.file.write_text(f'listen: "127.0.0.1:{self.port}"\n{accounts}')
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.process = await asyncio.create_subprocess_exec(
            str(nats_server()), "--config", str(self.file), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            yield
        finally:
            self.process.terminate()
            await self.process.wait()

    async def lets_in(self, seed: Path) -> bool:
        url = f"nats://127.0.0.1:{self.port}"
        try:
            client = await nats.connect(url, nkeys_seed=str(seed), allow_reconnect=False)
        except (NatsError, OSError):
            return False
        await client.close()
        return True

    async def until_it(self, seed: Path, *, lets_in: bool) -> None:
        await until(lambda: self.lets_in(seed), lambda it: it is lets_in, WITHIN_S)


async def test_the_key_of_a_service_is_replaced_and_nobody_is_shut_out_meanwhile() -> None:
    with scratch_folder() as folder:
        server, former = Server(folder), folder / "former.seed"
        await said("nats", "keys", str(server.keys))
        await server.configure()
        async with server.running():
            present = seed_file(server.keys, SERVICE)
            await server.until_it(present, lets_in=True)
            shutil.copy(present, former)

            await said("nats", "keys", str(server.keys), "--replace", SERVICE)
            assert present.read_bytes() != former.read_bytes()
            await server.configure()
            await server.until_it(present, lets_in=True)
            assert await server.lets_in(former), "the service has not been started anew yet"

            await said("nats", "keys", str(server.keys), "--drop-replaced")
            await server.configure()
            await server.until_it(former, lets_in=False)
            assert await server.lets_in(present)


async def test_the_password_of_a_service_is_replaced_while_its_connections_stay(
    servers: EmbeddedServers, tmp_path: Path
) -> None:
    name = f"t{new_id().replace('-', '')[-12:]}"
    url = servers.postgres.url(name)
    passwords, own = tmp_path / "passwords", service_database_url(url, SERVICE)

    def of_service() -> str:
        return as_role(own, (passwords / f"{SERVICE}.password").read_text().strip())

    await said("migrate", "--passwords", str(passwords), DATABASE_URL=url)
    former = of_service()
    connected = await asyncpg.connect(former)
    try:
        await said(
            *("migrate", "--passwords", str(passwords), "--new-password", SERVICE),
            DATABASE_URL=url,
        )
        assert await connected.fetchval("select current_user") == f"{name}_{SERVICE}"
    finally:
        await connected.close()

    await (await asyncpg.connect(of_service())).close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(former)

"""
The servers of the tests in containers: PostgreSQL and NATS as whoever runs them in production has them.

Tests run against them with AMPLEDGER_TEST_SERVERS=containers. Their images are built here, of the programs
that are embedded otherwise, on what `deploy/bases.sh` makes; AMPLEDGER_NATS_IMAGE and
AMPLEDGER_POSTGRES_IMAGE name others, such as `nats:2.12` and `postgres:17`. The engine is the one that
DOCKER_HOST names, or the machine's own.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from cli.cluster import SUPERUSER
from cli.nats_access import open_access
from cli.nats_server import CONFIGURATION, Nats, has_jetstream
from cli.nats_server import prepare as prepare_nats
from cli.ports import free_ports
from cli.postgres import Postgres, answers
from cli.programs import nats_server, postgres_libraries, postgres_tree
from cli.supervisor import Supervisor
from tests.support.servers import READY_S_MAX, EmbeddedServers

NATS, POSTGRES = "nats", "postgres"
NAMED: Final = {NATS: "AMPLEDGER_NATS_IMAGE", POSTGRES: "AMPLEDGER_POSTGRES_IMAGE"}
HERE: Final = Path(__file__).parent / "server_images"
PASSWORD: Final = "test"  # noqa: S105  # of servers that are thrown away

# What the tests start they also stop; nobody else's image is needed for that.
testcontainers_config.ryuk_disabled = True


@dataclass(frozen=True, slots=True)
class ContainedServers(EmbeddedServers):
    """Running servers in containers; killed ones come back by themselves, on the same ports."""

    containers: Mapping[str, DockerContainer]

    def pid_now(self, name: str) -> int | None:
        if name not in self.containers:
            return super(ContainedServers, self).pid_now(name)
        container = self.containers[name].get_wrapped_container()
        container.reload()
        return int(container.attrs["State"]["Pid"]) or None

    async def wait_ready(self) -> None:
        async with asyncio.timeout(READY_S_MAX):
            while not await answers(self.postgres.url()):  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.1)
            while not await has_jetstream(self.nats):  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.05)
            await self.supervisor.wait_ready()

    async def stop(self) -> None:
        await self.supervisor.stop()
        for it in self.containers.values():
            await asyncio.to_thread(it.stop)


async def contained_servers(folder: Path) -> ContainedServers:
    """Start both servers in containers; what they are told is in an empty folder."""
    run, logs = folder / "run", folder / "logs"
    for it in (run, logs):
        it.mkdir(exist_ok=True)
    postgres_port, nats_port, monitor_port = free_ports(3)
    postgres = Postgres(folder / "postgres", run, postgres_port, PASSWORD, durable=False)
    nats = Nats(
        folder / "nats",
        run,
        nats_port,
        monitor_port,
        open_access(folder / "nats"),
        durable=False,
    )
    prepare_nats(nats)  # the configuration; the program itself is the image's
    containers = await asyncio.to_thread(_containers, postgres, nats)
    servers = ContainedServers(
        *(folder, nats.url, postgres.url(), postgres, nats, Supervisor([], logs)), containers
    )
    try:
        for it in containers.values():
            await asyncio.to_thread(it.start)
        await servers.wait_ready()
    except BaseException:
        await servers.stop()
        raise
    return servers


def _containers(postgres: Postgres, nats: Nats) -> dict[str, DockerContainer]:
    """Say how both run: on the machine's network, and again when they end."""
    common: dict[str, Any] = {"network_mode": "host", "restart_policy": {"Name": "always"}}
    user = f"{os.geteuid()}:{os.getegid()}"  # whose the folder is
    settings = {
        "port": postgres.port,
        "listen_addresses": "127.0.0.1",
        "fsync": "off",
        "jit": "off",
    }
    return {
        POSTGRES: DockerContainer(image_of(POSTGRES))
        .with_envs(POSTGRES_USER=SUPERUSER, POSTGRES_PASSWORD=postgres.password)
        .with_command([part for it in settings.items() for part in ("-c", f"{it[0]}={it[1]}")])
        .with_kwargs(**common),
        NATS: DockerContainer(image_of(NATS))
        .with_volume_mapping(str(nats.store.parent), str(nats.store.parent), "rw")
        .with_command(["--config", str(nats.run / CONFIGURATION)])
        .with_kwargs(**common, user=user),
    }


def image_of(server: str, environment: Mapping[str, str] = os.environ) -> str:
    """Name the image of a server; without one of somebody else's, ours is built."""
    if named := environment.get(NAMED[server]):
        return named
    tag = f"ampledger/test-{server}"
    with tempfile.TemporaryDirectory(prefix="ampledger-image-") as context:
        folder = Path(context)
        shutil.copytree(HERE / server, folder, dirs_exist_ok=True)
        if server == NATS:
            shutil.copy(nats_server(), folder / "nats-server")
        else:
            tree = postgres_tree()
            libraries = postgres_libraries(tree)
            shutil.copytree(tree, folder / "opt" / "postgresql" / tree.name, symlinks=True)
            shutil.copytree(libraries, folder / "opt" / libraries.name, symlinks=True)
        subprocess.run(
            ["docker", "build", "--network", "none", "-t", tag, "."],
            cwd=folder,
            env={**environment, "DOCKER_BUILDKIT": "0"},
            check=True,
            capture_output=True,
        )
    return tag

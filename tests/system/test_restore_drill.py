"""The drill of docs/operations.md, word by word: an older backup beside newer jetstreams, and all is well
again."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from cli.composition import service_database_url
from cli.ports import free_ports
from cli.run_file import read_run
from cli.services import BALANCER, INSTALLATION, PORTAL
from cli.setting_up import send_all
from shared.ids import new_id
from shared.messages.installation_commands import (
    AddCircuit,
    CreateInstallation,
    InstallationCommand,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import GridType
from tests.support.cli_place import Said, ampledger
from tests.support.readme import OURS, ROOT, runnable, shell_commands
from tests.support.servers import scratch_folder
from tests.support.waiting import until

pytestmark = pytest.mark.system

WITHIN_S = 120.0
GARAGE = "garage-1"


@dataclass(slots=True)
class Site:
    """A folder that Ampledger is run in, as an operator does."""

    folder: Path
    ports: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / ".ampledger"

    @property
    def environment(self) -> dict[str, str]:
        return {"BALANCER_LEASE_S": "30"}

    @property
    def said(self) -> str:
        return (self.folder / "up.txt").read_text()

    async def run(self, command: list[str]) -> Said:
        """Run a command of the document."""
        if command[0] == "mv":
            (self.folder / command[1]).rename(self.folder / command[2])
            return Said(0, "", "")
        assert command[0] == f"{OURS}ampledger", command
        return await ampledger(*command[1:], environment=self.environment, cwd=self.folder)

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Run `ampledger up` until the end of the block; its servers are up inside."""
        outer = {k: v for k, v in os.environ.items() if k not in {"NATS_URL", "DATABASE_URL"}}
        with (self.folder / "up.txt").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *runnable([f"{OURS}ampledger", "up"]),
                *self.ports,
                cwd=self.folder,
                env=outer | self.environment | {"COLUMNS": "200"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )
        try:

            async def health() -> dict[str, Any]:
                assert process.returncode is None, self.said
                return (read_run(self.data) or {}).get("health") or {}

            await until(health, bool, WITHIN_S)
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            async with asyncio.timeout(WITHIN_S):
                await process.wait()

    async def ready(self) -> None:
        """Wait until every service is."""

        async def states() -> list[int]:
            urls = (read_run(self.data) or {}).get("health") or {}
            async with httpx.AsyncClient() as http:
                return [await _status(http, it) for it in urls.values()]

        await until(states, lambda it: bool(it) and set(it) == {200}, WITHIN_S)

    async def command(self, *commands: InstallationCommand) -> None:
        run = read_run(self.data)
        assert run is not None
        await send_all(run["urls"]["nats"], commands, "test")

    async def ask(self, service: str, query: str, *arguments: object) -> Any:
        run = read_run(self.data)
        assert run is not None
        url = service_database_url(run["urls"]["database"], service)
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def layout(self, service: str) -> str:
        """Read what a follower has made of the layout of the garage."""
        rows = await self.ask(
            service, "select body::text from document where key = $1 order by kind", GARAGE
        )
        return " ".join(row["body"] for row in rows)


async def _status(http: httpx.AsyncClient, url: str) -> int:
    try:
        return (await http.get(url)).status_code
    except httpx.TransportError:
        return 0


def circuit(circuit_id: str) -> AddCircuit:
    return AddCircuit(
        command_id=new_id(),
        installation_id=GARAGE,
        circuit_id=circuit_id,
        name=circuit_id,
        breaker_a=32,
    )


def garage() -> CreateInstallation:
    return CreateInstallation(
        command_id=new_id(),
        installation_id=GARAGE,
        name="Sea Street",
        address="Sea Street 12",
        category=Category.PRIVATE,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=GridType.TN_3_PHASE,
        breaker_a=63,
    )


def drill() -> list[list[str]]:
    """Pick the commands of the drill, in the document's order."""
    return shell_commands(ROOT / "docs" / "operations.md")


async def test_an_older_backup_is_restored_beside_newer_jetstreams() -> None:
    commands = drill()
    (backup, move, restore, up, lag, dry, dry_json, new_epoch, lag_again, verify) = commands
    assert up == [f"{OURS}ampledger", "up"]
    with scratch_folder() as folder:
        names = ("postgres", "nats", "nats-monitor", "portal", "gateway")
        ports = [
            f"--{name}-port={port}" for name, port in zip(names, free_ports(5), strict=True)
        ]
        site = Site(folder, ports)
        async with site.up():
            await site.ready()
            await site.command(garage(), circuit("kept"))
            for service in (PORTAL, BALANCER):
                await until(
                    lambda it=service: site.layout(it), lambda it: "kept" in it, WITHIN_S
                )
            assert (await site.run(backup)).code == 0
            await site.command(circuit("lost-1"), circuit("lost-2"))
            for service in (PORTAL, BALANCER):
                await until(
                    lambda it=service: site.layout(it), lambda it: "lost-2" in it, WITHIN_S
                )
        shutil.rmtree(site.data / "postgres")

        assert (await site.run(move)).code == 0
        restored = await site.run(restore)
        assert restored.code == 0, restored
        async with site.up():
            await _until_halted(site)
            told = await site.run(lag)
            assert told.code == 1, told
            assert "restored from the backup" in " ".join(told.out.split())

            await _nothing_is_appended(site)

            shown = await site.run(dry)
            assert "2 announced events are lost" in shown.out, shown
            losses = {it["service"]: it for it in orjson.loads((await site.run(dry_json)).out)}
            lost = [orjson.loads(it["data"]) for it in losses[INSTALLATION]["lost_events"]]
            assert [it["circuit_id"] for it in lost] == ["lost-1", "lost-2"]

            done = await site.run(new_epoch)
            assert done.code == 0, done
            await site.ready()
            assert "the log of installation is announced again" in site.said

            for service in (PORTAL, BALANCER):
                await until(
                    lambda it=service: site.layout(it),
                    lambda it: "kept" in it and "lost" not in it,
                    WITHIN_S,
                )
            await site.command(circuit("entered-again"))
            for service in (PORTAL, BALANCER):
                await until(
                    lambda it=service: site.layout(it), lambda it: "entered" in it, WITHIN_S
                )
            # Not every log is announced anew by the time at which the layouts are.
            await until(lambda: site.run(lag_again), lambda it: it.code == 0, WITHIN_S)
            verified = await site.run(verify)
            assert verified.code == 0, verified


async def _until_halted(site: Site) -> None:
    """`ampledger up` says what is wrong and what to do, well before it gives up waiting."""

    async def said() -> str:
        return " ".join(site.said.split())

    await until(
        said, lambda it: "installation: " in it and "log new-epoch installation" in it, WITHIN_S
    )


async def _nothing_is_appended(site: Site) -> None:
    """What is not announced must not be acknowledged."""
    before = (await site.ask(INSTALLATION, "select position from log_head"))[0]["position"]
    sending = asyncio.create_task(site.command(circuit("never")))
    await asyncio.wait({sending}, timeout=8.0)
    after = (await site.ask(INSTALLATION, "select position, halted_why from log_head"))[0]
    assert after["halted_why"] is not None
    assert after["position"] == before
    assert not (sending.done() and sending.exception() is None), "it was acknowledged"
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)

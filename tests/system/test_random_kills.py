"""Fifty times something is killed at random, under load: the history stays whole."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import psutil
import pytest
from nats.aio.client import Client

from cli.chaos.callers import acknowledgement, ask, wishes
from cli.composition import service_database_url
from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import BALANCER, TELEMETRY, services
from cli.stack import PROJECT, Stack
from cli.states import Step
from shared import subjects
from shared.messages.installation_commands import InstallationCommand
from shared.messaging import connect
from tests.support.servers import scratch_folder
from tests.support.waiting import until

pytestmark = pytest.mark.system

ROUNDS = 50
SEED = 20261122
CALLERS = 12
BETWEEN_S = (0.1, 0.6)
RECOVERED_SHARE = 0.7
"""Of the kills, so many come after the one before has been recovered from; the rest come on top."""
WORK = 40
"""How many acknowledged commands count as recovered."""
BACK_S_MAX = 90.0
INSTALLATION, PORTAL, NATS, POSTGRES = "installation", "portal", "nats", "postgres"
BACKEND, RELAY = "a PostgreSQL backend", "the second relay"
VICTIMS = (INSTALLATION, PORTAL, NATS, POSTGRES, BACKEND, RELAY)


@dataclass(slots=True)
class Load:
    """Callers that set up installations without pause, each wish under its one id."""

    nats_url: str
    file: Path
    acknowledged: int = 0
    going: bool = True
    callers: list["asyncio.Task[None]"] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have them call all the time; the fault of one is the fault of all."""
        with self.file.open("w") as file:
            async with asyncio.TaskGroup() as group:
                for number in range(CALLERS):
                    group.create_task(self._call(number, file))
                yield
                self.going = False

    async def acknowledges(self, more: int) -> None:
        """Wait until so many more are acknowledged."""
        goal = self.acknowledged + more

        async def so_far() -> int:
            return self.acknowledged

        await until(so_far, lambda it: it >= goal, BACK_S_MAX)

    async def _call(self, number: int, file: TextIO) -> None:
        client = await connect(self.nats_url, f"caller-{number}")
        try:
            for command in wishes(number):
                if not self.going:
                    return
                await self._ask(client, command, file)
        finally:
            await client.close()

    async def _ask(self, client: Client, command: InstallationCommand, file: TextIO) -> None:
        async with asyncio.timeout(BACK_S_MAX):
            answer = await ask(client, command)
        file.write(json.dumps(acknowledgement(command, answer)) + "\n")
        self.acknowledged += 1


@contextlib.asynccontextmanager
async def second_relay(stack: Stack) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """Keep one running, whoever kills it; the list holds the present one."""
    own = {
        "NATS_URL": stack.urls["nats"],
        "DATABASE_URL": service_database_url(stack.urls["database"], INSTALLATION),
    }
    present: list[asyncio.subprocess.Process] = []

    async def keep() -> None:
        while True:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.lone_relay"),
                cwd=PROJECT,
                env=dict(os.environ) | own,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            present[:] = [process]
            await process.wait()
            await asyncio.sleep(0.2)

    keeper = asyncio.create_task(keep())
    try:
        yield present
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        for process in present:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def kill(stack: Stack, victim: str, relay: list[asyncio.subprocess.Process]) -> bool:
    """Kill -9; false when the victim is down already."""
    if victim == RELAY:
        pids = [it.pid for it in relay if it.returncode is None]
    elif victim == BACKEND:
        pids = backends(stack.states()[POSTGRES].pid)
    else:
        pid = stack.states()[victim].pid
        pids = [] if pid is None else [pid]
    for pid in pids[:1]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def backends(postmaster: int | None) -> list[int]:
    """Name the server processes that work for clients, in some order."""
    if postmaster is None:
        return []
    try:
        children = psutil.Process(postmaster).children(recursive=True)
        found = [it.pid for it in children if f"_{INSTALLATION}" in " ".join(it.cmdline())]
    except psutil.Error:
        return []
    random.shuffle(found)
    return found


async def test_fifty_random_kills_leave_the_history_whole() -> None:
    choice = random.Random(SEED)  # noqa: S311  # it only picks a victim
    with scratch_folder() as folder:
        gateway_port, portal_port = free_ports(2)
        stack = Stack(
            StackOptions(
                data_folder=folder / "data", postgres_port=0, nats_port=0, nats_monitor_port=0
            ),
            services(gateway_port, portal_port, without=frozenset({TELEMETRY, BALANCER})),
        )
        acknowledged = folder / "acknowledged.ndjson"
        killed = dict.fromkeys(VICTIMS, 0)
        async with stack:
            assert await stack.wait_services_ready(BACK_S_MAX) == []
            load = Load(stack.urls["nats"], acknowledged)
            async with second_relay(stack) as relay, load.running():
                while sum(killed.values()) < ROUNDS:
                    victim = choice.choice(VICTIMS)
                    killed[victim] += kill(stack, victim, relay)
                    if choice.random() < RECOVERED_SHARE:
                        await load.acknowledges(WORK)
                    await asyncio.sleep(choice.uniform(*BETWEEN_S))
                await until(lambda: not_ready(stack), lambda it: not it, BACK_S_MAX)
            await until(lambda: behind(stack), lambda it: it == 0, BACK_S_MAX)
            checked = await check(folder / "data", acknowledged)

        assert all(killed.values()), killed
        assert load.acknowledged > 10 * ROUNDS
        assert checked == 0


async def not_ready(stack: Stack) -> list[str]:
    return [name for name, it in stack.states().items() if it.step is not Step.READY]


async def behind(stack: Stack) -> int:
    """How many events of the log are not announced yet."""
    import asyncpg

    client = await connect(stack.urls["nats"], "test-behind")
    try:
        info = await client.jetstream().stream_info(subjects.jetstream_of(INSTALLATION))
    finally:
        await client.close()
    url = service_database_url(stack.urls["database"], INSTALLATION)
    connection = await asyncpg.connect(url)
    try:
        head = await connection.fetchval("select position from log_head")
    finally:
        await connection.close()
    return int(head) - int(info.state.last_seq)


async def check(data: Path, acknowledged: Path) -> int:
    """Run the checker as people do; its words show when it finds something."""
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).parent / "ampledger"), "check", "--history"),
        *("--data-folder", str(data), "--acknowledged", str(acknowledged)),
        cwd=PROJECT,
    )
    return await process.wait()

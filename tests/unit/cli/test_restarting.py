"""A new process that does not come up leaves the former one where it is, and the rest alone."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from cli.processes import Program
from cli.states import Step
from cli.supervisor import NotReadyAgain, Supervisor

WITHIN_S = 20.0
SOON_S = 0.5
RUNS = """
import os, socket, time
fd = os.environ.pop("AMPLEDGER_TURN_FD", None)
if fd is not None:
    turn = socket.socket(fileno=int(fd))
    turn.sendall(b".")
    turn.recv(1)
open(os.environ["HERE"], "a").write("ran ")
time.sleep(1000)
"""
CANNOT_BE_LOADED = "raise SystemExit('No module named shared')"
NEVER_SAYS_THAT_IT_IS_LOADED = "import time; time.sleep(1000)"


@dataclass(slots=True)
class Stage:
    """A supervisor of small programs, and a folder as `ampledger up` keeps one."""

    folder: Path
    supervisor: Supervisor
    scripts: dict[str, str] = field(default_factory=dict)
    """What a program does that is started anew, by its name."""

    def program(self, name: str, script: str, *fds: int) -> Program:
        here = self.folder / f"{name}.ran"

        async def ready() -> bool:
            return here.exists() and script == RUNS

        return Program(
            name,
            (sys.executable, "-c", script),
            self.folder,
            {"HERE": str(here)},
            ready=ready,
            takes_turns=True,
            fds=fds,
        )

    async def start(self, *names: str) -> None:
        for name in names:
            self.supervisor.add(self.program(name, RUNS))
        self.supervisor.start()
        async with asyncio.timeout(WITHIN_S):
            await self.supervisor.wait_ready()

    async def restart(self, name: str, within_s: float) -> None:
        script = self.scripts.get(name, RUNS)
        await self.supervisor.replace(self.program(name, script), within_s)

    def pids(self) -> dict[str, int | None]:
        return {name: it.pid for name, it in self.supervisor.states().items()}


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    it = Stage(tmp_path, Supervisor([], tmp_path / "logs"))
    yield it
    it.supervisor.kill_all()
    await it.supervisor.stop()


@pytest.mark.parametrize(
    ("script", "within_s", "says"),
    [
        (CANNOT_BE_LOADED, WITHIN_S, "a new meter ended at once; the former one goes on"),
        (NEVER_SAYS_THAT_IT_IS_LOADED, SOON_S, "a new meter is not loaded after 0.5 s"),
    ],
)
async def test_one_that_cannot_be_loaded_leaves_the_former_one_where_it_is(
    stage: Stage, script: str, within_s: float, says: str
) -> None:
    await stage.start("meter")
    before = stage.pids()
    stage.scripts["meter"] = script

    with pytest.raises(NotReadyAgain, match=says):
        await stage.restart("meter", within_s)

    assert stage.pids() == before
    assert stage.supervisor.states()["meter"].step is Step.READY
    os.kill(before["meter"] or 0, 0)


async def test_one_that_takes_over_sockets_and_is_not_ready_leaves_the_former_one_where_it_is(
    stage: Stage,
) -> None:
    await stage.start("meter")
    before = stage.pids()
    with socket.socket() as taken:
        program = stage.program("meter", NEVER_SAYS_THAT_IT_IS_LOADED, taken.fileno())
        with pytest.raises(NotReadyAgain, match="is not ready after"):
            await stage.supervisor.replace(program, SOON_S)

    assert stage.pids() == before
    os.kill(before["meter"] or 0, 0)


async def test_one_that_was_mended_takes_over_from_one_that_went_on(stage: Stage) -> None:
    await stage.start("meter")
    before = stage.pids()
    stage.scripts["meter"] = CANNOT_BE_LOADED
    with pytest.raises(NotReadyAgain):
        await stage.restart("meter", WITHIN_S)
    stage.scripts["meter"] = RUNS

    await stage.restart("meter", WITHIN_S)

    assert stage.pids() != before
    assert stage.supervisor.not_ready() == []

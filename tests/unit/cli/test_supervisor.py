"""The supervisor with small shell scripts as its programs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from cli.processes import Program
from cli.states import Happening, ProcessEvent, Step
from cli.supervisor import Supervisor

FOREVER = "exec sleep 1000"
DEADLINE_S = 30.0


class Stage:
    """A supervisor in a folder, and what it has told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[ProcessEvent] = []
        self.heard = asyncio.Event()
        self.supervisor = Supervisor([], folder / "logs", self.hear)

    def hear(self, event: ProcessEvent) -> None:
        self.events.append(event)
        self.heard.set()

    def add(self, name: str, script: str, **more: object) -> None:
        program = Program(name, ("/bin/sh", "-c", script), self.folder, **more)  # type: ignore[arg-type]
        self.supervisor.add(program)

    async def until(self, name: str, what: Happening, times: int = 1) -> ProcessEvent:
        """Wait until something has happened to a process so many times; returns the last."""
        async with asyncio.timeout(DEADLINE_S):
            while len(found := self.found(name, what)) < times:
                self.heard.clear()
                await self.heard.wait()
        return found[times - 1]

    def found(self, name: str, what: Happening) -> list[ProcessEvent]:
        return [it for it in self.events if it.name == name and it.what is what]

    def order(self, what: Happening) -> list[str]:
        return [it.name for it in self.events if it.what is what]


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    it = Stage(tmp_path)
    yield it
    it.supervisor.kill_all()
    await it.supervisor.stop()


def readiness(file: Path) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        return await asyncio.to_thread(file.exists)

    return ready


async def test_a_killed_process_is_started_again_and_its_end_is_told(stage: Stage) -> None:
    stage.add("meter", f"echo about to be killed; {FOREVER}")
    stage.supervisor.start()
    first = await stage.until("meter", Happening.READY)
    log = stage.supervisor.log_of("meter")
    async with asyncio.timeout(DEADLINE_S):
        while "killed" not in await asyncio.to_thread(log.read_text):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    end = await stage.until("meter", Happening.ENDED)
    second = await stage.until("meter", Happening.READY, times=2)

    assert end.pid == first.pid
    assert end.reason is not None
    assert end.reason.startswith("killed by SIGKILL")
    assert end.lines == ("about to be killed",)
    assert end.restart_in_s == 0.2
    assert second.pid != first.pid
    state = stage.supervisor.states()["meter"]
    assert (state.step, state.pid, state.restarts) == (Step.READY, second.pid, 1)
    assert state.last_exit == end.reason


async def test_a_crash_loop_is_retried_ever_more_slowly_and_names_its_log(stage: Stage) -> None:
    stage.add("broken", "echo no such table >&2; exit 3")
    stage.supervisor.start()

    loop = await stage.until("broken", Happening.LOOPING)

    ends = [it for it in stage.events if it.restart_in_s is not None]
    assert [it.restart_in_s for it in ends] == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert [it.what for it in ends[:4]] == [Happening.ENDED] * 4
    assert ends[-1] is loop
    assert loop.reason is not None
    assert "ended with exit code 3" in loop.reason
    assert str(stage.supervisor.log_of("broken")) in loop.reason
    assert loop.lines == ("no such table",)
    assert stage.supervisor.states()["broken"].looping


async def test_a_program_that_is_not_there_is_told_and_retried(stage: Stage) -> None:
    stage.supervisor.add(Program("absent", ("/no/such/program",), stage.folder))
    stage.supervisor.start()

    end = await stage.until("absent", Happening.ENDED, times=2)

    assert end.reason is not None
    assert "cannot be started" in end.reason
    assert "/no/such/program" in end.reason


async def test_the_output_of_an_earlier_run_is_not_shown_as_that_of_this_one(
    stage: Stage,
) -> None:
    marker = stage.folder / "ran"
    stage.add("meter", f"[ -e {marker} ] && exit 4; touch {marker}; echo first; exit 3")
    stage.supervisor.start()

    assert (await stage.until("meter", Happening.ENDED, times=1)).lines == ("first",)
    assert (await stage.until("meter", Happening.ENDED, times=2)).lines == ()


async def test_a_process_waits_for_those_it_comes_after(stage: Stage) -> None:
    ready_file = stage.folder / "ready"
    stage.add("server", FOREVER, ready=readiness(ready_file))
    stage.add("client", FOREVER, after=("server",))
    stage.supervisor.start()
    await stage.until("server", Happening.STARTED)

    assert stage.supervisor.states()["client"].step is Step.WAITING
    assert stage.supervisor.not_ready() == ["server", "client"]
    ready_file.touch()
    await stage.until("client", Happening.READY)

    assert stage.order(Happening.READY) == ["server", "client"]


async def test_a_restarted_process_waits_until_its_server_is_back(stage: Stage) -> None:
    ready_file = stage.folder / "ready"
    ready_file.touch()
    stage.add("server", FOREVER, ready=readiness(ready_file))
    stage.add("client", FOREVER, after=("server",))
    stage.supervisor.start()
    client = await stage.until("client", Happening.READY)
    server = stage.supervisor.states()["server"]
    assert client.pid is not None
    assert server.pid is not None

    ready_file.unlink()
    os.kill(server.pid, signal.SIGKILL)
    await stage.until("server", Happening.STARTED, times=2)
    os.kill(client.pid, signal.SIGKILL)
    await stage.until("client", Happening.ENDED)
    async with asyncio.timeout(DEADLINE_S):
        while stage.supervisor.states()["client"].step is not Step.WAITING:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    ready_file.touch()
    await stage.until("client", Happening.READY, times=2)

    assert stage.order(Happening.READY) == ["server", "client", "server", "client"]


async def test_a_readiness_check_that_fails_is_asked_again(stage: Stage) -> None:
    answers = iter([ValueError("odd answer"), ValueError("odd answer")])

    async def ready() -> bool:
        fault = next(answers, None)
        if fault is not None:
            raise fault
        return True

    stage.add("server", FOREVER, ready=ready)
    stage.supervisor.start()

    await stage.until("server", Happening.READY)


async def test_everything_stops_by_rank_and_leaves_nothing_running(stage: Stage) -> None:
    for name, rank in (("postgres", 2), ("nats", 1), ("portal", 0), ("balancer", 0)):
        stage.add(name, FOREVER, stop_rank=rank)
    stage.supervisor.start()
    await stage.supervisor.wait_ready()
    pids = [it.pid for it in stage.supervisor.states().values()]

    await stage.supervisor.stop()

    stopped = stage.order(Happening.STOPPED)
    assert set(stopped[:2]) == {"portal", "balancer"}
    assert stopped[2:] == ["nats", "postgres"]
    assert not any(psutil.pid_exists(pid) for pid in pids if pid is not None)
    assert {it.step for it in stage.supervisor.states().values()} == {Step.STOPPED}


async def test_who_does_not_end_when_asked_is_killed_with_its_children(stage: Stage) -> None:
    children = stage.folder / "children"
    stage.add(
        "obstinate",
        f"trap '' TERM; sleep 1000 & echo $! > {children}; while true; do sleep 1000; done",
        stop_timeout_s=0.3,
        ready=readiness(children),
    )
    stage.supervisor.start()
    await stage.supervisor.wait_ready()

    await stage.supervisor.stop()

    child = int(await asyncio.to_thread(children.read_text))
    async with asyncio.timeout(DEADLINE_S):
        while psutil.pid_exists(child):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_stopping_right_after_starting_leaves_nothing_running(stage: Stage) -> None:
    started = stage.folder / "started"
    stage.add("meter", f"echo $$ >> {started}; {FOREVER}")
    stage.add("late", FOREVER, after=("meter",))
    stage.supervisor.start()
    await asyncio.sleep(0)

    await stage.supervisor.stop()

    assert [it.pid for it in stage.supervisor.states().values()] == [None, None]
    pids = await asyncio.to_thread(lambda: started.read_text() if started.exists() else "")
    assert not any(psutil.pid_exists(int(pid)) for pid in pids.split())


async def test_a_process_that_is_not_to_be_restarted_is_not(stage: Stage) -> None:
    stage.add("once", "exit 0", restart=False)
    stage.supervisor.start()

    end = await stage.until("once", Happening.ENDED)

    assert end.restart_in_s is None
    assert stage.supervisor.states()["once"].step is Step.STOPPED


async def test_programs_find_exactly_the_environment_they_are_given(stage: Stage) -> None:
    stage.supervisor.add(
        Program(
            "meter",
            (sys.executable, "-c", "import os; print(sorted(os.environ)); exit(1)"),
            stage.folder,
            env={"PATH": "/bin", "LC_ALL": "C"},
        )
    )
    stage.supervisor.start()

    end = await stage.until("meter", Happening.ENDED)

    assert end.lines == ("['LC_ALL', 'PATH']",)


def test_names_must_be_unique_and_known(tmp_path: Path) -> None:
    program = Program("nats", ("true",), tmp_path)

    with pytest.raises(ValueError, match="two programs are called 'nats'"):
        Supervisor([program, program], tmp_path)
    with pytest.raises(ValueError, match="unknown programs"):
        Supervisor([Program("portal", ("true",), tmp_path, after=("nats",))], tmp_path)

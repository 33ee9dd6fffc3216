"""
Keeps a set of processes running: starts, watches, restarts and stops them.

A process that ends is started again after a pause that doubles from 0.2 s to 5 s. What
happens is logged, told to a callback, and visible in `Supervisor.states`.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from signal import SIGKILL
from typing import Any, Final, NoReturn

import structlog

from cli.logs import last_lines, size_of
from cli.processes import Program, signal_group, spawn
from cli.restarts import QUICK_END_S, Restarts, in_words
from cli.states import Happening, Listener, ProcessEvent, ProcessState, Step
from shared.clock import utc_now
from shared.runtime import LOADED, TURN_FD

READY_POLL_MIN_S: Final = 0.02
READY_POLL_MAX_S: Final = 0.5
SLOW_START_S: Final = 10.0
"""A process that is not ready after this long is reported once; it is left to go on trying."""

log = structlog.get_logger()


class NotReadyAgain(Exception):
    """A program that was started anew is not ready in time."""


class _Kept:
    """One program and what has become of it so far."""

    def __init__(self, program: Program, log_file: Path) -> None:
        self.program = program
        self.log_file = log_file
        self.state = ProcessState(program.name, Step.WAITING, utc_now())
        self.restarts = Restarts()
        self.process: asyncio.subprocess.Process | None = None
        self.ready_since_s: float | None = None
        self.ready = asyncio.Event()
        self.halt = asyncio.Event()
        self.turn = asyncio.Event()
        """Set once it may do its work: until then another one answers in its place."""
        self.turn.set()
        self.task: asyncio.Task[None] | None = None


class Supervisor:
    """
    Runs programs until it is told to stop.

    Args:
        programs: what to run; names are unique, `after` names others among them.
        logs: folder for one log file per program.
        on_event: called with everything that happens, on the loop; must not raise or block.
        on_change: called after every change of a state.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        logs: Path,
        on_event: Listener | None = None,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        self._logs = logs
        self._on_event = on_event
        self._on_change = on_change
        self._kept: dict[str, _Kept] = {}
        self._coming: list[_Kept] = []
        """Started beside those whose place they are to take."""
        for program in programs:
            self.add(program)

    def add(self, program: Program) -> None:
        """Take in one more program; it runs after the next `start`."""
        if program.name in self._kept:
            raise ValueError(f"two programs are called {program.name!r}")
        unknown = set(program.after) - set(self._kept)
        if unknown:
            raise ValueError(
                f"{program.name!r} comes after unknown programs: {sorted(unknown)}"
            )
        self._kept[program.name] = _Kept(program, self.log_of(program.name))

    def log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def program(self, name: str) -> Program:
        """
        Say what runs under a name.

        Raises:
            KeyError: nothing does.
        """
        return self._kept[name].program

    def states(self) -> dict[str, ProcessState]:
        return {name: kept.state for name, kept in self._kept.items()}

    def start(self) -> None:
        """Begin to run every program that does not run yet; returns at once."""
        for kept in self._kept.values():
            if kept.task is None:
                self._begin(kept)

    def _begin(self, kept: _Kept) -> None:
        kept.task = asyncio.create_task(self._keep(kept), name=f"keep {kept.program.name}")

    async def replace(self, program: Program, within_s: float) -> None:
        """
        Have a program run anew, and wait until it is ready.

        One that is handed its sockets is started beside the running one, which ends once the new one is
        ready. One of ours is loaded beside the running one, which then ends; of another one the former
        ends first. A new one that cannot even be loaded leaves the former where it is.

        Args:
            program: takes the place of the one of the same name.
            within_s: how long it may take to be ready.

        Raises:
            NotReadyAgain: it is not ready in time.
        """
        former = self._kept[program.name]
        fresh = _Kept(program, former.log_file)
        fresh.state = replace(fresh.state, restarts=former.state.restarts)
        self._coming.append(fresh)
        try:
            if program.fds:
                await self._beside(former, fresh, within_s)
            else:
                await self._after(former, fresh, within_s)
        finally:
            self._coming.remove(fresh)

    async def _beside(self, former: _Kept, fresh: _Kept, within_s: float) -> None:
        """Have both work for a moment."""
        self._begin(fresh)
        if not await _within(fresh.ready.wait(), within_s):
            await self._give_up(fresh, f"is not ready after {within_s:g} s")
        self._kept[fresh.program.name] = fresh
        await self._stop_one(former)

    async def _after(self, former: _Kept, fresh: _Kept, within_s: float) -> None:
        """Have one end before the other begins, which has been loaded by then."""
        name, turn = fresh.program.name, None
        if fresh.program.takes_turns:
            turn = await self._loaded(fresh, within_s)
        await self._stop_one(former)
        self._kept[name] = fresh
        if turn is None:
            self._begin(fresh)
        else:
            fresh.turn.set()
            turn.sendall(LOADED)
            turn.close()
        if not await _within(fresh.ready.wait(), within_s):
            raise NotReadyAgain(
                f"{name} is not ready after {within_s:g} s; it goes on trying, and its log is "
                f"{fresh.log_file}"
            )

    async def _loaded(self, fresh: _Kept, within_s: float) -> socket.socket:
        """Start a program that waits for its turn; what is returned tells it so."""
        program = fresh.program
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        fresh.turn.clear()
        env = {**program.env, TURN_FD: str(theirs.fileno())}
        fresh.program = replace(program, env=env, fds=(theirs.fileno(),), restart=False)
        self._begin(fresh)
        loop = asyncio.get_running_loop()
        heard: list[bytes] = []

        async def hear() -> None:
            while fresh.process is None and not _ended(fresh):  # noqa: ASYNC110
                await asyncio.sleep(READY_POLL_MIN_S)  # it is spawned at once
            theirs.close()  # from here on its end is ours
            heard.append(await loop.sock_recv(ours, 1))

        in_time = await _within(hear(), within_s)
        theirs.close()
        fresh.program = program  # whenever it is started again, it is nobody's successor
        if not in_time or heard != [LOADED]:
            ours.close()
            why = "ended at once" if in_time else f"is not loaded after {within_s:g} s"
            await self._give_up(fresh, why)
        return ours

    async def _give_up(self, fresh: _Kept, why: str) -> NoReturn:
        await self._stop_one(fresh)
        raise NotReadyAgain(
            f"a new {fresh.program.name} {why}; the former one goes on, and the log of both is "
            f"{fresh.log_file}"
        )

    async def wait_ready(self, names: Sequence[str] | None = None) -> None:
        """Wait until the named programs (or all) have been ready at the same time."""
        wanted = [self._kept[name] for name in names or self._kept]
        while not all(kept.ready.is_set() for kept in wanted):
            for kept in wanted:
                await kept.ready.wait()

    def not_ready(self) -> list[str]:
        return [name for name, kept in self._kept.items() if not kept.ready.is_set()]

    async def stop(self) -> None:
        """Stop everything, by rank; after the time-out of each, by SIGKILL."""
        by_rank = sorted(self._all(), key=lambda kept: kept.program.stop_rank)
        for _, group in groupby(by_rank, key=lambda kept: kept.program.stop_rank):
            await asyncio.gather(*(self._stop_one(kept) for kept in group))

    def kill_all(self) -> None:
        """End everything at once, without asking: for the impatient second Ctrl-C."""
        for kept in self._all():
            kept.halt.set()
            _kill(kept)

    def kill(self, name: str) -> None:
        """
        End one process at once, without asking, if it runs; it is started again.

        Raises:
            KeyError: there is no such program.
        """
        _kill(self._kept[name])

    def _all(self) -> list[_Kept]:
        return [*self._kept.values(), *self._coming]

    # --- One program ---

    async def _keep(self, kept: _Kept) -> None:
        while not kept.halt.is_set():
            if not await self._until_after(kept):
                break
            began = time.monotonic()
            healthy_s, reason, lines = await self._run_once(kept)
            if kept.halt.is_set():
                break
            lived_s = time.monotonic() - began
            kept.restarts = kept.restarts.after_end(lived_s, healthy_s)
            self._tell_end(kept, reason, lines)
            if not kept.program.restart:
                break
            await _either(kept.halt.wait(), asyncio.sleep(kept.restarts.delay_s))
        self._set(kept, Step.STOPPED, pid=None)

    async def _until_after(self, kept: _Kept) -> bool:
        """Wait for the programs this one comes after; False when it shall stop instead."""
        if kept.program.after:
            self._set(kept, Step.WAITING, pid=None)
            await _either(kept.halt.wait(), self.wait_ready(kept.program.after))
        return not kept.halt.is_set()

    async def _run_once(self, kept: _Kept) -> tuple[float, str, list[str]]:
        """Run it to its end: seconds it was ready, how it ended, its last lines."""
        since = size_of(kept.log_file)
        try:
            process = await spawn(kept.program, kept.log_file)
        except OSError as fault:
            return 0.0, f"cannot be started: {fault}", []
        self._set(kept, Step.STARTING, pid=process.pid)
        self._tell(kept, Happening.STARTED)
        kept.process, kept.ready_since_s = process, None
        watch = asyncio.create_task(self._watch_ready(kept))
        await _either(process.wait(), kept.halt.wait())
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        ready_since_s = kept.ready_since_s
        healthy_s = 0.0 if ready_since_s is None else time.monotonic() - ready_since_s
        if kept.halt.is_set():
            await self._end(kept, process)
        exit_code = await process.wait()
        kept.ready.clear()
        if size_of(kept.log_file) < since:
            since = 0  # the log was put aside meanwhile
        return healthy_s, in_words(exit_code), last_lines(kept.log_file, since)

    async def _watch_ready(self, kept: _Kept) -> None:
        began_s = time.monotonic()
        pause_s, told = READY_POLL_MIN_S, False
        await kept.turn.wait()
        while not await self._is_ready(kept.program):
            if not told and time.monotonic() - began_s > SLOW_START_S:
                told = True
                self._tell(kept, Happening.SLOW)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, READY_POLL_MAX_S)
        kept.ready_since_s = time.monotonic()
        kept.ready.set()
        self._set(kept, Step.READY, pid=kept.state.pid)
        self._tell(kept, Happening.READY)

    async def _is_ready(self, program: Program) -> bool:
        if program.ready is None:
            return True
        try:
            return await program.ready()
        except Exception as fault:
            # A check that fails in a new way says "not ready"; it must not end the watch.
            log.warning("readiness check failed", process=program.name, reason=repr(fault))
            return False

    async def _end(self, kept: _Kept, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        self._set(kept, Step.STOPPING, pid=process.pid)
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            process.send_signal(kept.program.stop_signal)
        try:
            async with asyncio.timeout(kept.program.stop_timeout_s):
                await process.wait()
        except TimeoutError:
            log.warning(
                "process killed",
                process=kept.program.name,
                reason=f"did not end within {kept.program.stop_timeout_s} s of being asked",
            )
            signal_group(process.pid, SIGKILL)

    async def _stop_one(self, kept: _Kept) -> None:
        kept.halt.set()
        if kept.task is not None:
            await kept.task
            self._tell(kept, Happening.STOPPED)

    # --- What others see ---

    def _set(self, kept: _Kept, step: Step, pid: int | None) -> None:
        kept.state = replace(kept.state, step=step, since=utc_now(), pid=pid)
        if self._on_change is not None:
            self._on_change()

    def _tell_end(self, kept: _Kept, reason: str, lines: list[str]) -> None:
        restarts, again = kept.restarts, kept.program.restart
        looping = restarts.looping and again
        pid = kept.state.pid
        kept.state = replace(
            kept.state, restarts=restarts.total, last_exit=reason, looping=looping
        )
        self._set(kept, Step.RESTARTING if again else Step.STOPPED, pid=None)
        if looping:
            reason = (
                f"{reason}; {restarts.quick_in_a_row} times in a row it has ended within "
                f"{QUICK_END_S:.0f} s of its start; its log is {kept.log_file}"
            )
        what = Happening.LOOPING if looping else Happening.ENDED
        self._tell(kept, what, reason, tuple(lines), restarts.delay_s if again else None, pid)

    def _tell(
        self,
        kept: _Kept,
        what: Happening,
        reason: str | None = None,
        lines: tuple[str, ...] = (),
        restart_in_s: float | None = None,
        pid: int | None = None,
    ) -> None:
        event = ProcessEvent(
            name=kept.program.name,
            what=what,
            at=utc_now(),
            pid=pid or kept.state.pid,
            log=kept.log_file,
            reason=reason,
            lines=lines,
            restart_in_s=restart_in_s,
        )
        facts: dict[str, object] = {"process": event.name, "pid": event.pid}
        if what in {Happening.ENDED, Happening.LOOPING, Happening.SLOW}:
            facts |= {
                "reason": reason,
                "restart_in_s": restart_in_s,
                "log_file": str(event.log),
            }
            log.warning(f"process {what}", **facts, last_lines=list(lines))
        else:
            log.debug(f"process {what}", **facts)
        if self._on_event is not None:
            self._on_event(event)


def _ended(kept: _Kept) -> bool:
    return kept.task is not None and kept.task.done()


async def _within(work: Coroutine[Any, Any, object], within_s: float) -> bool:
    try:
        await asyncio.wait_for(work, within_s)
    except TimeoutError:
        return False
    return True


def _kill(kept: _Kept) -> None:
    if kept.process is not None and kept.process.returncode is None:
        signal_group(kept.process.pid, SIGKILL)


async def _either(*awaitables: Coroutine[Any, Any, object]) -> None:
    """Wait for the first to finish; the others are cancelled."""
    tasks = [asyncio.create_task(it) for it in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

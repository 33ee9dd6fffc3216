"""One program that is kept running: started, watched until it is ready, and started again when it ends."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL
from typing import Any, Final

import structlog

from cli.logs import last_lines, size_of
from cli.processes import Program, signal_group, spawn
from cli.restarts import QUICK_END_S, Restarts, in_words
from cli.states import Happening, Listener, ProcessEvent, ProcessState, Step
from shared.clock import utc_now

READY_POLL_MIN_S: Final = 0.02
READY_POLL_MAX_S: Final = 0.5
SLOW_START_S: Final = 10.0
"""A process that is not ready after this long is reported once; it is left to go on trying."""

ThoseBefore = Callable[[Sequence[str]], Coroutine[Any, Any, None]]
"""Waits until the programs of some names are ready."""

log = structlog.get_logger()


class Kept:
    """
    One program and what has become of it so far.

    Args:
        program: what runs.
        log_file: where what it says goes.
        those_before: waits for the programs that it comes after.
        on_event: called with everything that happens, on the loop; must not raise or block.
        on_change: called after every change of its state.
    """

    def __init__(
        self,
        program: Program,
        log_file: Path,
        those_before: ThoseBefore,
        on_event: Listener | None,
        on_change: Callable[[], None] | None,
    ) -> None:
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
        self._those_before = those_before
        self._on_event = on_event
        self._on_change = on_change

    @property
    def ended(self) -> bool:
        return self.task is not None and self.task.done()

    def begin(self) -> None:
        """Begin to run it; returns at once."""
        self.task = asyncio.create_task(self._keep(), name=f"keep {self.program.name}")

    async def stop(self) -> None:
        """Have it end, and not begin again."""
        self.halt.set()
        if self.task is not None:
            await self.task
            self._tell(Happening.STOPPED)

    def kill(self) -> None:
        """End its process at once, without asking, if it runs."""
        if self.process is not None and self.process.returncode is None:
            signal_group(self.process.pid, SIGKILL)

    # --- Running ---

    async def _keep(self) -> None:
        while not self.halt.is_set():
            if not await self._until_after():
                break
            began = time.monotonic()
            healthy_s, reason, lines = await self._run_once()
            if self.halt.is_set():
                break
            lived_s = time.monotonic() - began
            self.restarts = self.restarts.after_end(lived_s, healthy_s)
            self._tell_end(reason, lines)
            if not self.program.restart:
                break
            await _either(self.halt.wait(), asyncio.sleep(self.restarts.delay_s))
        self._set(Step.STOPPED, pid=None)

    async def _until_after(self) -> bool:
        """Wait for the programs this one comes after; False when it shall stop instead."""
        if self.program.after:
            self._set(Step.WAITING, pid=None)
            await _either(self.halt.wait(), self._those_before(self.program.after))
        return not self.halt.is_set()

    async def _run_once(self) -> tuple[float, str, list[str]]:
        """Run it to its end: seconds it was ready, how it ended, its last lines."""
        since = size_of(self.log_file)
        try:
            process = await spawn(self.program, self.log_file)
        except OSError as fault:
            return 0.0, f"cannot be started: {fault}", []
        self._set(Step.STARTING, pid=process.pid)
        self._tell(Happening.STARTED)
        self.process, self.ready_since_s = process, None
        watch = asyncio.create_task(self._watch_ready())
        await _either(process.wait(), self.halt.wait())
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        ready_since_s = self.ready_since_s
        healthy_s = 0.0 if ready_since_s is None else time.monotonic() - ready_since_s
        if self.halt.is_set():
            await self._end(process)
        exit_code = await process.wait()
        self.ready.clear()
        if size_of(self.log_file) < since:
            since = 0  # the log was put aside meanwhile
        return healthy_s, in_words(exit_code), last_lines(self.log_file, since)

    async def _watch_ready(self) -> None:
        began_s = time.monotonic()
        pause_s, told = READY_POLL_MIN_S, False
        await self.turn.wait()
        while not await self._is_ready():
            if not told and time.monotonic() - began_s > SLOW_START_S:
                told = True
                self._tell(Happening.SLOW)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, READY_POLL_MAX_S)
        self.ready_since_s = time.monotonic()
        self.ready.set()
        self._set(Step.READY, pid=self.state.pid)
        self._tell(Happening.READY)

    async def _is_ready(self) -> bool:
        program = self.program
        if program.ready is None:
            return True
        try:
            return await program.ready()
        except Exception as fault:
            # A check that fails in a new way says "not ready"; it must not end the watch.
            log.warning("readiness check failed", process=program.name, reason=repr(fault))
            return False

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        self._set(Step.STOPPING, pid=process.pid)
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            process.send_signal(self.program.stop_signal)
        try:
            async with asyncio.timeout(self.program.stop_timeout_s):
                await process.wait()
        except TimeoutError:
            log.warning(
                "process killed",
                process=self.program.name,
                reason=f"did not end within {self.program.stop_timeout_s} s of being asked",
            )
            signal_group(process.pid, SIGKILL)

    # --- What others see ---

    def _set(self, step: Step, pid: int | None) -> None:
        self.state = replace(self.state, step=step, since=utc_now(), pid=pid)
        if self._on_change is not None:
            self._on_change()

    def _tell_end(self, reason: str, lines: list[str]) -> None:
        restarts, again = self.restarts, self.program.restart
        looping = restarts.looping and again
        pid = self.state.pid
        self.state = replace(
            self.state, restarts=restarts.total, last_exit=reason, looping=looping
        )
        self._set(Step.RESTARTING if again else Step.STOPPED, pid=None)
        if looping:
            reason = (
                f"{reason}; {restarts.quick_in_a_row} times in a row it has ended within "
                f"{QUICK_END_S:.0f} s of its start; its log is {self.log_file}"
            )
        what = Happening.LOOPING if looping else Happening.ENDED
        self._tell(what, reason, tuple(lines), restarts.delay_s if again else None, pid)

    def _tell(
        self,
        what: Happening,
        reason: str | None = None,
        lines: tuple[str, ...] = (),
        restart_in_s: float | None = None,
        pid: int | None = None,
    ) -> None:
        event = ProcessEvent(
            name=self.program.name,
            what=what,
            at=utc_now(),
            pid=pid or self.state.pid,
            log=self.log_file,
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


async def _either(*awaitables: Coroutine[Any, Any, object]) -> None:
    """Wait for the first to finish; the others are cancelled."""
    tasks = [asyncio.create_task(it) for it in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

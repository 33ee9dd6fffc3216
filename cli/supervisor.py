"""
Keeps a set of processes running: starts, watches, restarts and stops them.

A process that ends is started again after a pause that doubles from 0.2 s to 5 s. What
happens is logged, told to a callback, and visible in `Supervisor.states`.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, NoReturn

from cli.kept import READY_POLL_MIN_S, Kept
from cli.processes import Program
from cli.states import Listener, ProcessState
from shared.runtime import LOADED, TURN_FD


class NotReadyAgain(Exception):
    """A program that was started anew is not ready in time."""


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
        self._kept: dict[str, Kept] = {}
        self._coming: list[Kept] = []
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
        self._kept[program.name] = self._new(program, self.log_of(program.name))

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
                kept.begin()

    def _new(self, program: Program, log_file: Path) -> Kept:
        return Kept(program, log_file, self.wait_ready, self._on_event, self._on_change)

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
        fresh = self._new(program, former.log_file)
        fresh.state = replace(fresh.state, restarts=former.state.restarts)
        self._coming.append(fresh)
        try:
            if program.fds:
                await self._beside(former, fresh, within_s)
            else:
                await self._after(former, fresh, within_s)
        finally:
            self._coming.remove(fresh)

    async def _beside(self, former: Kept, fresh: Kept, within_s: float) -> None:
        """Have both work for a moment."""
        fresh.begin()
        if not await _within(fresh.ready.wait(), within_s):
            await self._give_up(fresh, f"is not ready after {within_s:g} s")
        self._kept[fresh.program.name] = fresh
        await former.stop()

    async def _after(self, former: Kept, fresh: Kept, within_s: float) -> None:
        """Have one end before the other begins, which has been loaded by then."""
        name, turn = fresh.program.name, None
        if fresh.program.takes_turns:
            turn = await self._loaded(fresh, within_s)
        await former.stop()
        self._kept[name] = fresh
        if turn is None:
            fresh.begin()
        else:
            fresh.turn.set()
            turn.sendall(LOADED)
            turn.close()
        if not await _within(fresh.ready.wait(), within_s):
            raise NotReadyAgain(
                f"{name} is not ready after {within_s:g} s; it goes on trying, and its log is "
                f"{fresh.log_file}"
            )

    async def _loaded(self, fresh: Kept, within_s: float) -> socket.socket:
        """Start a program that waits for its turn; what is returned tells it so."""
        program = fresh.program
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        fresh.turn.clear()
        env = {**program.env, TURN_FD: str(theirs.fileno())}
        fresh.program = replace(program, env=env, fds=(theirs.fileno(),), restart=False)
        fresh.begin()
        loop = asyncio.get_running_loop()
        heard: list[bytes] = []

        async def hear() -> None:
            while fresh.process is None and not fresh.ended:  # noqa: ASYNC110
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

    async def _give_up(self, fresh: Kept, why: str) -> NoReturn:
        await fresh.stop()
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
            await asyncio.gather(*(kept.stop() for kept in group))

    def kill_all(self) -> None:
        """End everything at once, without asking: for the impatient second Ctrl-C."""
        for kept in self._all():
            kept.halt.set()
            kept.kill()

    def kill(self, name: str) -> None:
        """
        End one process at once, without asking, if it runs; it is started again.

        Raises:
            KeyError: there is no such program.
        """
        self._kept[name].kill()

    def _all(self) -> list[Kept]:
        return [*self._kept.values(), *self._coming]


async def _within(work: Coroutine[Any, Any, object], within_s: float) -> bool:
    try:
        await asyncio.wait_for(work, within_s)
    except TimeoutError:
        return False
    return True

"""Processes are killed, put to sleep, and started anew one after the other."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import psutil

from cli.chaos.fault import FaultNotPossible
from cli.chaos.plan import Kind
from cli.chaos.yard import NATS, POSTGRES, PROCESSES, Yard
from cli.services import BALANCER
from cli.states import Step

KILL_BALANCER: Final = "kill-balancer"
BACKEND: Final = "postgres-backend"
BACK_S_MAX: Final = 90.0
POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Kill:
    """A process ends at once, without a word (SIGKILL); it is started again by whoever supervises it."""

    kind: Kind

    async def inject(self, yard: Yard, target: str) -> None:
        """See `Fault`."""
        pid = _backend(yard) if target == BACKEND else yard.pid(target)
        if pid is None:
            raise FaultNotPossible(f"{target} does not run")
        signal_all([pid], signal.SIGKILL)

    async def heal(self, yard: Yard, target: str) -> None:
        """See `Fault`: it was over at once."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """A process hangs for a while: it neither works nor ends (SIGSTOP)."""

    kind: Kind
    _stopped: dict[str, list[int]] = field(default_factory=dict)

    async def inject(self, yard: Yard, target: str) -> None:
        """See `Fault`."""
        pid = yard.pid(target)
        if pid is None:
            raise FaultNotPossible(f"{target} does not run")
        pids = tree(pid)
        self._stopped.setdefault(target, []).extend(pids)
        signal_all(pids, signal.SIGSTOP)

    async def heal(self, _: Yard, target: str) -> None:
        """See `Fault`."""
        signal_all(reversed(self._stopped.pop(target, [])), signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class RollingRestart:
    """
    Every service is asked to end, one after the other, each once the one before is ready again.

    Each is under the fault for as long as it ends; from then on it recovers.
    """

    kind: Kind

    async def inject(self, yard: Yard, _: str) -> None:
        """See `Fault`."""
        for name in PROCESSES:
            pid = yard.pid(name)
            if pid is None:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BACK_S_MAX):
                    await self._ended(yard, name, pid)
                    while not is_back(yard, name, pid):  # noqa: ASYNC110  # others say so
                        await asyncio.sleep(POLL_S)

    async def _ended(self, yard: Yard, name: str, pid: int) -> None:
        yard.hit[name] += 1
        try:
            signal_all([pid], signal.SIGTERM)
            while yard.pid(name) == pid:  # noqa: ASYNC110  # others say so
                await asyncio.sleep(POLL_S)
        finally:
            yard.hit[name] -= 1

    async def heal(self, yard: Yard, target: str) -> None:
        """See `Fault`: it is over when all were."""


def process_faults() -> list[Kill | Freeze | RollingRestart]:
    """Name all that may happen to processes."""
    servers = (NATS, POSTGRES)
    balancers = [it for it in PROCESSES if it.startswith(BALANCER)]
    return [
        Kill(Kind("kill-service", PROCESSES)),
        Kill(Kind(KILL_BALANCER, balancers, quiet=True)),
        Kill(Kind("kill-nats", (NATS,))),
        Kill(Kind("kill-postgres", (POSTGRES,))),
        Kill(Kind("kill-backend", (BACKEND,))),
        Freeze(Kind("freeze-service", PROCESSES, (1.0, 20.0))),
        Freeze(Kind("freeze-server", servers, (1.0, 12.0))),
        Freeze(Kind("away-for-long", servers, (60.0, 300.0), alone=True, run_s_min=900.0)),
        RollingRestart(Kind("rolling-restart", ("all services",), alone=True, hits_all=False)),
    ]


def is_back(yard: Yard, name: str, before: int) -> bool:
    """Tell whether a process is ready that is another than the one before."""
    state = yard.stack.states()[name]
    return state.pid not in {None, before} and state.step is Step.READY


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal processes in their order; those that have just ended by themselves are passed over."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def tree(pid: int) -> list[int]:
    """Name a process and its children, the parent first: it starts no more of them."""
    try:
        return [pid, *(it.pid for it in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return [pid]


def _backend(yard: Yard) -> int | None:
    """Name a server process that works for a client, if there is one: the one that has worked most."""
    postmaster = yard.pid(POSTGRES)
    if postmaster is None:
        return None
    try:
        children = psutil.Process(postmaster).children()
        at_work = [it for it in children if "ampledger_" in " ".join(it.cmdline())]
        return max(at_work, key=lambda it: it.cpu_times().user).pid if at_work else None
    except psutil.Error:
        return None

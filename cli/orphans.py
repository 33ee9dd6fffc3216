"""Processes that a killed supervisor has left behind are ended before new ones start."""

import asyncio
import signal
import time
from pathlib import Path
from typing import Final

import psutil
import structlog

from cli.cluster import postgres_processes
from cli.faults import FolderFault
from cli.run_file import running_of

ASKED_S_MAX: Final = 20.0
FORCED_S_MAX: Final = 5.0
POLL_S: Final = 0.05

log = structlog.get_logger()


async def end_orphans(folder: Path, postgres: Path) -> list[str]:
    """
    End what is left of an earlier run in this folder; returns the names of what was found.

    Call this only while the folder is locked: then no living supervisor owns them. PostgreSQL
    is asked for a fast shutdown; if it must be forced, it recovers at its next start.

    Args:
        folder: the data folder, whose run file names the processes.
        postgres: PostgreSQL's own folder: a server that works in it is found without the file.

    Raises:
        FolderFault: one of them does not end.
    """
    found = {it.pid: (it.name, it.process()) for it in reversed(running_of(folder))}
    found |= {it.pid: ("postgres", it) for it in postgres_processes(postgres)[:1]}
    orphans = [(name, process) for name, process in found.values() if process is not None]
    for name, process in orphans:
        log.warning("orphan found", process=name, pid=process.pid, reason="its supervisor died")
        _signal(process, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    left = await _gone([process for _, process in orphans], ASKED_S_MAX)
    for process in left:
        _signal(process, signal.SIGQUIT)
    left = await _gone(left, FORCED_S_MAX)
    for process in left:
        _signal(process, signal.SIGKILL)
    left = await _gone(left, FORCED_S_MAX)
    left += await _gone(postgres_processes(postgres), FORCED_S_MAX)
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise FolderFault(
            f"Processes of an earlier run still use {folder} and do not end: pid {pids}",
            f"End them by hand, then start again: kill -9 {pids.replace(',', '')}",
        )
    return [name for name, _ in orphans]


async def _gone(processes: list[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait until they have ended; returns those that have not."""
    return await asyncio.to_thread(_wait, processes, timeout_s)


def _wait(processes: list[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    deadline_s = time.monotonic() + timeout_s
    while (alive := [it for it in processes if _lives(it)]) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
    return alive


def _lives(process: psutil.Process) -> bool:
    """Whether it runs; one that has ended and that nobody has buried yet does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return  # it has ended meanwhile, as it should

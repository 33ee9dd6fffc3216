"""
What runs at present, for others to read: `run/processes.json` in the data folder.

`ampledger status`, the fault drills and the next start read it. It is replaced as a whole at
every change, and outlives a supervisor that is killed: a pid counts only together with the
moment its process was created.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import psutil

from cli.files import write_atomically
from cli.states import ProcessState

RUN_FILE: Final = "processes.json"
CREATED_TOLERANCE_S: Final = 2.0
"""The creation time is reckoned from the boot time, which moves when the clock is set."""


@dataclass(frozen=True, slots=True)
class Running:
    """One process of a run, as the file names it."""

    name: str
    pid: int
    created_s: float

    def process(self) -> psutil.Process | None:
        """The process, if it is still that one."""
        return living(self.pid, self.created_s)


@dataclass(frozen=True, slots=True)
class RunFile:
    """
    Writes the file: by name of server or service, the ports they listen on, the URLs to
    reach them, and the URLs that answer 200 when they are ready.

    The URLs contain passwords, so only the owner may read it.
    """

    file: Path
    ports: dict[str, int] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    health: dict[str, str] = field(default_factory=dict)

    def write(self, states: Mapping[str, ProcessState]) -> None:
        pids = {name: state.pid for name, state in states.items() if state.pid is not None}
        content = {
            "supervisor": _identity(os.getpid()),
            "pids": pids,
            "ports": self.ports,
            "urls": self.urls,
            "health": self.health,
            "processes": {
                name: {
                    "pid": state.pid,
                    "created_s": None if state.pid is None else created_s(state.pid),
                    "step": str(state.step),
                    "since": state.since,
                    "restarts": state.restarts,
                    "last_exit": state.last_exit,
                }
                for name, state in states.items()
            },
        }
        text = orjson.dumps(content, option=orjson.OPT_INDENT_2)
        write_atomically(self.file, text, durable=False)


def read_run(folder: Path) -> dict[str, Any] | None:
    """Read a data folder's run file as it is; None when there is none or it is not one."""
    try:
        content = orjson.loads((folder / "run" / RUN_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def is_up(folder: Path) -> bool:
    """Whether the supervisor named in the run file is alive and runs something."""
    run = read_run(folder) or {}
    about = run.get("supervisor") or {}
    created = float(about.get("created_s") or 0.0)
    return bool(run.get("pids")) and living(int(about.get("pid", 0)), created) is not None


def running_of(folder: Path) -> list[Running]:
    """Processes the run file names, in order of their start, that are still alive."""
    processes = (read_run(folder) or {}).get("processes") or {}
    named = [
        Running(name, int(about["pid"]), float(about["created_s"]))
        for name, about in processes.items()
        if about.get("pid") and about.get("created_s")
    ]
    return [it for it in named if it.process() is not None]


def created_s(pid: int) -> float | None:
    """When a process was created, in seconds of the epoch; None when it has ended."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def living(pid: int, created: float) -> psutil.Process | None:
    """Find a process by pid and creation time; a zombie has ended."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) <= CREATED_TOLERANCE_S
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, ValueError):
        return None


def _identity(pid: int) -> dict[str, float | int | None]:
    return {"pid": pid, "created_s": created_s(pid)}

"""What a supervisor tells about its processes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class Step(StrEnum):
    """Where a process stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ProcessState:
    """
    What is known of one process.

    `pid` is None while it does not run; `looping` says that it has ended again and again soon
    after its starts; `last_exit` says in words how it ended last.
    """

    name: str
    step: Step
    since: datetime
    pid: int | None = None
    restarts: int = 0
    last_exit: str | None = None
    looping: bool = False


class Happening(StrEnum):
    """What may happen to a process."""

    STARTED = "started"
    READY = "ready"
    SLOW = "slow to become ready"
    ENDED = "ended unexpectedly"
    LOOPING = "ends again and again"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ProcessEvent:
    """
    One thing that happened to one process.

    `reason` says how it ended, `lines` are the last of its output, `restart_in_s` is the
    pause before its next start, None when there is none.
    """

    name: str
    what: Happening
    at: datetime
    pid: int | None
    log: Path
    reason: str | None = None
    lines: tuple[str, ...] = ()
    restart_in_s: float | None = None


Listener = Callable[[ProcessEvent], None]

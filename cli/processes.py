"""One child process: what it is, whose it is, how it is started."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cli.logs import rotate

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that a process runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Program:
    """
    What to run, and how to know that it is ready and how to end it.

    Args:
        name: unique within its supervisor; also the name of its log file.
        ready: polled after every start until it returns True; without it a started program
            counts as ready.
        stop_signal: asks it to end.
        orphan_signal: what the kernel sends it when its supervisor dies (Linux). The default
            leaves nothing behind; servers that must end in order name a gentler one.
        stop_timeout_s: seconds between *stop_signal* and SIGKILL.
        stop_rank: lower ranks are stopped first, equal ranks together.
        after: names of programs that must be ready before this one is started.
        takes_turns: it is one of ours, that loads beside its predecessor and waits for its turn.
        fds: numbers of sockets that it is handed, and keeps under the same numbers. A second process of it
            may take over from the first while both run.
    """

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    ready: Callable[[], Awaitable[bool]] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    stop_timeout_s: float = 5.0
    stop_rank: int = 0
    restart: bool = True
    after: tuple[str, ...] = ()
    takes_turns: bool = False
    fds: tuple[int, ...] = ()


async def spawn(program: Program, log: Path) -> asyncio.subprocess.Process:
    """
    Start a program in a session of its own, its output appended to *log*.

    The output goes to the file directly and not through us, so that a busy or killed
    supervisor neither stalls nor breaks the pipe of its children. A session of its own keeps
    a Ctrl-C in the terminal from reaching the children: the supervisor ends them, in order.
    On Linux the child is signalled when the *thread* that started it ends, so call this from
    a loop in the main thread.

    Raises:
        OSError: the program cannot be started.
    """
    log.parent.mkdir(exist_ok=True)
    rotate(log)
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *program.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=program.cwd,
            env=dict(program.env),
            start_new_session=True,
            pass_fds=program.fds,
            preexec_fn=_die_with_parent(program.orphan_signal),
            **as_account(program.account),
        )


def as_account(account: Account | None) -> dict[str, Any]:
    """Arguments of `subprocess` that switch to another user, which only root may."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a child and everything it has started; nothing happens if all have ended."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """
    Have the kernel signal the child when we die, even by kill -9.

    This must run in the child after its user was switched, which clears the setting;
    subprocess calls `preexec_fn` after it.
    """
    libc = _LIBC
    if libc is None:
        return None
    parent = os.getpid()

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # we died before it was armed
            os.kill(os.getpid(), signal.SIGKILL)

    return arm

"""Who may use a data folder: the one that holds its lock."""

import errno
import fcntl
import os
from pathlib import Path
from typing import IO

from cli.accounts import make_passable
from cli.faults import FolderFault, FolderInUse


def holder_of(path: Path) -> int | None:
    """Pid of the instance that the folder's lock file names; it may have ended."""
    try:
        text = (path / "lock").read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def make_folder(path: Path, *, open_to_pass: bool) -> None:
    """
    Make the data folder if there is none.

    Args:
        path: where.
        open_to_pass: other users (the one PostgreSQL runs as) must be able to pass it.

    Raises:
        FolderFault: it is a file, or cannot be made.
    """
    try:
        if path.exists() and not path.is_dir():
            raise FolderFault(
                f"{path}, meant as the data folder, is a file",
                "Choose another place with --data-folder.",
            )
        if open_to_pass:
            make_passable(path)
        else:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as fault:
        raise unusable(path, fault) from fault


def locked(path: Path) -> IO[str]:
    """
    Take the lock; the kernel gives it back whatever becomes of us.

    Raises:
        FolderInUse: another instance has it.
        FolderFault: the lock file cannot be written.
    """
    try:
        lock = (path / "lock").open("a+")
    except OSError as fault:
        raise unusable(path, fault) from fault
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        lock.close()
        pid = holder_of(path)
        who = "another instance of ampledger" if pid is None else f"ampledger, pid {pid}"
        raise FolderInUse(
            f"The data folder {path} is in use by {who}",
            "Stop that one (Ctrl-C in its terminal"
            + (f", or: kill {pid}" if pid is not None else "")
            + "), or give this one its own: --data-folder FOLDER, with other ports.",
        ) from fault
    except OSError as fault:
        lock.close()
        raise unusable(path, fault) from fault
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def unusable(path: Path, fault: OSError) -> FolderFault:
    """Say why the system does not let us use a folder, and what to do about it."""
    where = f" ({fault.filename})" if fault.filename not in {None, str(path)} else ""
    return FolderFault(
        f"The data folder {path} cannot be used: {fault.strerror}{where}",
        "Make room there."
        if fault.errno in {errno.ENOSPC, errno.EDQUOT}
        else "Give yourself the right to write there, or choose another --data-folder.",
    )

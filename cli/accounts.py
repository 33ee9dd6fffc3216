"""The system user PostgreSQL runs as when we are root: it refuses to run as root itself."""

import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import Final

import structlog

from cli.faults import ServerFault
from cli.processes import Account

SERVER_ACCOUNT: Final = "pgserver"

log = structlog.get_logger()


def server_account() -> Account | None:
    """
    Find the account for PostgreSQL, creating it if need be; None when we are not root.

    Raises:
        ServerFault: it does not exist and cannot be created.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SERVER_ACCOUNT)
    except KeyError:
        entry = _create()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def first_closed(path: Path, account: Account) -> Path | None:
    """
    Find the first folder on the way to *path* that *account* may not pass, or None.

    Judged by permission bits; access lists, which could only open more, are not looked at.
    """
    folders = [*reversed(path.parents), path] if path.is_dir() else list(reversed(path.parents))
    for folder in folders:
        about = folder.stat()
        if about.st_uid == account.uid:
            bit = stat.S_IXUSR
        elif about.st_gid == account.gid:
            bit = stat.S_IXGRP
        else:
            bit = stat.S_IXOTH
        if not about.st_mode & bit:
            return folder
    return None


def make_passable(folder: Path) -> None:
    """Make a folder and its parents, each new one open for others to pass, whatever our umask."""
    missing = [it for it in (folder, *folder.parents) if not it.exists()]
    for it in reversed(missing):
        it.mkdir(exist_ok=True)
        it.chmod(0o711)


def _create() -> pwd.struct_passwd:
    useradd = ("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin")
    try:
        subprocess.run((*useradd, SERVER_ACCOUNT), check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as fault:
        detail = getattr(fault, "stderr", None) or str(fault)
        raise ServerFault(
            f"PostgreSQL does not run as root, and the system user {SERVER_ACCOUNT!r} for it "
            f"cannot be created: {detail.strip()}",
            "Run ampledger as an ordinary user, or create the user by hand: "
            f"{' '.join(useradd)} {SERVER_ACCOUNT}",
        ) from fault
    log.info("system user created", user=SERVER_ACCOUNT, reason="postgres does not run as root")
    return pwd.getpwnam(SERVER_ACCOUNT)

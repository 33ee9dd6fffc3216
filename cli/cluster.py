"""The files of the embedded PostgreSQL: made with initdb, checked, and freed of stale locks."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psutil
import structlog

from cli.faults import FolderDamaged, ServerFault
from cli.files import write_atomically
from cli.processes import Account, as_account

SUPERUSER: Final = "postgres"

log = structlog.get_logger()


async def make_cluster(
    data: Path, tree: Path, password: str, account: Account | None, *, durable: bool
) -> None:
    """
    Run initdb beside the final place, so that a half-made cluster is never taken for one.

    Args:
        data: where the cluster shall be; nothing is there yet.
        tree: the PostgreSQL installation.
        password: what its superuser shall sign in with.
        account: the system user it shall belong to, None if it is our own.
        durable: sync everything to disk before it counts as made.

    Raises:
        ServerFault: initdb fails.
    """
    half_made = data.with_name(f"{data.name}.half-made")
    password_file = data.with_name(f"{data.name}.password")
    if half_made.exists():
        await asyncio.to_thread(shutil.rmtree, half_made)
    half_made.mkdir(mode=0o700)
    try:
        write_atomically(password_file, password.encode())
        if account is not None:
            os.chown(half_made, account.uid, account.gid)
            os.chown(password_file, account.uid, account.gid)
        await _initdb(
            tree,
            *("-D", str(half_made), "-U", SUPERUSER, "--pwfile", str(password_file)),
            *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(() if durable else ("--no-sync",)),
            account=account,
        )
    finally:
        password_file.unlink(missing_ok=True)
    half_made.rename(data)


async def check_control(data: Path, tree: Path) -> None:
    """
    Let pg_controldata verify the checksum of the cluster's control file.

    Raises:
        FolderDamaged: it is not what PostgreSQL wrote.
    """
    code, output = await _output(tree, "pg_controldata", "-D", str(data), account=None)
    if code != 0 or "CRC checksum does not match" in output:
        raise FolderDamaged(
            f"The databases in {data} are damaged: global/pg_control has a wrong checksum",
            "Nothing was deleted. Restore a backup of the data folder, or start with an empty "
            f"one and keep this for later: mv {data.parent} {data.parent}.damaged",
        )


def remove_stale_lock(data: Path) -> None:
    """
    Remove a postmaster.pid whose number now belongs to another program.

    PostgreSQL itself deals with a pid that no longer exists, but takes any living process of
    its user for a rival. Call this only while the data folder is locked.
    """
    lock = data / "postmaster.pid"
    first = lock.read_text().partition("\n")[0].strip() if lock.exists() else ""
    if not first.isdigit() or not psutil.pid_exists(int(first)):
        return
    if not postgres_processes(data):
        log.info("stale lock removed", file=str(lock), reason=f"no postgres: pid {first}")
        lock.unlink()


def postgres_processes(data: Path) -> list[psutil.Process]:
    """Find the postgres processes that work in this folder, the oldest (postmaster) first."""
    found = [
        it
        for it in psutil.process_iter(["name", "cwd", "create_time"])
        if it.info["name"] == "postgres" and it.info["cwd"] == str(data)
    ]
    return sorted(found, key=lambda it: (it.info["create_time"], it.pid))


async def _initdb(tree: Path, *arguments: str, account: Account | None) -> None:
    code, output = await _output(tree, "initdb", *arguments, account=account)
    if code != 0:
        raise ServerFault(
            f"The database cluster cannot be made (initdb, exit code {code})",
            f"It said: {output}",
        )


async def _output(
    tree: Path, program: str, *arguments: str, account: Account | None
) -> tuple[int, str]:
    """Run one of PostgreSQL's programs to its end: its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        str(tree / "bin" / program),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        env=plain_environment(),
        **as_account(account),
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    return await process.wait(), output.decode("utf-8", "replace").strip()


def plain_environment() -> Mapping[str, str]:
    """What PostgreSQL's programs get to see: nothing of ours that could change them."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

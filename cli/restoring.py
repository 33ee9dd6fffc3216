"""Restoring a backup: into a new data folder, or into the databases of somebody else's PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from cli import postgres
from cli.accounts import server_account
from cli.backups import Backup, Saved, read_backup
from cli.composition import DATABASE_PREFIX, masked, service_database_url
from cli.data_folder import DataFolder
from cli.database_roles import withhold_log
from cli.faults import ServerFault, ServerUnreachable
from cli.folder_lock import locked
from cli.pg_programs import BackupFault, run_on
from cli.ports import free_ports
from cli.supervisor import Supervisor
from cli.support.places import Place
from cli.support.reading import open_logs
from cli.support.reports import Report
from cli.support.verifying import verify_log
from shared.epochs import halt
from shared.event_store import DATABASE_FAULTS
from shared.history.integrity import Anchor
from shared.lines import check_encrypted
from shared.messages.registry import EVENTS

POSTGRES_READY_S_MAX: Final = 120.0
UNFINISHED: Final = ".unfinished"


async def restore_folder(
    source: Path, target: Path, jetstreams: Path | None = None, keys: Path | None = None
) -> Backup:
    """
    Restore a backup as a data folder, which appears only when it is complete.

    Args:
        source: the backup.
        target: the data folder; does not exist yet, or is empty.
        jetstreams: a data folder whose jetstreams are taken over, such as that whose databases were
            lost: what it announced stays announced. Its keys come along.
        keys: the folder with the keys of personal data, copied when the backup was taken; by default those
            of the other data folder.

    Raises:
        BackupFault: the backup is damaged, there are no such keys, the target is not empty, or what was
            restored is not right.
        StackFault: PostgreSQL cannot be started there, or the other data folder is in use.
    """
    backup = await asyncio.to_thread(read_backup, source)
    target = _empty(target)
    half = target.with_name(f"{target.name}{UNFINISHED}")
    if half.exists():
        await asyncio.to_thread(shutil.rmtree, half)  # an earlier attempt that was interrupted
    account = server_account()
    with DataFolder(half, account) as folder:
        if jetstreams is not None:
            await asyncio.to_thread(_take_over, jetstreams, folder.nats)
        kept = keys or (jetstreams and jetstreams / "keys")
        if kept is not None:
            await asyncio.to_thread(_take_keys, kept, folder.keys, wanted=keys is not None)
        async with _running(folder) as database_url:
            await _restore_all(source, backup, database_url)
    if target.exists():
        target.rmdir()
    half.rename(target)
    return backup


async def restore_databases(source: Path, database_url: str) -> Backup:
    """
    Restore a backup into new databases of a server.

    Raises:
        BackupFault: the backup is damaged, a database is there already, or the result is not right.
        ServerUnreachable: the server does not answer.
    """
    backup = await asyncio.to_thread(read_backup, source)
    await _restore_all(source, backup, database_url)
    return backup


def _empty(target: Path) -> Path:
    target = target.expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupFault(
            f"{target} is not empty",
            "Restore into a new folder, and move that in its place then.",
        )
    return target


def _take_over(other: Path, nats: Path) -> None:
    other = other.expanduser().absolute()
    if not (other / "nats").is_dir():
        raise BackupFault(f"{other} has no jetstreams", "Name a data folder of ampledger.")
    with locked(other):  # nobody writes to them meanwhile
        shutil.copytree(other / "nats", nats, dirs_exist_ok=True)


def _take_keys(source: Path, keys: Path, *, wanted: bool) -> None:
    """Take along what personal data is sealed with: without it, nobody's name in the backup is read."""
    found = sorted(source.expanduser().absolute().glob("*.key"))
    if wanted and not found:
        raise BackupFault(
            f"{source} has no keys", "Name the copy of the folder keys of the lost data folder."
        )
    for it in found:
        shutil.copy2(it, keys / it.name)


@asynccontextmanager
async def _running(folder: DataFolder) -> AsyncIterator[str]:
    """Run the PostgreSQL of a data folder, and nothing else."""
    server = postgres.Postgres(
        data=folder.postgres,
        run=folder.run,
        port=free_ports(1)[0],
        password=folder.marker.postgres_password,
        account=folder.account,
    )
    supervisor = Supervisor([await postgres.prepare(server)], folder.logs)
    folder.cluster_was_made()
    supervisor.start()
    try:
        async with asyncio.timeout(POSTGRES_READY_S_MAX):
            await supervisor.wait_ready()
        yield server.url(DATABASE_PREFIX)
    except TimeoutError as fault:
        raise ServerFault(
            "PostgreSQL does not start", f"Its log is {supervisor.log_of('postgres')}"
        ) from fault
    finally:
        await supervisor.stop()


# --- Databases ---


async def _restore_all(source: Path, backup: Backup, database_url: str) -> None:
    urls = {
        it.service: service_database_url(database_url, it.service) for it in backup.databases
    }
    await _create(database_url, [urlsplit(it).path.strip("/") for it in urls.values()])
    for saved in backup.databases:
        url = urls[saved.service]
        # Roles belong to a server, not to a database: the next start gives the services theirs.
        options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
        await run_on(url, "pg_restore", *options, str(source / saved.file))
        await _withhold(url)
    await _verify(backup, Place(database_url, None))
    owners = {it.service for it in EVENTS.values()}
    why = f"restored from the backup of {backup.taken_at.isoformat(timespec='seconds')}"
    for service, url in urls.items():
        if service in owners:
            await _halt(url, why)


async def _withhold(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=10.0)
    try:
        await withhold_log(connection)
    finally:
        await connection.close()


async def _create(database_url: str, names: list[str]) -> None:
    """Make new databases; those that are there already are not touched."""
    url = urlsplit(database_url)._replace(path="/postgres").geturl()
    try:
        check_encrypted(url)
        connection = await asyncpg.connect(url, timeout=10.0)
    except (*DATABASE_FAULTS, ValueError) as fault:
        raise ServerUnreachable(
            f"PostgreSQL at {masked(url)} cannot be reached: {fault}",
            "Start it, or correct the URL.",
        ) from fault
    try:
        there = await connection.fetch(
            "select datname from pg_database where datname = any($1)", names
        )
        if there:
            raise BackupFault(
                f"the database {there[0]['datname']} exists already at {masked(url)}",
                "Restore beside it, under another name at the end of DATABASE_URL.",
            )
        for name in names:
            quoted = name.replace('"', '""')
            await connection.execute(f'create database "{quoted}" template template0')
    finally:
        await connection.close()


async def _verify(backup: Backup, place: Place) -> None:
    """Compute all hashes anew: each log must end with the very event that it ended with."""
    async with open_logs(place) as logs:
        for saved in backup.databases:
            report = await verify_log(logs, saved.service, _anchors(saved), None)
            _check(saved, report)


def _anchors(saved: Saved) -> list[Anchor]:
    return [Anchor(saved.position, bytes.fromhex(saved.hash))] if saved.position else []


def _check(saved: Saved, report: Report) -> None:
    faults = [str(it) for it in report.faults]
    if report.count and not report.head.endswith(f"@{saved.position}"):
        faults.append(f"it ends at {report.head}, not at {saved.position}")
    if faults:
        raise BackupFault(
            f"what was restored of {saved.service} is not right: {faults[0]}",
            "The backup was taken of a log that was damaged already. Try an earlier one.",
        )


async def _halt(url: str, why: str) -> None:
    connection = await asyncpg.connect(url, timeout=10.0)
    try:
        await halt(connection, "restore", why)
    finally:
        await connection.close()

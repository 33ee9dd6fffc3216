"""
Backups: one dump per service's database, all of one moment, and a list of what they hold.

    backup.json          written last: a folder without it is no backup
    <service>.dump       pg_dump's custom format

Each database is dumped as it was at one moment, and the moments are chosen such that nobody has taken an
event in of which the log that it is from does not know yet. JetStream is not in it: the logs are the truth,
and are announced again; readings are as telemetry had them in its tables at that moment.
"""

import asyncio
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson

from cli.composition import masked, service_database_url
from cli.faults import ServerUnreachable
from cli.files import write_atomically
from cli.pg_programs import BackupFault, run_on
from cli.services import services
from shared.clock import utc_now
from shared.event_store import DATABASE_FAULTS
from shared.lines import check_encrypted

FORMAT: Final = 1
MANIFEST: Final = "backup.json"
MOMENTS_MAX: Final = 50
CONNECT_S_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class Saved:
    """One database in a backup."""

    service: str
    file: str
    size_bytes: int
    sha256: str
    position: int
    """Where its log ends."""
    hash: str
    """The hash of the log's last event, in hexadecimal digits."""
    epoch: int


@dataclass(frozen=True, slots=True)
class Backup:
    """What `backup.json` says."""

    taken_at: datetime
    databases: tuple[Saved, ...]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class _Held:
    """A database as it was at one moment, for as long as its connection is open."""

    service: str
    url: str
    snapshot: str
    position: int
    hash: bytes
    epoch: int
    cursors: Mapping[str, int]
    """How far its followers have come, by the log's owner."""


async def take_backup(database_url: str, folder: Path) -> Backup:
    """
    Back up the databases of all services into an empty folder.

    Raises:
        BackupFault: the folder is not empty, a database is missing, or a dump fails.
        ServerUnreachable: PostgreSQL does not answer.
    """
    _make_empty(folder)
    async with AsyncExitStack() as stack:
        held = await _one_moment(database_url, stack)
        taken_at = utc_now()
        saved = [await _dump(it, folder) for it in held]
    backup = Backup(taken_at, tuple(saved))
    content = orjson.dumps(asdict(backup), option=orjson.OPT_INDENT_2)
    write_atomically(folder / MANIFEST, content)
    _sync(folder)
    return backup


def read_backup(folder: Path) -> Backup:
    """
    Read what a backup holds, and check its files.

    Raises:
        BackupFault: it is not one, is not complete, or was changed.
    """
    try:
        content = orjson.loads((folder / MANIFEST).read_bytes())
        databases = tuple(Saved(**it) for it in content["databases"])
        taken_at = datetime.fromisoformat(content["taken_at"])
        backup = Backup(taken_at, databases, int(content["format"]))
    except FileNotFoundError as fault:
        raise BackupFault(
            f"{folder} is not a complete backup: it has no {MANIFEST}",
            "Choose the folder that ampledger backup was given, of one that it finished.",
        ) from fault
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise BackupFault(f"{folder / MANIFEST} cannot be read: {fault!r}", _OTHER) from fault
    if backup.format != FORMAT:
        raise BackupFault(
            f"{folder} has format {backup.format}, this version reads {FORMAT}",
            "Restore it with the version of ampledger that wrote it.",
        )
    for it in backup.databases:
        file = folder / it.file
        if not file.is_file() or _digest(file) != it.sha256:
            raise BackupFault(f"{file} is missing, or is not what was written", _OTHER)
    return backup


_OTHER: Final = "Take another backup: this one is damaged."


# --- Taking ---


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        strangers = sorted(it.name for it in folder.iterdir())
    except OSError as fault:
        raise BackupFault(f"{folder} cannot be used: {fault}", "Choose another.") from fault
    if strangers:
        raise BackupFault(
            f"{folder} is not empty: it holds {strangers[0]}",
            "Every backup has a folder of its own; choose a new one.",
        )


async def _one_moment(database_url: str, stack: AsyncExitStack) -> Sequence[_Held]:
    """Hold all databases at moments that fit together."""
    # Whoever starts last follows most, and is looked at first.
    specs = [it for it in reversed(services()) if it.has_log or it.schema_folder is not None]
    urls = {it.name: service_database_url(database_url, it.name) for it in specs}
    connections = {}
    for service, url in urls.items():
        connections[service] = await _connected(service, url)
        stack.callback(connections[service].terminate)
    for _ in range(MOMENTS_MAX):
        held = [await _hold(it, urls[it], connections[it]) for it in urls]
        if _fit(held):
            return held
        for connection in connections.values():
            await connection.execute("rollback")
        await asyncio.sleep(0)
    raise BackupFault(
        f"{MOMENTS_MAX} times in a row a follower was ahead of the log that it follows",
        "A log has lost events that were announced; see: ampledger lag",
    )


def _fit(held: Iterable[_Held]) -> bool:
    """Whether nobody has come further in a log than the log itself."""
    heads = {it.service: it.position for it in held}
    return all(
        position <= heads.get(log, position)
        for it in held
        for log, position in it.cursors.items()
    )


async def _connected(service: str, url: str) -> Any:  # noqa: ANN401  # asyncpg carries no types
    try:
        check_encrypted(url)
        return await asyncpg.connect(url, timeout=CONNECT_S_MAX)
    except asyncpg.InvalidCatalogNameError as fault:
        raise BackupFault(
            f"{service} has no database ({masked(url)})",
            "Start ampledger up once: it makes the databases of all services.",
        ) from fault
    except (*DATABASE_FAULTS, ValueError) as fault:
        raise ServerUnreachable(
            f"The database of {service} cannot be reached ({masked(url)}): {fault}",
            "PostgreSQL must run: start ampledger up, or set DATABASE_URL.",
        ) from fault


async def _hold(service: str, url: str, connection: Any) -> _Held:  # noqa: ANN401
    await connection.execute("begin isolation level repeatable read, read only")
    head = await connection.fetchrow("select position, hash, epoch from log_head")
    cursors = await connection.fetch("select service, max(position) m from cursor group by 1")
    return _Held(
        service,
        url,
        await connection.fetchval("select pg_export_snapshot()"),
        head["position"],
        bytes(head["hash"]),
        head["epoch"],
        {row["service"]: row["m"] for row in cursors},
    )


async def _dump(held: _Held, folder: Path) -> Saved:
    file = folder / f"{held.service}.dump"
    file.touch(mode=0o600)
    options = ("--format=custom", f"--snapshot={held.snapshot}", "--no-owner")
    await run_on(held.url, "pg_dump", *options, f"--file={file}")
    _sync(file)
    return Saved(
        held.service,
        file.name,
        file.stat().st_size,
        await asyncio.to_thread(_digest, file),
        held.position,
        held.hash.hex(),
        held.epoch,
    )


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

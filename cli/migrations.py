"""Databases are made and brought to the newest schema with dbmate, one per service."""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import structlog

import shared
from cli.composition import ServiceSpec, masked, migration_url, service_database_url
from cli.database_roles import grant_own
from cli.faults import MigrationFault
from cli.programs import dbmate

LOG_SCHEMA: Final = Path(shared.__file__).parent / "schema" / "log"
MIGRATION_S_MAX: Final = 600.0
ATTEMPTS_MAX: Final = 20
AGAIN_S: Final = 1.0
LOCK_REFUSED: Final = "canceling statement due to lock timeout"
"""What PostgreSQL says to who has waited for a lock for longer than `LOCK_S_MAX` (its code is 55P03)."""

log = structlog.get_logger()


def with_schema(spec: ServiceSpec) -> ServiceSpec:
    """Complete a service with its own migrations: the folder `schema` of its module, if any."""
    if spec.schema_folder is not None:
        return spec
    try:
        module = find_spec(spec.module)
    except ModuleNotFoundError:
        return spec  # its start will say so, with the name
    for place in (module.submodule_search_locations if module else None) or ():
        folder = Path(place) / "schema"
        if folder.is_dir():
            return replace(spec, schema_folder=folder)
    return spec


def folders_of(spec: ServiceSpec) -> list[Path]:
    """Folders whose migrations a service's database gets; together they are ordered by name."""
    own = spec.schema_folder
    return [*([LOG_SCHEMA] if spec.has_log else []), *([own] if own is not None else [])]


async def migrate_all(
    services: Iterable[ServiceSpec], database_url: str, passwords: Mapping[str, str]
) -> None:
    """
    Bring the databases of services to the newest schema, and give each service what is its own.

    Args:
        services: several copies of one count once.
        database_url: whose name begins the databases' names.
        passwords: of the services' roles; one that has none gets no role.

    Raises:
        MigrationFault: a migration fails, or a role cannot be made.
    """
    for spec in {it.name: it for it in services}.values():
        if folders := folders_of(spec):
            url = service_database_url(database_url, spec.name)
            await migrate(spec.name, url, folders)
            if spec.name in passwords:
                await grant_own(url, passwords[spec.name])


async def migrate(service: str, database_url: str, folders: Sequence[Path]) -> None:
    """
    Create a service's database if need be, and apply what has not been applied yet.

    Several instances may do so at once: dbmate holds a lock meanwhile. Services may run: a migration that
    does not get its lock within `LOCK_S_MAX` gives way, so that writers do not queue behind it, and is
    tried again.

    Raises:
        MigrationFault: a migration fails, or takes too long.
    """
    attempt = 1
    while not await _migrated(service, database_url, folders, last=attempt == ATTEMPTS_MAX):
        log.info("migration gives way, and is tried again", service=service, attempt=attempt)
        attempt += 1
        await asyncio.sleep(AGAIN_S)


async def _migrated(
    service: str, database_url: str, folders: Sequence[Path], *, last: bool
) -> bool:
    """Try once; false if a lock was not to be had, unless it was the last try."""
    try:
        await _migrate_once(service, database_url, folders)
    except MigrationFault as fault:
        if last or LOCK_REFUSED not in fault.message:
            raise
        return False
    return True


async def _migrate_once(service: str, database_url: str, folders: Sequence[Path]) -> None:
    where = (part for folder in folders for part in ("--migrations-dir", str(folder)))
    process = await asyncio.create_subprocess_exec(
        str(dbmate()),
        *("--env-file", os.devnull, "--no-dump-schema", "--migration-lock", *where, "up"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        # In the environment, because everybody may read a command line.
        env={"PATH": os.defpath, "DATABASE_URL": migration_url(database_url)},
    )
    try:
        async with asyncio.timeout(MIGRATION_S_MAX):
            raw, _ = await process.communicate()
    except BaseException as fault:
        process.kill()
        if isinstance(fault, TimeoutError):
            raise _fault(service, database_url, f"no end after {MIGRATION_S_MAX} s") from fault
        raise
    output = raw.decode("utf-8", "replace").strip()
    if process.returncode != 0:
        raise _fault(service, database_url, output or f"exit code {process.returncode}")
    applied = [line for line in output.splitlines() if line.startswith("Applied:")]
    log.info("database migrated", service=service, applied=len(applied))


def _fault(service: str, database_url: str, why: str) -> MigrationFault:
    return MigrationFault(
        f"The database of {service} cannot be brought to the newest schema "
        f"({masked(database_url)}): {why}",
        "The migration that failed was not applied, nor any after it. Remove the cause and "
        "start again.",
    )

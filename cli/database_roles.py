"""
Each service has a role of its own in PostgreSQL, named as its database, which reaches that one only.

The role appends through `append_durably` and, in it, `append_commands`, which runs with the rights of its
owner; it reads everything of its own, and writes its read models. It can neither change nor remove an
event, nor make a table; the databases and what is in them belong to whoever migrates them. The same grants
are made at every start, so that a new table is covered as soon as there is one.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog

from cli.composition import masked, role_of
from cli.faults import FolderDamaged, MigrationFault
from cli.files import write_atomically

CALLED: Final = ("append_commands", "append_durably", "make_durable")
CALLED_OF_READINGS: Final = ("make_reading_room", "drop_old_readings")
"""What a service calls to have partitions made and dropped, where its database keeps readings."""
KEPT: Final = frozenset(
    {
        "event_log",
        "log_command",
        "log_epoch",
        "log_head",
        "log_stream",
        "reservation",
        "schema_migrations",
        "skipped",
        "document_before",
        "document_rebuild",
        "reading_floor",
    }
)
"""Tables that a service only reads: they are written by `append_commands`, by migrations, and by the
operator's commands."""
HALT: Final = ("halted_why", "halted_by", "halted_at")
"""What a relay writes of the head of its log: that the log and its jetstream contradict each other."""

PASSWORD_BYTES: Final = 24
CONNECT_S_MAX: Final = 10.0
ITERATIONS: Final = 4096
"""Of SCRAM-SHA-256, as PostgreSQL has it by default; the passwords are random."""
_LOCK: Final = 7203316212

_TABLES: Final = (
    "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition"
)
_LOG_PARTS: Final = (
    "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = 'public' and c.relkind in ('r', 'p')"
    " and (c.relname = 'event_log'"
    " or c.oid in (select inhrelid from pg_inherits where inhparent = to_regclass('event_log')))"
)

log = structlog.get_logger()


# --- Passwords ---


def passwords_in(folder: Path, services: Iterable[str]) -> dict[str, str]:
    """
    Read the passwords of services in a folder, one file each, and make those that are missing.

    Raises:
        FolderDamaged: a file is there, and is empty.
        OSError: a file cannot be read or written.
    """
    folder.mkdir(exist_ok=True, mode=0o700, parents=True)
    return {it: _password_in(folder / f"{it}.password") for it in services}


def new_passwords(folder: Path, services: Iterable[str]) -> None:
    """
    Make new passwords for some services; what they had is good until the roles are granted them.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(exist_ok=True, mode=0o700, parents=True)
    for it in services:
        _make_password(folder / f"{it}.password")


def _make_password(file: Path) -> None:
    write_atomically(file, f"{secrets.token_urlsafe(PASSWORD_BYTES)}\n".encode())


def _password_in(file: Path) -> str:
    if not file.exists():
        _make_password(file)
    password = file.read_text().strip()
    if not password:
        raise FolderDamaged(
            f"{file}, with which a service signs in to PostgreSQL, is empty",
            f"Restore it from a backup, or remove it: rm {file}; the service then gets a new "
            "password at the next start.",
        )
    return password


def verifier(password: str, salt: bytes) -> str:
    """
    Compute what PostgreSQL keeps of a password (RFC 5803), so that it is in no statement and in no log.

    >>> verifier("pencil", bytes(16))[:33]
    'SCRAM-SHA-256$4096:AAAAAAAAAAAAAA'
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = (base64.b64encode(it).decode() for it in (salt, stored_key, server_key))
    return "SCRAM-SHA-256${}:{}${}:{}".format(ITERATIONS, *parts)


# --- Grants ---


async def grant_own(database_url: str, password: str) -> None:
    """
    Make the role of a service, and give it what is its own in a migrated database.

    It may be called again, and by several at once.

    Args:
        database_url: the service's database, as its owner reaches it.
        password: what the role signs in with from now on.

    Raises:
        MigrationFault: the owner may not, or a superuser has the role's name.
    """
    role = role_of(database_url)
    try:
        connection = await asyncpg.connect(database_url, timeout=CONNECT_S_MAX)
        try:
            async with connection.transaction():
                await _make(connection, role, password)
                tables = [it["relname"] for it in await connection.fetch(_TABLES)]
                for statement in grants_of(role, tables):
                    await connection.execute(statement)
                await withhold_log(connection)
        finally:
            await connection.close(timeout=CONNECT_S_MAX)
    except (asyncpg.PostgresError, OSError, TimeoutError) as fault:
        raise MigrationFault(
            f"The role {role} cannot be given what is its own ({masked(database_url)}): {fault}",
            "Whoever migrates owns the database and has CREATEROLE, or is a superuser. Without "
            "DATABASE_PASSWORDS the services sign in as DATABASE_URL says.",
        ) from fault
    log.info("database granted", role=role, tables=len(tables))


async def _make(connection: Any, role: str, password: str) -> None:  # noqa: ANN401  # asyncpg is untyped
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    found = await connection.fetchrow("select rolsuper from pg_roles where rolname = $1", role)
    if found is None:
        await connection.execute(f"create role {_name(role)} login")
    elif found["rolsuper"]:
        raise asyncpg.InsufficientPrivilegeError(
            f"{role} is a superuser, and no service's role"
        )
    kept = verifier(password, os.urandom(16))
    await connection.execute(f"alter role {_name(role)} login password '{kept}'")


def grants_of(role: str, tables: Sequence[str]) -> list[str]:
    """
    Spell what a role may do in its own database, named as itself, and that nobody else may do anything.

    Args:
        role: of the service.
        tables: all there are, without the parts of others.

    >>> grants_of("ampledger_portal", ["event_log", "cursor"])[-2]
    'grant insert, update, delete on "cursor" to "ampledger_portal"'
    """
    name, own = _name(role), sorted(set(tables) - KEPT)
    statements = [
        f"revoke all on database {name} from public",
        f"grant connect on database {name} to {name}",
        "revoke all on schema public from public",
        f"grant usage on schema public to {name}",
        "revoke all on all routines in schema public from public",
        f"revoke all on all tables in schema public from {name}",
        f"grant select on all tables in schema public to {name}",
    ]
    if "log_head" in tables:
        statements += [
            f"grant execute on routine {', '.join(CALLED)} to {name}",
            f"grant update ({', '.join(HALT)}) on log_head to {name}",
        ]
    if "reading" in tables:
        statements.append(f"grant execute on routine {', '.join(CALLED_OF_READINGS)} to {name}")
    if own:
        written = ", ".join(_name(it) for it in own)
        statements.append(f"grant insert, update, delete on {written} to {name}")
    return [*statements, f"grant usage on all sequences in schema public to {name}"]


async def withhold_log(connection: Any) -> None:  # noqa: ANN401  # asyncpg carries no types
    """Take from the owner, too, the right to change events; a restored database has given it back."""
    for row in await connection.fetch(_LOG_PARTS):
        name = _name(row["relname"])
        await connection.execute(
            f"revoke update, delete, truncate on {name} from public, current_user"
        )


def _name(text: str) -> str:
    """Write a name as SQL has it, with quotes."""
    return '"' + text.replace('"', '""') + '"'

"""The marks of passwords, in a table of telemetry's own: they are in no event."""

import secrets
from collections.abc import Collection
from typing import Any

import asyncpg

from services.telemetry.secret_marks import (
    PASSWORD_BYTES,
    SALT_BYTES,
    Mark,
    mark_of,
    matches,
    spelled,
)


class Keyring:
    """All marks, by the ids of their passwords."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def make(self, credential_id: str, holder: str) -> str:
        """
        Make a password, and keep its mark.

        Returns:
            The password. It is good once its id is issued, in the log.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: the mark could not be kept.
        """
        password = spelled(secrets.token_bytes(PASSWORD_BYTES))
        mark = mark_of(password.encode(), secrets.token_bytes(SALT_BYTES))
        await self._pool.execute(
            "insert into credential_mark values ($1, $2, $3, $4)",
            credential_id,
            holder,
            mark.salt,
            mark.digest,
        )
        return password

    async def which(self, holder: str, good: Collection[str], password: bytes) -> str | None:
        """Name which of the good passwords of a holder one is; none: it is none of them."""
        rows = await self._pool.fetch(
            "select credential_id, salt, digest from credential_mark"
            " where holder = $1 and credential_id = any($2)",
            holder,
            list(good),
        )
        found = [it for it in rows if matches(password, Mark(it["salt"], it["digest"]))]
        return found[0]["credential_id"] if found else None

    async def forget(self, credential_ids: Collection[str]) -> None:
        """Drop the marks of passwords that are good for nothing."""
        await self._pool.execute(
            "delete from credential_mark where credential_id = any($1)", list(credential_ids)
        )

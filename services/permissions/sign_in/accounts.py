"""What is kept of a person's own sign-in: the password's hash, and what else there is to sign in with."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from shared.clock import utc_now
from shared.followers import Connection


@dataclass(frozen=True, slots=True)
class Ways:
    """How a person can sign in by themselves."""

    password: bool
    passkeys: int
    companies: tuple[str, ...]

    @property
    def count(self) -> int:
        return int(self.password) + self.passkeys + len(self.companies)


class Accounts:
    """One row for everybody who has ever signed in."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def password_hash(self, person_id: str) -> str | None:
        found: str | None = await self._pool.fetchval(
            "select password_hash from account where person_id = $1", person_id
        )
        return found

    async def keep_hash(
        self, person_id: str, password_hash: str, connection: Connection = None
    ) -> None:
        """Keep the hash of a password."""
        await (connection or self._pool).execute(
            "insert into account (person_id, registered_at, password_hash, password_set_at) "
            "values ($1, $3, $2, $3) on conflict (person_id) do update "
            "set password_hash = excluded.password_hash, password_set_at = excluded.password_set_at",
            person_id,
            password_hash,
            utc_now(),
        )

    async def ways(self, person_id: str) -> Ways:
        row = await self._pool.fetchrow(
            "select (select password_hash is not null from account where person_id = $1) as password, "
            "(select count(*) from passkey where person_id = $1) as passkeys, "
            "(select array_agg(issuer order by issuer) from company_identity where person_id = $1) "
            "as companies",
            person_id,
        )
        return Ways(bool(row["password"]), row["passkeys"], tuple(row["companies"] or ()))

    async def forget(self, person_id: str) -> None:
        """Delete everything that somebody could sign in with, and all sessions and tokens."""
        async with self._pool.acquire() as connection, connection.transaction():
            for table in (
                "browser_session",
                "api_token",
                "known_device",
                "passkey",
                "passkey_challenge",
                "company_identity",
                "account",
            ):
                await connection.execute(
                    f"delete from {table} where person_id = $1",  # noqa: S608  # names of ours
                    person_id,
                )

"""API tokens of people, and what programs get for their secret; neither is kept as it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from services.permissions.sign_in.minting import hash_of, new_secret
from services.permissions.sign_in.sessions import WRITTEN_EVERY
from shared.clock import utc_now
from shared.followers import Connection
from shared.messages.signing_in import TOKEN_PREFIX, Scope

PROGRAM_PREFIX: Final = f"{TOKEN_PREFIX}at_"
ACCESS_S: Final = 600
"""How long a program's access token lasts, in seconds."""
PER_PERSON_MAX: Final = 50
KEPT_AFTER: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is valid, and whose it is."""

    token_id: str
    owner: str
    label: str
    scopes: frozenset[Scope]
    expires_at: datetime
    last_at: datetime | None = None


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    return frozenset(Scope(it) for it in names)


class Tokens:
    """The tokens of everybody."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def issue(self, connection: Connection, person_id: str, token: Token) -> str:
        """Keep a new token; return its secret."""
        secret = new_secret(TOKEN_PREFIX)
        while secret.startswith(PROGRAM_PREFIX):  # one in 262144 would look like a program's
            secret = new_secret(TOKEN_PREFIX)
        await connection.execute(
            "insert into api_token values ($1, $2, $3, $4, $5, $6, $7, null)",
            hash_of(secret),
            token.token_id,
            person_id,
            token.label,
            sorted(token.scopes),
            utc_now(),
            token.expires_at,
        )
        return secret

    async def find(self, secret: str) -> Token | None:
        """Find whose a token is, unless it has ended; and note that it is used."""
        now = utc_now()
        row = await self._pool.fetchrow(
            "select token_id, person_id, label, scopes, expires_at, last_at from api_token "
            "where secret_hash = $1 and expires_at > $2",
            hash_of(secret),
            now,
        )
        if row is None:
            return None
        token = _token(row)
        if token.last_at is None or now - token.last_at >= WRITTEN_EVERY:
            await self._pool.execute(
                "update api_token set last_at = $2 where token_id = $1", token.token_id, now
            )
        return token

    async def of(self, person_id: str) -> Sequence[Token]:
        """List a person's tokens that have not ended."""
        rows = await self._pool.fetch(
            "select token_id, person_id, label, scopes, expires_at, last_at from api_token "
            "where person_id = $1 and expires_at > $2 order by issued_at",
            person_id,
            utc_now(),
        )
        return [_token(row) for row in rows]

    async def revoke(self, connection: Connection, person_id: str, token_id: str) -> bool:
        """End a token of a person; tell whether there was one."""
        ended = await connection.fetchval(
            "delete from api_token where person_id = $1 and token_id = $2 returning 1",
            person_id,
            token_id,
        )
        return ended is not None

    async def revoke_all(self, connection: Connection, person_id: str) -> Sequence[str]:
        """End all tokens of a person; name them."""
        rows = await connection.fetch(
            "delete from api_token where person_id = $1 returning token_id", person_id
        )
        return [row["token_id"] for row in rows]

    # --- Programs ---

    async def give_access(self, client_id: str, scopes: frozenset[Scope]) -> str:
        """Make an access token of a program, for a few minutes."""
        secret = new_secret(PROGRAM_PREFIX)
        await self._pool.execute(
            "insert into program_access values ($1, $2, $3, $4)",
            hash_of(secret),
            client_id,
            sorted(scopes),
            utc_now() + timedelta(seconds=ACCESS_S),
        )
        return secret

    async def access(self, secret: str) -> Token | None:
        """Find which program an access token belongs to."""
        row = await self._pool.fetchrow(
            "select client_id, program.name, program_access.scopes, expires_at from program_access "
            "join program using (client_id) where program_access.secret_hash = $1 and expires_at > $2",
            hash_of(secret),
            utc_now(),
        )
        if row is None:
            return None
        return Token(
            "", row["client_id"], row["name"], scopes_of(row["scopes"]), row["expires_at"]
        )

    async def forget_old(self) -> None:
        """Keep the tables small."""
        now = utc_now()
        await self._pool.execute(
            "delete from api_token where expires_at < $1", now - KEPT_AFTER
        )
        await self._pool.execute("delete from program_access where expires_at < $1", now)


def _token(row: Any) -> Token:  # noqa: ANN401  # asyncpg carries no types
    return Token(
        row["token_id"],
        row["person_id"],
        row["label"],
        scopes_of(row["scopes"]),
        row["expires_at"],
        row["last_at"],
    )

"""Links that let somebody in once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import asyncpg

from services.permissions.sign_in.minting import hash_of, new_secret
from services.permissions.sign_in.refusals import LinkSpent
from shared.clock import utc_now
from shared.speech import marked

SPENT: Final = marked(
    "This link was used already, or has ended. Ask whoever invited you for a new one, "
    "or sign in."
)
KEPT_AFTER: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Link:
    """What a link was made for."""

    person_id: str
    purpose: str


class Links:
    """Makes links, and uses them up."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def make(self, person_id: str, purpose: str, lasts: timedelta) -> str:
        """Make a link's secret."""
        secret = new_secret()
        await self._pool.execute(
            "insert into one_time_link values ($1, $2, $3, $4, null)",
            hash_of(secret),
            person_id,
            purpose,
            utc_now() + lasts,
        )
        return secret

    async def use(self, secret: str) -> Link:
        """
        Use a link up: of several who try at once, one gets through.

        Raises:
            LinkSpent: it was used, has ended, or never was.
        """
        row = await self._pool.fetchrow(
            "update one_time_link set used_at = $2 where secret_hash = $1 and used_at is null "
            "and expires_at > $2 returning person_id, purpose",
            hash_of(secret),
            utc_now(),
        )
        if row is None:
            raise LinkSpent(SPENT)
        return Link(row["person_id"], row["purpose"])

    async def forget_old(self) -> None:
        """Keep the table small."""
        await self._pool.execute(
            "delete from one_time_link where expires_at < $1", utc_now() - KEPT_AFTER
        )

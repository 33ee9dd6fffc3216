"""The keys of people's data: made at the invitation, destroyed when a person is forgotten."""

import contextlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import asyncpg
import structlog

from services.permissions.sealing import (
    KEY_BYTES,
    NONCE_BYTES,
    Unsealable,
    seal,
    unseal,
    unwrap,
    wrap,
)
from shared.clock import utc_now
from shared.ids import PersonId

Keys = Mapping[PersonId, bytes]
PERSON, NAME, CARD, WORDS = "person", "name", "card", "words"
"""What is sealed: what is known at an invitation, a name, a card, the words of a request."""

log = structlog.get_logger()

_NO_KEY: Final = "person {} has no key; what was sealed with it cannot be read"


class Vault:
    """
    Seals and unseals; keeps no key longer than it is used.

    Args:
        pool: of the database that has the keys of people.
        masters: the keys with which those are wrapped, the newest first. The others are there while the
            newest takes their place.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", masters: Sequence[bytes]) -> None:
        self._pool = pool
        self._masters = masters

    async def open(self) -> None:
        """
        Wrap what an older master key has wrapped with the newest one; then the older ones can go.

        Raises:
            Unsealable: a key was wrapped with none of them.
        """
        rows = await self._pool.fetch(
            "select person_id, wrapped from person_key limit $1",
            1 if len(self._masters) == 1 else None,  # that it fits one is enough to know
        )
        again = []
        for person_id, wrapped in rows:
            master, key = self._unwrap(person_id, wrapped)
            if master != self._masters[0]:
                again.append((person_id, wrapped, self._wrap(person_id, key)))
        await self._pool.executemany(
            "update person_key set wrapped = $3 where person_id = $1 and wrapped = $2", again
        )
        if len(self._masters) > 1:
            log.warning(
                "the newest master key is enough now; remove the others from its file",
                wrapped_anew=len(again),
            )

    def _wrap(self, person_id: PersonId, key: bytes) -> bytes:
        return wrap(self._masters[0], secrets.token_bytes(NONCE_BYTES), person_id, key)

    def _unwrap(self, person_id: PersonId, wrapped: bytes) -> tuple[bytes, bytes]:
        """Read a person's key, and say with which master key."""
        for master in self._masters[:-1]:
            with contextlib.suppress(Unsealable):
                return master, unwrap(master, person_id, wrapped)
        return self._masters[-1], unwrap(self._masters[-1], person_id, wrapped)

    async def make_key(self, person_id: PersonId) -> None:
        """Make a person's key; one that is there stays."""
        await self._pool.execute(
            "insert into person_key values ($1, $2, $3) on conflict do nothing",
            person_id,
            self._wrap(person_id, secrets.token_bytes(KEY_BYTES)),
            utc_now(),
        )

    async def keys(self, people: Collection[PersonId]) -> Keys:
        """
        Read the keys of some people; those without are left out.

        Raises:
            Unsealable: they were wrapped with another master key.
        """
        rows = await self._pool.fetch(
            "select person_id, wrapped from person_key where person_id = any($1)", list(people)
        )
        return {it["person_id"]: self._unwrap(it["person_id"], it["wrapped"])[1] for it in rows}

    async def seal(self, person_id: PersonId, field: str, content: Mapping[str, str]) -> str:
        """
        Encrypt something of a person's.

        Raises:
            Unsealable: the person has no key, or no longer.
        """
        key = (await self.keys([person_id])).get(person_id)
        if key is None:
            raise Unsealable(_NO_KEY.format(person_id))
        nonce = secrets.token_bytes(NONCE_BYTES)
        return seal(key, nonce, person_id, field, content)

    async def unseal(self, person_id: PersonId, field: str, sealed: str) -> dict[str, str]:
        """
        Read something of a person's.

        Raises:
            Unsealable: the key is gone, or it does not belong there.
        """
        key = (await self.keys([person_id])).get(person_id)
        if key is None:
            raise Unsealable(_NO_KEY.format(person_id))
        return unseal(key, person_id, field, sealed)

    async def destroy(self, people: Collection[PersonId]) -> None:
        """Destroy keys, for ever."""
        await self._pool.execute(
            "delete from person_key where person_id = any($1)", list(people)
        )

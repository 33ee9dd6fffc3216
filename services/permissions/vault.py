"""The keys of people's data: made at the invitation, destroyed when a person is forgotten."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any, Final

import asyncpg

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

_NO_KEY: Final = "person {} has no key; what was sealed with it cannot be read"


class Vault:
    """Seals and unseals; keeps no key longer than it is used."""

    def __init__(self, pool: "asyncpg.Pool[Any]", master: bytes) -> None:
        self._pool = pool
        self._master = master

    async def check(self) -> None:
        """
        Make sure that the master key is the one that belongs to this database.

        Raises:
            Unsealable: it is another one.
        """
        rows = await self._pool.fetch("select person_id, wrapped from person_key limit 1")
        for it in rows:
            unwrap(self._master, it["person_id"], it["wrapped"])

    async def make_key(self, person_id: PersonId) -> None:
        """Make a person's key; one that is there stays."""
        key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
        await self._pool.execute(
            "insert into person_key values ($1, $2, $3) on conflict do nothing",
            person_id,
            wrap(self._master, nonce, person_id, key),
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
        return {
            it["person_id"]: unwrap(self._master, it["person_id"], it["wrapped"]) for it in rows
        }

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

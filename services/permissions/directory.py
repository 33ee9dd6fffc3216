"""Who people are: names and addresses, unsealed for those who may know them."""

from collections.abc import Collection
from dataclasses import dataclass

from services.permissions.desk import Desk
from services.permissions.register import Person as Known
from services.permissions.sealing import address_mark, unseal
from services.permissions.sign_in.people import Person
from services.permissions.vault import NAME, PERSON, Keys, Vault
from shared.ids import PersonId


@dataclass(slots=True)
class Directory:
    """Looks people up: what signing in, queries and e-mails know of them."""

    desk: Desk
    vault: Vault
    mark_key: bytes

    async def by_email(self, email: str) -> PersonId | None:
        """Name the person with an address."""
        return await self.desk.holder_of(address_mark(email, self.mark_key))

    async def by_id(self, person_id: PersonId) -> Person | None:
        """Tell who somebody is; none if unknown or forgotten."""
        return (await self.by_ids([person_id])).get(person_id)

    async def by_ids(self, people: Collection[PersonId]) -> dict[PersonId, Person]:
        """Tell who some people are; those who are unknown or forgotten are left out."""
        known = {it: found for it in people if (found := self.desk.register.person(it))}
        keys = await self.vault.keys(known)
        return {it: _person(it, found, keys) for it, found in known.items() if it in keys}

    async def seal(self, person_id: PersonId, field: str, content: dict[str, str]) -> str:
        """
        Encrypt something with the key of a person.

        Raises:
            Unsealable: the person has no key any more.
        """
        return await self.vault.seal(person_id, field, content)


def _person(person_id: PersonId, known: Known, keys: Keys) -> Person:
    key = keys[person_id]
    invited = unseal(key, person_id, PERSON, known.sealed)
    name = invited.get("name")
    if known.renamed is not None:
        name = unseal(key, person_id, NAME, known.renamed)["name"]
    return Person(person_id, invited["email"], name, invited.get("language"))

"""Which cards there are: told to chargers' own lists, to people of themselves, and to who keeps them."""

from dataclasses import dataclass

from services.permissions.directory import Directory
from services.permissions.queries import OF_PEOPLE
from services.permissions.register import PERSON, Register
from services.permissions.rights import keeps_cards, registers_cards
from services.permissions.sealing import unseal
from services.permissions.vault import CARD, Vault
from shared.clock import utc_now
from shared.ids import PersonId
from shared.messages.people import (
    CardLine,
    CardsAt,
    CardsAtAnswer,
    CardsOf,
    CardsOfAnswer,
    CardsOfPerson,
    CardsOfPersonAnswer,
    HeldCards,
    ListedCard,
)
from shared.rights.grants import Place
from shared.rights.table import Action


@dataclass(slots=True)
class CardQueries:
    """Answers, out of the register and what can be unsealed."""

    register: Register
    directory: Directory
    vault: Vault

    async def cards_of(self, query: CardsOf, _: str) -> CardsOfAnswer:
        """Name the cards that may charge at a charger: of those whose role there lets them."""
        position = self.register.position
        place, now = Place(query.installation_id, query.charger_id), utc_now()
        grants = self.register.grants
        candidates = self.register.people_at(Place(query.installation_id))
        may = [
            it
            for it in sorted(candidates)
            if grants.may(f"{PERSON}/{it}", Action.CHARGE, place, now).allowed
        ]
        cards = [
            ListedCard(number=card.number)
            for it in may
            for card in await self._cards(it)
            if not card.blocked
        ]
        return CardsOfAnswer(cards=tuple(cards), position=position)

    async def cards_of_person(self, query: CardsOfPerson, actor: str) -> CardsOfPersonAnswer:
        """Tell people, and nobody else of them, which cards they have."""
        if actor.startswith(OF_PEOPLE) and actor != f"{PERSON}/{query.person_id}":
            return CardsOfPersonAnswer()
        return CardsOfPersonAnswer(cards=await self._cards(query.person_id))

    async def cards_at(self, query: CardsAt, actor: str) -> CardsAtAnswer:
        """Tell owners of a place who charges there, and which cards they have, if the asker keeps them."""
        place, now = Place(query.installation_id, query.charger_id), utc_now()
        of_operator = not actor.startswith(OF_PEOPLE)
        if not of_operator and not registers_cards(actor, place, self.register, now):
            return CardsAtAnswer()
        known = await self.directory.by_ids(sorted(self.register.people_at(place)))
        kept = {it: of_operator or keeps_cards(actor, it, self.register, now) for it in known}
        people = [
            HeldCards(
                person_id=it,
                name=person.called,
                kept=kept[it],
                cards=await self._cards(it) if kept[it] else (),
            )
            for it, person in known.items()
        ]
        return CardsAtAnswer(people=tuple(people))

    async def _cards(self, person_id: PersonId) -> tuple[CardLine, ...]:
        person = self.register.person(person_id)
        key = (await self.vault.keys([person_id])).get(person_id)
        if person is None or key is None:
            return ()
        read = {
            it: unseal(key, person_id, CARD, card.sealed) for it, card in person.cards.items()
        }
        return tuple(
            CardLine(
                card_id=it,
                number=read[it]["number"],
                label=read[it].get("label", ""),
                blocked=card.blocked,
            )
            for it, card in person.cards.items()
        )

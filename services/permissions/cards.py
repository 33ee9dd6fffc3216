"""Decisions about charge cards; a card is known by the mark of its number."""

from typing import Final, assert_never

from services.permissions.checks import known_person
from services.permissions.circumstances import Circumstances
from services.permissions.language import CardWish, PeopleEvent
from services.permissions.refusals import CardExists, CardTaken, TooManyCards, UnknownCard
from services.permissions.register import Card, Register
from shared.ids import CardId, PersonId
from shared.messages.permissions import (
    BlockCard,
    CardBlocked,
    CardRegistered,
    CardRemoved,
    CardUnblocked,
    RegisterCard,
    RemoveCard,
    UnblockCard,
)

CARDS_MAX: Final = 50
"""Of one person: more would fill the local lists of chargers."""


def decide(
    command: CardWish, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    """Turn a wish into events; none when it is already so."""
    person = known_person(register, command.person_id)
    if isinstance(command, RegisterCard):
        return _register(command, register, around)
    card = person.cards.get(command.card_id)
    if card is None:
        raise UnknownCard(
            f"person {command.person_id} has no card {command.card_id}; look at their cards first"
        )
    about = {"person_id": command.person_id, "card_id": command.card_id, "mark": card.mark}
    match command:
        case BlockCard():
            return () if card.blocked else (CardBlocked(**about),)
        case UnblockCard():
            return (CardUnblocked(**about),) if card.blocked else ()
        case RemoveCard():
            return (removed(command.person_id, command.card_id, card),)
        case _:
            assert_never(command)


def removed(person_id: PersonId, card_id: CardId, card: Card) -> CardRemoved:
    """A card stands for nobody any more."""
    return CardRemoved(person_id=person_id, card_id=card_id, mark=card.mark)


def _register(
    command: RegisterCard, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    cards = register.people[command.person_id].cards
    same = cards.get(command.card_id)
    if same is not None:
        if same.mark == around.mark:
            return ()
        raise CardExists(f"card {command.card_id} is another one; choose another id")
    holder = register.marks.get(around.mark)
    if holder is not None:
        if holder[0] == command.person_id:
            return ()
        raise CardTaken(
            "this card stands for somebody else; have it removed there, or ask the platform's operator"
        )
    if len(cards) >= CARDS_MAX:
        raise TooManyCards(
            f"{CARDS_MAX} cards are registered already; remove one of them first"
        )
    return (
        CardRegistered(
            person_id=command.person_id,
            card_id=command.card_id,
            mark=around.mark,
            sealed=around.sealed,
        ),
    )

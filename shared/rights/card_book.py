"""The projection of charge cards that a service keeps: documents folded from the events of permissions."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from shared.documents import Documents, numbered
from shared.followers import Connection
from shared.ids import PersonId
from shared.messages.permissions import (
    CardBlocked,
    CardRegistered,
    CardRemoved,
    CardUnblocked,
    PersonForgotten,
)
from shared.recorded import Recorded
from shared.rights.cards import Card

_OF_CARDS: Final = (CardRegistered, CardBlocked, CardUnblocked, CardRemoved)
HEARD: Final = frozenset(it.__name__ for it in (*_OF_CARDS, PersonForgotten))


class CardBook:
    """All cards, by mark, as far as this service has heard."""

    def __init__(self, number: int = 1) -> None:
        """Make it; `number` is that of a process among several that fold each for itself."""
        self._cards = Documents(numbered("card", number), Card)
        self._of: dict[PersonId, set[str]] = defaultdict(set)

    async def open(self, pool: Any) -> None:  # noqa: ANN401  # asyncpg carries no types
        """Read what is there."""
        await self._cards.open(pool)
        self._of.clear()
        for mark, card in self._cards.held.items():
            self._of[card.person_id].add(mark)

    def get(self, mark: str) -> Card | None:
        return self._cards.get(mark)

    def of(self, people: Iterable[PersonId]) -> list[str]:
        """Name the marks of the cards of some people, in a lasting order."""
        return sorted(mark for it in people for mark in self._of.get(it, ()))

    async def apply(self, connection: Connection, recorded: Recorded) -> None:
        """Take in one event of permissions."""
        if recorded.type not in HEARD:
            return
        event = recorded.event
        match event:
            case CardRegistered():
                card = Card(card_id=event.card_id, person_id=event.person_id)
                await self._put(connection, event.mark, card)
            case CardBlocked() | CardUnblocked():
                known = self._cards.get(event.mark)
                if known is not None:
                    blocked = isinstance(event, CardBlocked)
                    card = known.model_copy(update={"blocked": blocked})
                    await self._put(connection, event.mark, card)
            case CardRemoved():
                await self._remove(connection, event.mark)
            case PersonForgotten():
                for mark in tuple(self._of.get(event.person_id, ())):
                    await self._remove(connection, mark)

    async def _put(self, connection: Connection, mark: str, card: Card) -> None:
        await self._remove(connection, mark)  # it may have been somebody else's
        await self._cards.put(connection, mark, card)
        self._of[card.person_id].add(mark)

    async def _remove(self, connection: Connection, mark: str) -> None:
        known = self._cards.get(mark)
        if known is not None:
            self._of[known.person_id].discard(mark)
            await self._cards.remove(connection, mark)

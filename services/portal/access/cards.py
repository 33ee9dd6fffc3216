"""Whose cards there are, as owners of a place see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.portal.when import When, when
from shared.ids import PersonId
from shared.messages.people import CardsAtAnswer

SHOWN_CHARS: int = 4
"""How much of a card's number is shown: enough to find it, too little to copy it."""


@dataclass(frozen=True, slots=True)
class CardRow:
    """One card; its number but for the end stays unsaid."""

    card_id: str
    label: str
    ends: str
    blocked: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who charges here, their cards, and when they charged here last."""

    person_id: PersonId
    name: str
    kept: bool
    cards: tuple[CardRow, ...]
    last: When | None


def holders(
    found: CardsAtAnswer, last: Mapping[PersonId, datetime], zone: ZoneInfo
) -> list[Holder]:
    """
    List people and their cards.

    Args:
        found: as permissions tells of them.
        last: when each of them began to charge there last, if ever.
        zone: of times.
    """
    shown = [
        Holder(
            person_id=it.person_id,
            name=it.name,
            kept=it.kept,
            cards=tuple(
                CardRow(c.card_id, c.label, c.number[-SHOWN_CHARS:], c.blocked)
                for c in it.cards
            ),
            last=when(last[it.person_id], zone) if it.person_id in last else None,
        )
        for it in found.people
    ]
    return sorted(shown, key=lambda it: it.name.casefold())

"""
Charge cards as a service knows them that must not know their numbers: by mark.

The mark of a card is the HMAC-SHA-256 of its number, under a key that permissions and telemetry have. It
tells cards apart; whoever has marks and not the key can find no number, although numbers are short.
"""

import hashlib
import hmac
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.ids import CardId, PersonId

CARD_KEY_FILE: Final = "AMPLEDGER_CARD_KEY_FILE"
"""Names the file of the key in the environment of the two services that have it."""


def card_mark(number: str, key: bytes) -> str:
    """
    Name a card by its mark, in hexadecimal digits; spelling and blanks around it do not count.

    >>> card_mark(" 04a1b2 ", b"k") == card_mark("04A1B2", b"k") != card_mark("04A1B2", b"l")
    True
    """
    return hmac.new(key, number.strip().upper().encode(), hashlib.sha256).hexdigest()


class Card(BaseModel):
    """One card that stands for a person."""

    model_config = ConfigDict(frozen=True)

    card_id: CardId
    person_id: PersonId
    blocked: bool = False

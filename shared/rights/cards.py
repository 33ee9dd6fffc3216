"""
Charge cards as a service knows them that must not know their numbers: by mark.

The mark of a card is the HMAC-SHA-256 of its number, under a key that permissions and telemetry have. It
tells cards apart; whoever has marks and not the key can find no number, although numbers are short.
"""

import hashlib
import hmac
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.ids import CardId, PersonId

CARD_KEY_FILE: Final = "AMPLEDGER_CARD_KEY_FILE"
"""Names the file of the key in the environment of the two services that have it."""
KEY_BYTES: Final = 32


class CardKeyUnreadable(ValueError):
    """The file with the key of the cards' marks is missing, or holds something else."""


def read_card_key(file: Path) -> bytes:
    """
    Read the key of the cards' marks: 64 hexadecimal digits.

    Raises:
        CardKeyUnreadable: the file cannot be read, or does not hold a key.
    """
    try:
        key = bytes.fromhex(file.read_text("ascii").strip())
    except (OSError, ValueError) as fault:
        raise CardKeyUnreadable(f"{CARD_KEY_FILE}={file} cannot be read: {fault}") from fault
    if len(key) != KEY_BYTES:
        raise CardKeyUnreadable(
            f"{CARD_KEY_FILE}={file} holds {len(key)} bytes; make a key of {KEY_BYTES} with "
            "openssl rand -hex 32, and give the same one to permissions and telemetry"
        )
    return key


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

"""
Identifiers: what they may look like, and how new ones are minted.

Every identifier may appear in a NATS subject, so it is limited to letters, digits, dash and
underscore (NATS ADR-6).
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints
from uuid_utils import uuid7

ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"

InstallationId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
CircuitId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
ChargerId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
SessionId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
MeterId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
LimitId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
PersonId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
GroupId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
ClientId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
CardId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
TokenId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
PasskeyId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
RequestId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
WarningId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
WebhookId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
DeliveryId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
ReportOrderId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Grantee = Annotated[
    str, StringConstraints(pattern=r"^(person|group|client)/[A-Za-z0-9_-]{1,64}$")
]
"""Who can have a role: a person, all members of a group, or a program that signs in by itself."""
CommandId = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_.:-]{1,128}$",
        description="Minted where the wish arises; the same id again gets the first answer.",
    ),
]

SERIAL_PATTERN: Final = r"^[A-Z0-9][A-Z0-9_-]{2,23}[A-Z0-9]$"
"""4 to 25 characters: OCPP 1.6 carries a serial as CiString25Type, and a NATS subject has it as
one token. Capital letters, digits, dash and underscore are what vendors print on their labels."""

SERIAL_HELP: Final = (
    "a serial number has 4 to 25 letters, digits, dashes or underscores, such as ZAP000123; "
    "copy it from the label on the charger"
)


_is_serial = re.compile(SERIAL_PATTERN).match
"""Compiled, since a replay asks it of every charger."""


def normal_serial(text: object) -> object:
    """
    Bring a serial number as people type it into its one spelling.

    >>> normal_serial(" zap000123 ")
    'ZAP000123'
    """
    if not isinstance(text, str):
        return text
    serial = text.strip().upper()
    if not _is_serial(serial):
        raise ValueError(f"{text!r} is not a serial number: {SERIAL_HELP}")
    return serial


Serial = Annotated[str, BeforeValidator(normal_serial)]
"""The serial number of a charger: its identity towards the world, unique across installations."""


def new_id() -> str:
    """Mint an identifier that sorts by time (UUIDv7)."""
    return str(uuid7())


def made_at(minted: UUID) -> datetime:
    """
    Read when an identifier was minted (RFC 9562, section 5.7: milliseconds since 1970, in 48 bits).

    >>> made_at(UUID("0199a3f4-02aa-7d10-8c44-0f6be2b1c901")).isoformat()
    '2025-10-02T08:05:01.738000+00:00'
    """
    return datetime.fromtimestamp((minted.int >> 80) / 1000, UTC)

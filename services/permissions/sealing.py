"""
Sealing: personal data encrypted with the key of one person (AES-256 in Galois counter mode, NIST SP
800-38D).

What is sealed is bound to the person and to the field it belongs in: put elsewhere, it does not open.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.decider import Refused
from shared.ids import PersonId
from shared.messages import Command

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class Unsealable(Refused):
    """It was sealed with another key, for another place, or was changed; or its key is gone."""


def seal(
    key: bytes, nonce: bytes, person_id: PersonId, field: str, content: Mapping[str, str]
) -> str:
    """
    Encrypt something of a person's.

    Args:
        key: of the person, 32 bytes.
        nonce: 12 bytes that were never used with this key.
        person_id: whose it is.
        field: what it is, such as `card`.
        content: what is to be unreadable.

    Returns:
        Nonce and encrypted content, in base64.
    """
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = AESGCM(key).encrypt(nonce, plain, _place(person_id, field))
    return base64.b64encode(nonce + sealed).decode()


def unseal(key: bytes, person_id: PersonId, field: str, sealed: str) -> dict[str, str]:
    """
    Read what was sealed.

    Raises:
        Unsealable: not with this key, or not here.
    """
    try:
        raw = base64.b64decode(sealed, validate=True)
        plain = AESGCM(key).decrypt(
            raw[:NONCE_BYTES], raw[NONCE_BYTES:], _place(person_id, field)
        )
    except (InvalidTag, ValueError) as fault:
        raise Unsealable(f"{field} of person {person_id} cannot be unsealed") from fault
    content: dict[str, str] = json.loads(plain)
    return content


def wrap(master: bytes, nonce: bytes, person_id: PersonId, key: bytes) -> bytes:
    """Encrypt a person's key with the master key."""
    return nonce + AESGCM(master).encrypt(nonce, key, _place(person_id, "key"))


def unwrap(master: bytes, person_id: PersonId, wrapped: bytes) -> bytes:
    """
    Read a person's key.

    Raises:
        Unsealable: it was wrapped with another master key.
    """
    nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
    try:
        return AESGCM(master).decrypt(nonce, sealed, _place(person_id, "key"))
    except (InvalidTag, ValueError) as fault:
        raise Unsealable(
            f"the key of person {person_id} was wrapped with another master key; "
            "start permissions with the one that belongs to its database"
        ) from fault


def _place(person_id: PersonId, field: str) -> bytes:
    return f"{person_id}/{field}".encode()


# --- Marks ---


def address_mark(email: str, key: bytes) -> str:
    """
    Tell addresses apart without naming them: HMAC-SHA-256, in hexadecimal digits.

    >>> address_mark("Ada@Harbour.example", b"k") == address_mark("ada@harbour.example", b"k")
    True
    """
    return hmac.new(
        key, b"address\n" + email.strip().lower().encode(), hashlib.sha256
    ).hexdigest()


def command_mark(command: Command, key: bytes) -> bytes:
    """
    Digest a command's content, to tell a repetition from a reused id.

    With a key, since a card number or an address could be guessed from a plain digest.
    """
    content = f"{type(command).__name__}\n{command.model_dump_json()}"
    return hmac.new(key, b"command\n" + content.encode(), hashlib.sha256).digest()

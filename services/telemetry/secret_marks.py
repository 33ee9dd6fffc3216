"""
Passwords as they are made, kept and compared.

A password is 20 random bytes, written with 40 hexadecimal digits: the most that the AuthorizationKey of
OCPP 1.6 holds (security whitepaper). Some chargers send those digits, others the bytes that they stand for;
both are the same password. What is kept is a mark: a salted SHA-256 (HMAC) of it. With 160 random bits
there is nothing to guess, so a slow hash would only make it expensive to let a whole building back in.
"""

import hashlib
import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Final

PASSWORD_BYTES: Final = 20
SALT_BYTES: Final = 16
BASIC: Final = "basic"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is kept of a password."""

    salt: bytes
    digest: bytes


def spelled(random: bytes) -> str:
    """Spell a password of so many random bytes."""
    return random.hex()


def mark_of(password: bytes, salt: bytes) -> Mark:
    """
    Make the mark of a password, however it is spelled.

    >>> mark_of(b"AB" * 20, b"salt") == mark_of(bytes.fromhex("ab" * 20), b"salt")
    True
    """
    raw = len(password) == PASSWORD_BYTES
    digits = password.hex().encode() if raw else password.lower()
    return Mark(salt, hmac.digest(salt, digits, hashlib.sha256))


def matches(password: bytes, mark: Mark) -> bool:
    """Tell whether a password has that mark, in a time that says nothing of it."""
    return hmac.compare_digest(mark_of(password, mark.salt).digest, mark.digest)


@dataclass(frozen=True, slots=True)
class Basic:
    """A user and a password, as HTTP Basic authentication carries them (RFC 7617)."""

    user: str
    password: bytes


def basic_of(header: str) -> Basic | None:
    """
    Read an Authorization header; none if it is no Basic authentication.

    >>> basic_of("Basic WkFQMDAwMTIzOnNlY3JldA==")
    Basic(user='ZAP000123', password=b'secret')
    >>> basic_of("Bearer x"), basic_of("Basic %%%")
    (None, None)
    """
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != BASIC:
        return None
    try:
        user, colon, password = b64decode(credentials.strip(), validate=True).partition(b":")
    except NotBase64:
        return None
    return Basic(user.decode("utf-8", "replace"), password) if colon else None

"""Secrets of 256 bits, of which only the SHA-256 is kept: so much chance needs no slow hash."""

import base64
import hashlib
import secrets
from typing import Final

BYTES: Final = 32


def new_secret(prefix: str = "") -> str:
    """Mint a secret that nobody can guess."""
    return prefix + secrets.token_urlsafe(BYTES)


def hash_of(secret: str) -> bytes:
    """
    Say what is kept of a secret.

    >>> len(hash_of("anything"))
    32
    """
    return hashlib.sha256(secret.encode()).digest()


def csrf_of(session: str) -> str:
    """Derive what a session's forms carry: it follows from the session's secret, and not the other way."""
    digest = hashlib.sha256(b"csrf\0" + session.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")

"""
Whether an ID token proves who somebody is (OpenID Connect Core 1.0, section 3.1.3.7): pure.

Two algorithms are taken, both with public keys. `none`, and those with a shared secret, under which a
public key could pass for a secret, are refused whatever the token says of itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.permissions.sign_in.refusals import CompanyRefused

ALGORITHMS: Final = ("RS256", "ES256")
LEEWAY_S: Final = 60
"""How far the company's clock may be off, in seconds."""
AGE_S_MAX: Final = 600
"""How long ago a token may have been issued, in seconds: it comes straight from the company's server."""
TOKEN_CHARS_MAX: Final = 16_384
NO_PROOF: Final = "What your company's server says of you could not be verified. Sign in again."


@dataclass(frozen=True, slots=True)
class Expected:
    """
    What a token has to say.

    Args:
        issuer: who has issued it, to the letter.
        audience: for whom it is: us, as we are called there.
        nonce: which sign-in it answers.
    """

    issuer: str
    audience: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Proven:
    """Who it is, as the company says."""

    subject: str
    email: str | None
    """Lower case; none if it is not verified."""


def proven(token: str, keys: KeySet, expected: Expected, now: datetime) -> Proven:
    """
    Verify an ID token.

    Args:
        token: as it came.
        keys: of the issuer, and of nobody else.
        expected: what it has to say.
        now: the present moment.

    Raises:
        CompanyRefused: it proves nothing.
    """
    if len(token) > TOKEN_CHARS_MAX:
        raise CompanyRefused(NO_PROOF)
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.audience},
        nonce={"essential": True, "value": expected.nonce},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        claims = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
        registry.validate(claims)
    except (JoseError, ValueError) as fault:
        raise CompanyRefused(NO_PROOF) from fault
    _check_party(claims, expected.audience)
    if now.timestamp() - claims["iat"] > AGE_S_MAX:
        raise CompanyRefused(NO_PROOF)
    return Proven(claims["sub"], _email_in(claims))


def _check_party(claims: Mapping[str, Any], audience: str) -> None:
    """A token for several has to have been asked for by us."""
    party = claims.get("azp")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several and party is None) or (party is not None and party != audience):
        raise CompanyRefused(NO_PROOF)


def _email_in(claims: Mapping[str, Any]) -> str | None:
    email = claims.get("email")
    verified = claims.get("email_verified") is True
    return email.strip().lower() if verified and isinstance(email, str) else None

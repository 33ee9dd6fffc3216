"""ID tokens that prove something, and all those that do not."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from services.permissions.sign_in.id_tokens import Expected, Proven, proven
from services.permissions.sign_in.refusals import CompanyRefused
from tests.unit.portal.facts import AT

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
KEYS = KeySet.import_key_set({"keys": [RSA.as_dict(private=False), EC.as_dict(private=False)]})
EXPECTED = Expected("https://login.example", "ampledger", "n-1")
NOW = int(AT.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": "https://login.example",
    "aud": "ampledger",
    "sub": "248289761001",
    "nonce": "n-1",
    "iat": NOW,
    "exp": NOW + 300,
    "email": "Ada@Harbour.example",
    "email_verified": True,
}


def signed(key: Any = RSA, algorithm: str = "RS256", **changes: Any) -> str:
    claims = {name: it for name, it in (CLAIMS | changes).items() if it is not None}
    header = {"alg": algorithm, "kid": key.kid} if key.kid else {"alg": algorithm}
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (EC, "ES256")])
def test_a_token_of_the_company_for_us_proves_who_it_is(key: Any, algorithm: str) -> None:
    assert proven(signed(key, algorithm), KEYS, EXPECTED, AT) == Proven(
        "248289761001", "ada@harbour.example"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": "https://login.example/"},
        {"aud": "somebody-else"},
        {"aud": ["somebody-else"]},
        {"aud": ["ampledger", "somebody-else"]},
        {"aud": ["ampledger", "somebody-else"], "azp": "somebody-else"},
        {"azp": "somebody-else"},
        {"nonce": "n-2"},
        {"exp": NOW - 61},
        {"iat": NOW + 120},
        {"iat": NOW - 3600},
        {"nbf": NOW + 120},
        {"sub": None},
        {"iss": None},
        {"aud": None},
        {"nonce": None},
        {"exp": None},
        {"iat": None},
        {"sub": 7},
        {"exp": "tomorrow"},
    ],
)
def test_a_token_that_says_something_else_proves_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(CompanyRefused):
        proven(signed(**changes), KEYS, EXPECTED, AT)


def test_a_token_without_a_signature_proves_nothing() -> None:
    for algorithm in ("none", "None", "NONE"):
        forged = f"{part({'alg': algorithm})}.{part(CLAIMS)}."
        with pytest.raises(CompanyRefused):
            proven(forged, KEYS, EXPECTED, AT)


def test_a_public_key_cannot_pass_for_a_shared_secret() -> None:
    head = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(CLAIMS)}"
    for public in (RSA.as_pem(private=False), RSA.as_der(private=False)):
        mark = hmac.new(public, head.encode(), hashlib.sha256).digest()
        forged = f"{head}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"
        with pytest.raises(CompanyRefused):
            proven(forged, KEYS, EXPECTED, AT)


def test_a_key_that_comes_with_the_token_is_not_believed() -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "rsa"})
    header = {"alg": "RS256", "kid": "rsa", "jwk": stranger.as_dict(private=False)}
    with pytest.raises(CompanyRefused):
        proven(jwt.encode(header, CLAIMS, stranger), KEYS, EXPECTED, AT)


def test_another_algorithm_of_the_same_key_is_not_taken() -> None:
    with pytest.raises(CompanyRefused):
        proven(signed(RSA, "PS256"), KEYS, EXPECTED, AT)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "ü" * 10, "a" * 20_000])
def test_what_is_no_token_proves_nothing(text: str) -> None:
    with pytest.raises(CompanyRefused):
        proven(text, KEYS, EXPECTED, AT)


def test_a_token_that_was_changed_proves_nothing() -> None:
    head, body, signature = signed().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = part(claims | {"sub": "somebody else"})
    with pytest.raises(CompanyRefused):
        proven(f"{head}.{changed}.{signature}", KEYS, EXPECTED, AT)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_counts_only_if_the_company_has_verified_it(verified: object) -> None:
    assert proven(signed(email_verified=verified), KEYS, EXPECTED, AT).email is None

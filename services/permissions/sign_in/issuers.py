"""What companies' servers say of themselves: addresses and keys, over HTTPS, remembered for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import httpx
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.permissions.sign_in.companies import OidcCompany, is_safe
from services.permissions.sign_in.refusals import CompanyRefused
from shared.clock import utc_now

WAIT_S: Final = 5.0
BYTES_MAX: Final = 256 * 1024
DOCUMENT_LASTS: Final = timedelta(hours=1)
KEYS_LAST: Final = timedelta(hours=1)
KEYS_ASKED_EVERY: Final = timedelta(minutes=1)
"""Keys that are not known are asked for, but no more often: tokens with made-up keys make no work."""
AWAY: Final = (
    "Your company's sign-in does not answer at present. Try again, or sign in another way."
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a company's server answers what."""

    authorization: str
    token: str
    keys: str
    says_issuer: bool
    """Whether it names itself when it sends a browser back (RFC 9207)."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    what: T
    since: datetime


class Issuers:
    """Asks, and remembers."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(timeout=WAIT_S, follow_redirects=False)
        self._addresses: dict[str, _Kept[Addresses]] = {}
        self._keys: dict[str, _Kept[KeySet]] = {}

    async def close(self) -> None:
        await self._http.aclose()

    async def addresses(self, company: OidcCompany) -> Addresses:
        """
        Find a company's addresses (OpenID Connect Discovery 1.0).

        Raises:
            CompanyRefused: it does not answer, or answers for somebody else.
        """
        kept = self._addresses.get(company.id)
        if kept is not None and utc_now() - kept.since < DOCUMENT_LASTS:
            return kept.what
        where = f"{company.issuer.rstrip('/')}/.well-known/openid-configuration"
        document = await self._json("GET", where)
        if document.get("issuer") != company.issuer:
            raise CompanyRefused(AWAY)
        found = Addresses(
            _address(document, "authorization_endpoint"),
            _address(document, "token_endpoint"),
            _address(document, "jwks_uri"),
            document.get("authorization_response_iss_parameter_supported") is True,
        )
        self._addresses[company.id] = _Kept(found, utc_now())
        return found

    async def keys(self, company: OidcCompany, key_id: str | None) -> KeySet:
        """
        Find a company's keys, anew if there is none with that name.

        Raises:
            CompanyRefused: it does not answer.
        """
        kept = self._keys.get(company.id)
        if kept is not None:
            age = utc_now() - kept.since
            known = key_id is None or any(it.kid == key_id for it in kept.what.keys)
            if age < (KEYS_LAST if known else KEYS_ASKED_EVERY):
                return kept.what
        document = await self._json("GET", (await self.addresses(company)).keys)
        try:
            keys = KeySet.import_key_set({"keys": document["keys"]})
        except (JoseError, KeyError, ValueError, TypeError) as fault:
            raise CompanyRefused(AWAY) from fault
        self._keys[company.id] = _Kept(keys, utc_now())
        return keys

    async def exchange(
        self, company: OidcCompany, code: str, verifier: str, redirect_uri: str
    ) -> str:
        """
        Exchange a code for the ID token.

        Raises:
            CompanyRefused: it gives none.
        """
        given = await self._json(
            "POST",
            (await self.addresses(company)).token,
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            },
            auth=httpx.BasicAuth(company.client_id, company.client_secret.get_secret_value()),
        )
        token = given.get("id_token")
        if not isinstance(token, str):
            raise CompanyRefused(AWAY)
        return token

    async def _json(self, method: str, address: str, **more: Any) -> Mapping[str, Any]:  # noqa: ANN401  # what httpx takes
        try:
            async with self._http.stream(method, address, **more) as answer:
                answer.raise_for_status()
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > BYTES_MAX:
                        raise CompanyRefused(AWAY)
            content = orjson.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError) as fault:
            raise CompanyRefused(AWAY) from fault
        if not isinstance(content, dict):
            raise CompanyRefused(AWAY)
        return content


def _address(document: Mapping[str, Any], name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not is_safe(found):
        raise CompanyRefused(AWAY)
    return found

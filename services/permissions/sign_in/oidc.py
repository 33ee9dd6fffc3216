"""
Signing in with one's company: OpenID Connect, authorization code flow with PKCE.

A sign-in is bound to the browser in which it began (a cookie), to its state, its nonce and its verifier,
and each of them counts once. Whom the company names is known by issuer and subject. The first time, they
are found by an address that the company has verified, that is in one of its own domains, and that somebody
has invited: a company speaks for nobody else's people.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import asyncpg
import orjson

from services.permissions.sign_in.companies import OidcCompany
from services.permissions.sign_in.facts import Facts
from services.permissions.sign_in.id_tokens import Expected, Proven, proven
from services.permissions.sign_in.issuers import Issuers
from services.permissions.sign_in.minting import hash_of, new_secret
from services.permissions.sign_in.people import People
from services.permissions.sign_in.refusals import CompanyRefused, NotKnown
from shared.clock import utc_now
from shared.messages.permissions import IdentityLinked
from shared.messages.signing_in import (
    Companies,
    Company,
    CompanyList,
    OidcBegin,
    OidcComplete,
    Redirect,
)
from shared.speech import marked

LASTS: Final = timedelta(minutes=10)
WAITING_MAX: Final = 10_000
"""Of sign-ins that have begun; beyond that the oldest are forgotten."""
BEGUN_ELSEWHERE: Final = marked(
    "This sign-in was not begun in this browser, or took too long. Begin again on the sign-in "
    "page."
)
NOT_INVITED: Final = marked("Your company knows you, but nobody has invited you here yet.")


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody who has come back from their company, proven."""

    person_id: str
    next: str


class Oidc:
    """Sends people to their company, and believes what it says of them once it is proven."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        companies: Mapping[str, OidcCompany],
        issuers: Issuers,
        people: People,
        facts: Facts,
    ) -> None:
        self._pool = pool
        self._companies = companies
        self._issuers = issuers
        self._people = people
        self._facts = facts

    async def companies(self, _: Companies) -> CompanyList:
        listed = (Company(id=it.id, name=it.name) for it in self._companies.values())
        return CompanyList(companies=tuple(listed))

    async def begin(self, query: OidcBegin) -> Redirect:
        """
        Say where to send a browser.

        Raises:
            NotKnown: there is no such company.
            CompanyRefused: its server does not answer.
        """
        company = self._company(query.company)
        addresses = await self._issuers.addresses(company)
        state, binding, nonce, verifier = (new_secret() for _ in range(4))
        await self._pool.execute(
            "insert into company_sign_in values ($1, $2, $3, $4, $5, $6, $7, $8)",
            hash_of(state),
            hash_of(binding),
            company.id,
            nonce,
            verifier,
            query.redirect_uri,
            query.next,
            utc_now() + LASTS,
        )
        asked = {
            "response_type": "code",
            "client_id": company.client_id,
            "redirect_uri": query.redirect_uri,
            "scope": "openid email",
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in addresses.authorization else "?"
        return Redirect(
            url=f"{addresses.authorization}{joint}{urlencode(asked)}", binding=binding
        )

    async def complete(self, query: OidcComplete) -> Came:
        """
        Find out who has come back.

        Raises:
            CompanyRefused: it is not proven, or nobody has invited them.
        """
        row = await self._pool.fetchrow(
            "delete from company_sign_in where state_hash = $1 and expires_at > $2 "
            "returning binding_hash, company, nonce, verifier, redirect_uri, next",
            hash_of(query.state),
            utc_now(),
        )
        if row is None or not hmac.compare_digest(row["binding_hash"], hash_of(query.binding)):
            raise CompanyRefused(BEGUN_ELSEWHERE)
        company = self._company(row["company"])
        says_issuer = (await self._issuers.addresses(company)).says_issuer
        if query.issuer != company.issuer and (query.issuer is not None or says_issuer):
            raise CompanyRefused(BEGUN_ELSEWHERE)  # somebody mixes companies up
        token = await self._issuers.exchange(
            company, query.code, row["verifier"], row["redirect_uri"]
        )
        keys = await self._issuers.keys(company, key_id_of(token))
        expected = Expected(company.issuer, company.client_id, row["nonce"])
        who = proven(token, keys, expected, utc_now())
        return Came(await self._person_of(company, who), row["next"])

    async def forget_old(self) -> None:
        """Keep the table small."""
        await self._pool.execute("delete from company_sign_in where expires_at < $1", utc_now())
        await self._pool.execute(
            "delete from company_sign_in where state_hash in (select state_hash "
            "from company_sign_in order by expires_at desc offset $1)",
            WAITING_MAX,
        )

    # --- Whom the company means ---

    async def _person_of(self, company: OidcCompany, who: Proven) -> str:
        linked: str | None = await self._pool.fetchval(
            "select person_id from company_identity where issuer = $1 and subject = $2",
            company.issuer,
            who.subject,
        )
        if linked is not None:
            return linked
        invited = None
        if who.email is not None and company.speaks_for(who.email):
            invited = await self._people.by_email(who.email)
        if invited is None:
            raise CompanyRefused(NOT_INVITED)
        sealed = await self._people.seal(invited, "identity", {"subject": who.subject})
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "insert into company_identity values ($1, $2, $3, $4) on conflict do nothing",
                company.issuer,
                who.subject,
                invited,
                utc_now(),
            )
            event = IdentityLinked(person_id=invited, issuer=company.issuer, sealed=sealed)
            await self._facts.record(invited, f"person/{invited}", event)
        return invited

    def _company(self, company_id: str) -> OidcCompany:
        company = self._companies.get(company_id)
        if company is None:
            raise NotKnown("There is no such company here.")
        return company


def _challenge_of(verifier: str) -> str:
    """Derive what is shown at first of a verifier (RFC 7636, S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def key_id_of(token: str) -> str | None:
    """
    Read which key a token claims to be signed with; it is only looked for, nothing is believed yet.

    >>> key_id_of("eyJraWQiOiJhIn0.e30.c2ln"), key_id_of("no token")
    ('a', None)
    """
    head = token.partition(".")[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return None
    found = header.get("kid") if isinstance(header, dict) else None
    return found if isinstance(found, str) else None

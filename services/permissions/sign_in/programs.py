"""Programs that sign in by themselves: OAuth 2.0 client credentials (RFC 6749, section 4.4)."""

import hmac
from datetime import timedelta
from typing import Final

from services.permissions.sign_in.entering import DONE
from services.permissions.sign_in.links import Links
from services.permissions.sign_in.minting import hash_of, new_secret
from services.permissions.sign_in.parts import Parts
from services.permissions.sign_in.refusals import NotForThisProgram, NotKnown, WrongCredentials
from services.permissions.sign_in.throttling import counts_of
from services.permissions.sign_in.tokens import ACCESS_S, Tokens, scopes_of
from shared.messages.own_account import (
    AccessToken,
    ClientCredentials,
    IssueClientSecret,
    Issued,
    IssueLink,
    Link,
    RevokeClient,
)
from shared.messages.permissions import ClientRegistered, ClientRevoked
from shared.messages.signing_in import Reply

OPERATOR: Final = "operator"
LINK_LASTS: Final = timedelta(hours=1)


class Programs:
    """Gives programs access, and the operator the means to let them in."""

    def __init__(self, parts: Parts, tokens: Tokens, links: Links) -> None:
        self._parts = parts
        self._tokens = tokens
        self._links = links

    async def access(self, query: ClientCredentials) -> AccessToken:
        """
        Give an access token for a program's secret.

        Raises:
            TooManyAttempts, WrongCredentials, NotForThisProgram: none is given.
        """
        parts = self._parts
        counts = counts_of(query.at.remote, f"client/{query.client_id}", device=None)
        await parts.throttling.admit(counts)
        row = await parts.pool.fetchrow(
            "select secret_hash, scopes from program where client_id = $1", query.client_id
        )
        kept = row["secret_hash"] if row is not None else hash_of(new_secret())
        if not hmac.compare_digest(kept, hash_of(query.secret)) or row is None:
            raise WrongCredentials("Client id or client secret is not right.")
        await parts.throttling.succeeded(counts)
        has = scopes_of(row["scopes"])
        scopes = has if query.scopes is None else query.scopes
        if not scopes <= has:
            raise NotForThisProgram(
                f"this program may have the scopes {', '.join(sorted(has))}"
            )
        token = await self._tokens.give_access(query.client_id, scopes)
        return AccessToken(token=token, seconds=ACCESS_S, scopes=tuple(sorted(scopes)))

    async def register(self, query: IssueClientSecret) -> Issued:
        """Register a program, or give it a new secret; what it was given for the old one ends."""
        secret = new_secret()
        event = ClientRegistered(
            client_id=query.client_id, name=query.name, scopes=tuple(sorted(query.scopes))
        )
        async with self._parts.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "delete from program where client_id = $1", query.client_id
            )
            await connection.execute(
                "insert into program values ($1, $2, $3, $4)",
                query.client_id,
                query.name,
                sorted(query.scopes),
                hash_of(secret),
            )
            await self._parts.facts.record(query.client_id, OPERATOR, event)
        return Issued(token_id=query.client_id, secret=secret)

    async def revoke(self, query: RevokeClient) -> Reply:
        async with self._parts.pool.acquire() as connection, connection.transaction():
            ended = await connection.fetchval(
                "delete from program where client_id = $1 returning 1", query.client_id
            )
            if ended is None:
                raise NotKnown(f"There is no program {query.client_id}.")
            event = ClientRevoked(client_id=query.client_id)
            await self._parts.facts.record(query.client_id, OPERATOR, event)
        return DONE

    async def link(self, query: IssueLink) -> Link:
        """Make a link that signs a person in once, for the operator to open or to hand over."""
        person_id = query.person_id
        if query.email is not None:
            person_id = await self._parts.people.by_email(query.email)
        if person_id is None or await self._parts.people.by_id(person_id) is None:
            raise NotKnown(
                "There is no such person; invite them first: ampledger person invite"
            )
        token = await self._links.make(person_id, "SIGN_IN", LINK_LASTS)
        return Link(token=token, person_id=person_id)

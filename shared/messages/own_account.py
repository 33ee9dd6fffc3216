"""
What people keep in order of their own sign-in, on `queries.permissions.<Name>`, and the operator of
programs, on `operator.permissions.<Name>`. As with signing in, secrets are on the wire and never in a log.
"""

from typing import Annotated, Any, Final

from pydantic import Field

from shared.ids import ClientId, PasskeyId, PersonId, SessionId, TokenId
from shared.messages import Message, Moment
from shared.messages.permissions import Email, GroupName, Label
from shared.messages.signing_in import From, Password, Query, Reply, Scope, Secret

TOKEN_DAYS_MAX: Final = 366


# --- Ways to sign in ---


class SetPassword(Query):
    """
    Have a new password; ends all other sessions.

    Who has a password or passkey already shows the password, or has shown either not long ago, or has just
    signed in by a link.
    """

    session: Secret
    new: Password
    present: Password | None = None
    at: From = From()


class AddPasskey(Query):
    session: Secret
    challenge_id: str
    credential: dict[str, Any]
    label: Label


class RemovePasskey(Query):
    session: Secret
    passkey_id: PasskeyId


# --- Tokens and programs ---


class IssueToken(Query):
    session: Secret
    label: Label
    scopes: frozenset[Scope] = Field(min_length=1)
    days: int = Field(default=90, ge=1, le=TOKEN_DAYS_MAX)


class Issued(Reply):
    """A secret, shown this once."""

    token_id: str = ""
    secret: Secret = ""
    expires_at: Moment | None = None


class RevokeToken(Query):
    session: Secret
    token_id: TokenId


class Account(Query):
    """Ask what belongs to a person: how they can sign in, where they are signed in, their tokens."""

    session: Secret


class SessionLine(Message):
    session_id: SessionId
    browser: str
    remote: str
    signed_in_at: Moment
    last_at: Moment
    this: bool


class TokenLine(Message):
    token_id: TokenId
    label: str
    scopes: tuple[Scope, ...]
    expires_at: Moment
    last_at: Moment | None


class PasskeyLine(Message):
    passkey_id: PasskeyId
    label: str
    added_at: Moment
    last_at: Moment | None


class AccountReply(Reply):
    email: str = ""
    name: str = ""
    has_password: bool = False
    companies: tuple[str, ...] = ()
    sessions: tuple[SessionLine, ...] = ()
    tokens: tuple[TokenLine, ...] = ()
    passkeys: tuple[PasskeyLine, ...] = ()


class IssueClientSecret(Query):
    """Register a program, or give it a new secret; for the platform's operator. The old one ends."""

    client_id: ClientId
    name: GroupName
    scopes: frozenset[Scope] = Field(min_length=1)


class RevokeClient(Query):
    """End a program's secret and what it was given for it; for the platform's operator."""

    client_id: ClientId


class ClientCredentials(Query):
    """A program asks for an access token (RFC 6749, section 4.4)."""

    client_id: Annotated[str, Field(max_length=64)]
    secret: Secret
    scopes: frozenset[Scope] | None = None
    """None: all it may have."""
    at: From = From()


class AccessToken(Reply):
    token: Secret = ""
    seconds: int = 0
    scopes: tuple[Scope, ...] = ()


# --- By the operator ---


class IssueLink(Query):
    """Make a link that signs a person in once; for the platform's operator."""

    person_id: PersonId | None = None
    email: Email | None = None


class Link(Reply):
    token: Secret = ""
    person_id: str = ""

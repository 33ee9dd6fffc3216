"""What people keep in order of their own sign-in: password, tokens, what they are signed in with."""

from datetime import timedelta

from services.permissions.sign_in.entering import DONE, Entering, of_session
from services.permissions.sign_in.parts import Parts
from services.permissions.sign_in.passkeys import Passkeys
from services.permissions.sign_in.passwords import check_password
from services.permissions.sign_in.people import Person
from services.permissions.sign_in.refusals import (
    NotKnown,
    ProofNeeded,
    WrongCredentials,
)
from services.permissions.sign_in.sessions import Session
from services.permissions.sign_in.tokens import Token, Tokens
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages import Event
from shared.messages.own_account import (
    Account,
    AccountReply,
    Issued,
    IssueToken,
    RevokeToken,
    SessionLine,
    SetPassword,
    TokenLine,
)
from shared.messages.permissions import PasswordSet, TokenIssued, TokenRevoked
from shared.messages.signing_in import Reply, SignedInReply, StepUp
from shared.speech import marked

LINK_COUNTS_FOR = timedelta(minutes=15)
"""After signing in by a link somebody may set a password without showing the old one, for so long."""


class Keeping:
    """Answers what people ask about their own account."""

    def __init__(
        self, parts: Parts, entering: Entering, tokens: Tokens, passkeys: Passkeys
    ) -> None:
        self._parts = parts
        self._entering = entering
        self._tokens = tokens
        self._passkeys = passkeys

    async def who(self, secret: str) -> tuple[Session, Person]:
        """
        Name whose session it is.

        Raises:
            NotSignedIn: nobody's, or not any more.
            NotKnown: the person is forgotten.
        """
        session = await self._parts.sessions.required(secret)
        person = await self._parts.people.by_id(session.person_id)
        if person is None:
            raise NotKnown("This account is no more.")
        return session, person

    # --- Showing oneself again ---

    async def step_up(self, query: StepUp) -> SignedInReply:
        session, person = await self.who(query.session)
        if query.credential is not None:
            shown = await self._passkeys.shown(query.challenge_id or "", query.credential)
            if shown != person.id:
                raise WrongCredentials(marked("This passkey is somebody else's."))
        else:
            await self._check_present(session, query.password or "")
        secret, session = await self._parts.sessions.step_up(session)
        return await self._entering.reply(person, secret, session)

    async def _check_present(self, session: Session, password: str) -> None:
        parts = self._parts
        counts = of_session(session)
        await parts.throttling.admit(counts)
        kept = await parts.accounts.password_hash(session.person_id)
        if not await parts.passwords.is_right(kept, password):
            raise WrongCredentials(marked("This is not your password."))
        await parts.throttling.succeeded(counts)

    # --- The password ---

    async def set_password(self, query: SetPassword) -> SignedInReply:
        """
        Set a new password; all other sessions of the person end, and their tokens, and this session gets
        another secret.

        Raises:
            PasswordTooWeak, ProofNeeded, WrongCredentials, TooManyAttempts: it stays as it is.
        """
        session, person = await self.who(query.session)
        check_password(query.new, _words_of(person))
        await self._check_may_set(session, query.present)
        kept = await self._parts.passwords.hash(query.new)
        async with self._parts.pool.acquire() as connection, connection.transaction():
            await self._parts.accounts.keep_hash(person.id, kept, connection)
            await self._parts.sessions.end_all(person.id, session.session_id, connection)
            ended = await self._tokens.revoke_all(connection, person.id)
            await self._record(
                person,
                PasswordSet(person_id=person.id),
                *(TokenRevoked(person_id=person.id, token_id=it) for it in ended),
            )
        secret, session = await self._parts.sessions.step_up(session)
        return await self._entering.reply(person, secret, session)

    def may_change(self, session: Session) -> bool:
        """Tell whether a session's person may change how they sign in without showing one way first."""
        by_link = (
            session.method == "LINK" and utc_now() - session.signed_in_at < LINK_COUNTS_FOR
        )
        return by_link or self._parts.sessions.is_proven(session)

    async def _check_may_set(self, session: Session, present: str | None) -> None:
        if self.may_change(session):
            return
        ways = await self._parts.accounts.ways(session.person_id)
        if not ways.password:
            raise ProofNeeded(
                marked("Show first that it is you: with a passkey, or by a new sign-in link.")
            )
        await self._check_present(session, present or "")

    # --- Tokens ---

    async def issue_token(self, query: IssueToken) -> Issued:
        session, person = await self.who(query.session)
        if not self._parts.sessions.is_proven(session):
            raise ProofNeeded(
                marked("A token takes a password or a passkey shown a short while ago.")
            )
        expires_at = utc_now() + timedelta(days=query.days)
        token = Token(new_id(), person.id, query.label, query.scopes, expires_at)
        sealed = await self._parts.people.seal(person.id, "token", {"label": query.label})
        event = TokenIssued(
            person_id=person.id,
            token_id=token.token_id,
            scopes=tuple(sorted(query.scopes)),
            expires_at=expires_at,
            sealed=sealed,
        )
        async with self._parts.pool.acquire() as connection, connection.transaction():
            secret = await self._tokens.issue(connection, person.id, token)
            await self._record(person, event)
        return Issued(token_id=token.token_id, secret=secret, expires_at=expires_at)

    async def revoke_token(self, query: RevokeToken) -> Reply:
        _, person = await self.who(query.session)
        async with self._parts.pool.acquire() as connection, connection.transaction():
            if not await self._tokens.revoke(connection, person.id, query.token_id):
                raise NotKnown("This token has ended already.")
            await self._record(
                person, TokenRevoked(person_id=person.id, token_id=query.token_id)
            )
        return DONE

    # --- What there is ---

    async def account(self, query: Account) -> AccountReply:
        session, person = await self.who(query.session)
        ways = await self._parts.accounts.ways(person.id)
        sessions = await self._parts.sessions.of(person.id)
        tokens = await self._tokens.of(person.id)
        return AccountReply(
            email=person.email,
            name=person.name or "",
            has_password=ways.password,
            companies=ways.companies,
            sessions=tuple(
                SessionLine(
                    session_id=it.session_id,
                    browser=it.browser,
                    remote=it.remote,
                    signed_in_at=it.signed_in_at,
                    last_at=it.last_at,
                    this=it.session_id == session.session_id,
                )
                for it in sessions
            ),
            tokens=tuple(
                TokenLine(
                    token_id=it.token_id,
                    label=it.label,
                    scopes=tuple(sorted(it.scopes)),
                    expires_at=it.expires_at,
                    last_at=it.last_at,
                )
                for it in tokens
            ),
            passkeys=await self._passkeys.of(person.id),
        )

    async def _record(self, person: Person, *events: Event) -> None:
        await self._parts.facts.record(person.id, f"person/{person.id}", *events)


def _words_of(person: Person) -> tuple[str, ...]:
    """Name what a guesser would know of somebody."""
    local, _, domain = person.email.partition("@")
    return tuple(
        it for it in (person.email, local, domain, person.name or "", "ampledger") if it
    )

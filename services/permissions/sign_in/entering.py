"""
How one comes in: by password, by a link that works once; and how one goes.

An address that nobody has and a wrong password are answered with the same words after the same work. What
is done for known people only (a note that they are being tried) is done after the answer.
"""

import asyncio
from typing import Final

import structlog

from services.permissions.sign_in.links import Links
from services.permissions.sign_in.parts import Parts
from services.permissions.sign_in.people import Person
from services.permissions.sign_in.refusals import (
    WRONG,
    NotKnown,
    WrongCredentials,
)
from services.permissions.sign_in.sessions import Session
from services.permissions.sign_in.showing import asker_of
from services.permissions.sign_in.throttle import FREE, Of
from services.permissions.sign_in.throttling import Count, counts_of
from shared.clock import utc_now
from shared.event_store import StoreFault
from shared.messages import Event
from shared.messages.permissions import PersonRegistered, SignedIn, SignInBlocked
from shared.messages.signing_in import (
    EndSession,
    From,
    Reply,
    SignedInReply,
    SignInWithLink,
    SignInWithPassword,
    SignOut,
    SignOutEverywhere,
)

NOTES_MAX: Final = 1000
DONE: Final = Reply()

log = structlog.get_logger()


class Entering:
    """Lets people in, and out."""

    def __init__(self, parts: Parts, links: Links) -> None:
        self._parts = parts
        self._links = links
        self._tried: asyncio.Queue[str] = asyncio.Queue(NOTES_MAX)

    async def with_password(self, query: SignInWithPassword) -> SignedInReply:
        """
        Let somebody in who knows a password.

        Raises:
            TooManyAttempts: too much has failed from there.
            WrongCredentials: one of the two is not right.
        """
        parts = self._parts
        email = query.email.strip().lower()
        person_id = await parts.people.by_email(email)
        known = await parts.devices.knows(query.at.device, person_id)
        device = query.at.device if known else None
        counts = counts_of(query.at.remote, email, device=device)
        blocks = await parts.throttling.admit(counts)
        kept = await parts.accounts.password_hash(person_id or "")
        right = await parts.passwords.is_right(kept, query.password)
        if not right or person_id is None:
            if blocks and person_id is not None:
                self._note_tried(person_id)
            raise WrongCredentials(WRONG)
        await parts.throttling.succeeded(counts)
        if kept is not None and parts.passwords.is_outdated(kept):
            await parts.accounts.keep_hash(
                person_id, await parts.passwords.hash(query.password)
            )
        return await self.let_in(person_id, "PASSWORD", query.at, proven=True)

    async def with_link(self, query: SignInWithLink) -> SignedInReply:
        """
        Let somebody in with a link, which is used up.

        Raises:
            LinkSpent: it was used, has ended, or never was.
        """
        link = await self._links.use(query.token)
        return await self.let_in(link.person_id, "LINK", query.at, proven=False)

    async def let_in(
        self, person_id: str, method: str, at: From, *, proven: bool
    ) -> SignedInReply:
        """Begin a session, put on record; either both happen or neither."""
        parts = self._parts
        person = await self._person(person_id)
        async with parts.pool.acquire() as connection, connection.transaction():
            first = await connection.fetchval(
                "insert into account (person_id, registered_at) values ($1, $2) "
                "on conflict do nothing returning 1",
                person_id,
                utc_now(),
            )
            secret, session = await parts.sessions.begin(
                connection, person_id, method, at, proven=proven
            )
            device = await parts.devices.remember(connection, at.device, person_id)
            events: list[Event] = [SignedIn(person_id=person_id, method=method)]
            if first is not None:
                events.insert(0, PersonRegistered(person_id=person_id))
            await parts.facts.record(person_id, f"person/{person_id}", *events)
        return await self.reply(person, secret, session, device)

    async def reply(
        self, person: Person, secret: str, session: Session, device: str | None = None
    ) -> SignedInReply:
        """Say who is signed in, and with which secret."""
        ways = await self._parts.accounts.ways(person.id)
        return SignedInReply(
            session=secret,
            device=device,
            expires_at=session.expires_at,
            asker=asker_of(secret, session, person, self._parts.sessions),
            without_credential=ways.count == 0,
        )

    async def _person(self, person_id: str) -> Person:
        person = await self._parts.people.by_id(person_id)
        if person is None:
            raise NotKnown("This account is no more.")
        return person

    # --- Out ---

    async def out(self, query: SignOut) -> Reply:
        session = await self._parts.sessions.find(query.session)
        if session is not None:
            await self._parts.sessions.end(session.person_id, session.session_id)
        return DONE

    async def out_everywhere(self, query: SignOutEverywhere) -> Reply:
        session = await self._parts.sessions.required(query.session)
        but = session.session_id if query.but_this else None
        await self._parts.sessions.end_all(session.person_id, but)
        return DONE

    async def end(self, query: EndSession) -> Reply:
        session = await self._parts.sessions.required(query.session)
        if not await self._parts.sessions.end(session.person_id, query.session_id):
            raise NotKnown("This session has ended already.")
        return DONE

    # --- On record, after the answer ---

    def _note_tried(self, person_id: str) -> None:
        try:
            self._tried.put_nowait(person_id)
        except asyncio.QueueFull:
            log.warning("not recorded that sign-ins are made to wait", person=person_id)

    async def record_tried(self) -> None:
        """Put on record, for ever, who is being tried so often that attempts have to wait."""
        while True:
            person_id = await self._tried.get()
            event = SignInBlocked(person_id=person_id, failures=FREE[Of.ACCOUNT])
            try:
                await self._parts.facts.record(person_id, "anonymous", event)
            except StoreFault:
                log.exception("not recorded that sign-ins wait", person=person_id)


def of_session(session: Session) -> tuple[Count, ...]:
    """Say what a wrong password within a session is counted for: only who has the session can use it up."""
    return (Count.for_(Of.DEVICE, session.session_id),)

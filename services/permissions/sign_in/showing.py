"""Who it is that asks: a session in a browser, a person's token, a program's."""

from typing import Final

from services.permissions.sign_in.minting import csrf_of
from services.permissions.sign_in.parts import Parts
from services.permissions.sign_in.people import Person
from services.permissions.sign_in.sessions import Session, Sessions
from services.permissions.sign_in.tokens import PROGRAM_PREFIX, Tokens
from shared.messages.signing_in import Asker, Known, WhoIs

NOBODY: Final = Known()


def asker_of(secret: str, session: Session, person: Person, sessions: Sessions) -> Asker:
    """Describe whoever has a session."""
    return Asker(
        actor=f"person/{person.id}",
        name=person.called,
        session_id=session.session_id,
        csrf=csrf_of(secret),
        stepped_up_until=sessions.stepped_up_until(session),
        expires_at=session.expires_at,
    )


class Showing:
    """Answers `WhoIs`, at every request of the portal."""

    def __init__(self, parts: Parts, tokens: Tokens) -> None:
        self._parts = parts
        self._tokens = tokens

    async def who_is(self, query: WhoIs) -> Known:
        if query.session is not None:
            return await self._by_session(query.session)
        if query.bearer is not None:
            return await self._by_token(query.bearer)
        return NOBODY

    async def _by_session(self, secret: str) -> Known:
        session = await self._parts.sessions.find(secret)
        if session is None:
            return NOBODY
        person = await self._parts.people.by_id(session.person_id)
        if person is None:
            return NOBODY
        return Known(asker=asker_of(secret, session, person, self._parts.sessions))

    async def _by_token(self, secret: str) -> Known:
        if secret.startswith(PROGRAM_PREFIX):
            access = await self._tokens.access(secret)
            if access is None:
                return NOBODY
            return Known(
                asker=Asker(
                    actor=f"client/{access.owner}",
                    name=access.label,
                    scopes=access.scopes,
                    expires_at=access.expires_at,
                )
            )
        token = await self._tokens.find(secret)
        if token is None:
            return NOBODY
        person = await self._parts.people.by_id(token.owner)
        if person is None:
            return NOBODY
        return Known(
            asker=Asker(
                actor=f"person/{person.id}",
                name=person.called,
                token_id=token.token_id,
                scopes=token.scopes,
                expires_at=token.expires_at,
            )
        )

"""
Who asks: put into every request, by asking permissions each time, so that what is ended is ended at once.

    askers.asker_of(request)    whoever it is, or nobody
    required(request)           whoever it is; nobody is sent to sign in
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.portal.askers import asker_of
from services.portal.paper import Paper, language_of
from services.portal.signing_in import cookies
from services.portal.signing_in.origins import SAFE_METHODS, is_foreign
from services.portal.signing_in.questions import PermissionsUnavailable, Questions
from shared.context import acting
from shared.messages.signing_in import SECRET_CHARS_MAX, Asker, From, Known, WhoIs
from shared.speech import _, marked, speaking

STATE: Final = "asker"
AGAIN: Final = "asker_again"
STATIC: Final = "/static/"
AWAY: Final = marked(
    "The part of Ampledger that knows who you are does not answer at present. Charging goes on. "
    "Try again in a moment"
)
FOREIGN: Final = marked(
    "Another site's page asked for this. Open Ampledger itself, and do it there"
)
NO_TOKEN: Final = marked(
    "This token has ended, was revoked, or never was; make another one under My account"
)

log = structlog.get_logger()


class NotSignedIn(HTTPException):
    """Nobody is signed in, and here somebody has to be."""

    def __init__(self) -> None:
        super().__init__(401, _("Sign in first"), {"WWW-Authenticate": "Bearer"})


def required(connection: HTTPConnection) -> Asker:
    """
    Name who asks.

    Raises:
        NotSignedIn: nobody that is known.
    """
    asker = asker_of(connection)
    if asker is None:
        raise NotSignedIn
    return asker


def origin_of(connection: HTTPConnection) -> From:
    """Say where somebody asks from."""
    device = cookies.read(connection, cookies.DEVICE)
    return From(
        remote=connection.client.host[:64] if connection.client else "",
        browser=connection.headers.get("User-Agent", "")[:400],
        device=device if device is None or len(device) <= SECRET_CHARS_MAX else None,
    )


async def still_asks(connection: HTTPConnection) -> bool:
    """Ask anew, in the middle of a long answer, whether it is still the same who asks."""
    again: Callable[[], Awaitable[Asker | None]] = connection.scope["state"][AGAIN]
    try:
        asker = await again()
    except HTTPException:
        return False
    return asker is not None and asker.actor == required(connection).actor


class WhoAsks:
    """Stands before all routes."""

    def __init__(self, app: ASGIApp, questions: Questions, paper: Paper) -> None:
        self._app = app
        self._questions = questions
        self._paper = paper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(STATIC):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        scope.setdefault("state", {})[STATE] = None
        with speaking(language_of(request)):
            await self._let_in(request, scope, receive, send)

    async def _let_in(
        self, request: Request, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            asker = await self._who(request)
        except HTTPException as fault:
            await self._paper.fault(request, fault)(scope, receive, send)
            return
        scope["state"] |= {STATE: asker, AGAIN: partial(self._who, request)}
        with acting(asker.actor if asker is not None else "anonymous"):
            await self._app(scope, receive, send)

    async def _who(self, request: Request) -> Asker | None:
        """
        Ask permissions who it is.

        Raises:
            HTTPException: nobody can say, the token is nobody's, or another site's page has sent this.
        """
        bearer = bearer_of(request.headers)
        if bearer is not None:
            asker = await self._ask(WhoIs(bearer=bearer[:SECRET_CHARS_MAX]))
            if asker is None:
                raise HTTPException(
                    401, _(NO_TOKEN), {"WWW-Authenticate": 'Bearer error="invalid_token"'}
                )
            return asker
        session = cookies.read(request, cookies.SESSION)
        if request.method not in SAFE_METHODS and is_foreign(request.headers, request.url):
            raise HTTPException(403, _(FOREIGN))
        if session is None or len(session) > SECRET_CHARS_MAX:
            return None
        return await self._ask(WhoIs(session=session))

    async def _ask(self, query: WhoIs) -> Asker | None:
        try:
            return (await self._questions.ask(query, Known)).asker
        except PermissionsUnavailable as fault:
            log.warning("nobody says who asks", fault=str(fault))
            raise HTTPException(503, _(AWAY), {"Retry-After": "2"}) from fault


def bearer_of(headers: Headers) -> str | None:
    """
    Read the token that a request brings.

    >>> bearer_of(Headers({"Authorization": "bearer amp_x"}))
    'amp_x'
    >>> bearer_of(Headers({"Authorization": "Basic eDp5"})) is None
    True
    """
    kind, _, value = headers.get("Authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" and value.strip() else None

"""
Whoever has changed something sees it, whichever portal they are led to next.

A portal answers a change once it has heard of it itself. Another one may be some milliseconds behind; so
the browser carries with it, for a few seconds, how far a log was when its change was in it, and whoever is
asked next waits until it has come as far. Programs say the same with `min_position` (`api/hearing.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.changed import CHANGED, read, written
from services.portal.signing_in import cookies
from services.portal.signing_in.asking import STATIC, bearer_of

COOKIE: Final = "ampledger-changed"
LASTS_S: Final = 10
"""Long enough for the page that comes next; a portal that is further behind says so by its figures."""
WAIT_S_MAX: Final = 1.0
"""How long an answer is held up at most."""
Until = Callable[[str, int, float], Awaitable[bool]]
"""Waits until the portal has heard of a service's log up to a position; not longer than so many seconds."""


class OwnChanges:
    """Stands before the routes."""

    def __init__(self, app: ASGIApp, until: Until) -> None:
        self._app = app
        self._until = until

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(STATIC):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        await self._seen(read(cookies.read(request, COOKIE)))
        changed: dict[str, int] = {}
        is_browser = bearer_of(request.headers) is None

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and changed and is_browser:
                headers = [*message.get("headers", ()), *_kept(request, changed)]
                message = {**message, "headers": headers}
            await send(message)

        token = CHANGED.set(changed)
        try:
            await self._app(scope, receive, sent)
        finally:
            CHANGED.reset(token)

    async def _seen(self, marks: dict[str, int]) -> None:
        waits = [self._until(service, at, WAIT_S_MAX) for service, at in marks.items()]
        await asyncio.gather(*waits)


def _kept(request: Request, changed: dict[str, int]) -> list[tuple[bytes, bytes]]:
    response = Response()
    cookies.keep(response, request, COOKIE, written(changed), LASTS_S)
    return [it for it in response.raw_headers if it[0] == b"set-cookie"]

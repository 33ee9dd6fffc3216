"""
How a web server leaves, so that nobody's request fails when another one takes its place.

Asked to stop, it goes on answering for a while, and has every connection end with the answer it carries, so
that whoever comes again does so by a new one. Then it takes no more connections, and waits for what is on
its way.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANSWERS_S_MAX: Final = 9.0
"""How long answers that are on their way are waited for: what is asked of a service that is started again
takes some seconds."""
LOOK_S: Final = 0.05
_END: Final = (b"connection", b"close")
_STREAM: Final = b"text/event-stream"

log = structlog.get_logger()


class Leaving:
    """
    Stands before the application, and counts what is on its way.

    Args:
        app: what answers.
        over_s: for how long connections are still taken after the server was asked to stop.
        on_leaving: called as it begins; it ends streams, whose viewers come again by themselves.
    """

    def __init__(self, app: ASGIApp, over_s: float, on_leaving: Callable[[], None]) -> None:
        self._app = app
        self._over_s = over_s
        self._on_leaving = on_leaving
        self._begun = False
        self._on_their_way = 0
        self.close_doors: Callable[[], None] = lambda: None
        """Takes no more connections; the server puts it here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        waits = True
        self._on_their_way += 1

        async def sent(message: Message) -> None:
            nonlocal waits
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if waits and _is_stream(headers):
                    waits = False  # it has no end of its own
                    self._on_their_way -= 1
                if self._begun:
                    message = {**message, "headers": [*headers, _END]}
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            if waits:
                self._on_their_way -= 1

    async def leave(self, hurry: asyncio.Event) -> None:
        """
        Leave calmly.

        Args:
            hurry: once it is set, nothing is waited for.
        """
        self._begun = True
        self._on_leaving()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(hurry.wait(), self._over_s)
        self.close_doors()
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + ANSWERS_S_MAX
        # An event would have to be set by every request.
        while self._on_their_way and not hurry.is_set() and loop.time() < ends_s:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
        if self._on_their_way:
            log.warning("answers are cut off", requests=self._on_their_way)


def _is_stream(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(_STREAM) for name, value in headers
    )

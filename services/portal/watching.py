"""Live streams of a few things: a picture of one's own, drawn whenever the installation's picture moves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import orjson
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request

from services.portal.signing_in.asking import still_asks
from services.portal.viewers import Sight, Viewers

RECONNECT_MS: Final = 1000
ASKED_AGAIN_S: Final = 5.0
"""How often it is asked anew, while a live stream goes on, whether its viewer is still signed in."""

Drawn = Mapping[str, Any]
"""The parts of a picture by name, as scripts of pages know them."""


def streamed(
    request: Request,
    viewers: Viewers,
    sight: Sight,
    draw: Callable[[], Drawn | None],
    may: Callable[[], bool],
) -> EventSourceResponse:
    """
    Send a picture, and again whenever it differs.

    Args:
        request: who asks; the stream ends when they are not signed in any more.
        viewers: draw the installation's picture once for all who look at it.
        sight: that picture.
        draw: makes the picture that is sent out of what is known now; none: it is not there any more.
        may: tells whether it may still be seen.
    """
    events = _events(request, viewers, sight, draw, may)
    return EventSourceResponse(events, ping=0)


async def _events(
    request: Request,
    viewers: Viewers,
    sight: Sight,
    draw: Callable[[], Drawn | None],
    may: Callable[[], bool],
) -> AsyncIterator[ServerSentEvent]:
    loop = asyncio.get_running_loop()
    asked_s = loop.time()
    sent = b""
    async for _ in viewers.watch(sight):
        if loop.time() - asked_s > ASKED_AGAIN_S:
            asked_s = loop.time()
            if not await still_asks(request):
                return
        drawn = draw() if may() else None
        if drawn is None:
            return
        written = orjson.dumps(drawn)
        name, data = ("beat", "") if written == sent else ("view", written.decode())
        sent = written
        yield ServerSentEvent(event=name, data=data, retry=RECONNECT_MS)

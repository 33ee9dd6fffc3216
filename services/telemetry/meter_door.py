"""
The small web server that meters at breakers push their readings to.

    POST /meters/<installation>/<meter>

It listens on the loopback interface unless told otherwise. A meter that was issued a token shows it; where
it listens for others than this machine, every meter does.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.telemetry.breaker_meters import BODY_BYTES_MAX, BreakerMeter, ReadingRefused
from services.telemetry.meter_inbox import MeterInbox

PATH: Final = "/meters/{installation_id}/{meter_id}"

Judge = Callable[[BreakerMeter, Request], Awaitable[None]]
"""Raises `ReadingRefused` where a meter does not show that it is the one it says it is."""


class MeterDoor:
    """Takes readings by HTTP, and answers each of them."""

    def __init__(self, inbox: MeterInbox, judge: Judge) -> None:
        self._inbox = inbox
        self._judge = judge

    def application(self) -> Starlette:
        """Make the web application."""
        return Starlette(routes=[Route(PATH, self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        installation_id = request.path_params["installation_id"]
        meter_id = request.path_params["meter_id"]
        try:
            meter = self._inbox.meter(installation_id, meter_id)
            await self._judge(meter, request)
            self._inbox.take(meter, await _body(request), "HTTP")
        except ReadingRefused as refused:
            self._inbox.refused(installation_id, meter_id, refused, "HTTP")
            told = {"refusal": refused.refusal, "detail": refused.detail}
            return JSONResponse(told, refused.status, _headers(refused))
        return Response(status_code=HTTPStatus.ACCEPTED)


def _headers(refused: ReadingRefused) -> dict[str, str]:
    return {"WWW-Authenticate": "Bearer"} if refused.status == HTTPStatus.UNAUTHORIZED else {}


async def _body(request: Request) -> bytes:
    """Read what comes, and hardly more than a reading can be: one that has more is refused anyway."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            break
    return body

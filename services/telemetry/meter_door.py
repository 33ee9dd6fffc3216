"""
The small web server that meters at breakers push their readings to.

    POST /meters/<installation>/<meter>

It listens on the loopback interface unless told otherwise. A meter that was issued a token shows it; where
it listens for others than this machine, every meter does.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.telemetry.breaker_meters import (
    BODY_BYTES_MAX,
    BreakerMeter,
    ReadingRefused,
    reading_of,
)
from services.telemetry.publisher import Publisher
from shared.ids import InstallationId, MeterId

PATH: Final = "/meters/{installation_id}/{meter_id}"

Find = Callable[[InstallationId, MeterId], BreakerMeter | None]
Judge = Callable[[BreakerMeter, Request], Awaitable[None]]
"""Raises `ReadingRefused` where a meter does not show that it is the one it says it is."""

log = structlog.get_logger()


class MeterDoor:
    """Takes readings, and remembers of each meter when it measured last."""

    def __init__(
        self, find: Find, judge: Judge, publisher: Publisher, clock: Callable[[], datetime]
    ) -> None:
        self._find = find
        self._judge = judge
        self._publisher = publisher
        self._clock = clock
        self._last: dict[tuple[InstallationId, MeterId], datetime] = {}

    def application(self) -> Starlette:
        """Make the web application."""
        return Starlette(routes=[Route(PATH, self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        installation_id = request.path_params["installation_id"]
        meter_id = request.path_params["meter_id"]
        try:
            await self._offer(installation_id, meter_id, request)
        except ReadingRefused as refused:
            log.info(
                "breaker reading refused",
                installation_id=installation_id,
                meter_id=meter_id,
                refusal=refused.refusal,
                detail=refused.detail,
            )
            told = {"refusal": refused.refusal, "detail": refused.detail}
            return JSONResponse(told, refused.status, _headers(refused))
        return Response(status_code=HTTPStatus.ACCEPTED)

    async def _offer(
        self, installation_id: InstallationId, meter_id: MeterId, request: Request
    ) -> None:
        meter = self._find(installation_id, meter_id)
        if meter is None:
            raise ReadingRefused(
                HTTPStatus.NOT_FOUND,
                "UnknownMeter",
                f"there is no meter {meter_id} in installation {installation_id}; enter it first: "
                f"ampledger meter add {installation_id} {meter_id}",
            )
        await self._judge(meter, request)
        key = (installation_id, meter_id)
        body = await _body(request)
        reading = reading_of(meter, body, self._clock(), self._last.get(key))
        self._last[key] = reading.measured_at
        self._publisher.offer(reading)


def _headers(refused: ReadingRefused) -> dict[str, str]:
    return {"WWW-Authenticate": "Bearer"} if refused.status == HTTPStatus.UNAUTHORIZED else {}


async def _body(request: Request) -> bytes:
    """
    Read what comes, and no more than a reading can be.

    Raises:
        ReadingRefused: it is more.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise ReadingRefused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "ReadingTooLarge",
                f"a reading has at most {BODY_BYTES_MAX} bytes; send one reading at a time",
            )
    return body

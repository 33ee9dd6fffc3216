"""
The small web server that meters at breakers push their readings to.

    POST /meters/<installation>/<meter>

It listens on the loopback interface unless told otherwise, and asks nobody who they are.
"""

from collections.abc import Callable
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

log = structlog.get_logger()


class MeterDoor:
    """Takes readings, and remembers of each meter when it measured last."""

    def __init__(self, find: Find, publisher: Publisher, clock: Callable[[], datetime]) -> None:
        self._find = find
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
            return JSONResponse(told, refused.status)
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
        key = (installation_id, meter_id)
        body = await _body(request)
        reading = reading_of(meter, body, self._clock(), self._last.get(key))
        self._last[key] = reading.measured_at
        self._publisher.offer(reading)


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

"""Who did what at an installation, and who was refused what: as a page, and as JSON."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final
from zoneinfo import ZoneInfo

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.deed_rows import rows
from services.portal.past import Past, TooManyLook
from shared.history.deeds import Deed, Wanted
from shared.ids import InstallationId
from shared.messaging import ServiceUnavailable

SHOWN_MAX: Final = 200
"""How many deeds are shown: the newest ones."""
COME_AGAIN_S: Final = "5"


Page = Callable[..., Response]
"""Draws a template with what it may show."""


class DeedPages:
    """The page and its JSON; that the installation exists, and may be looked at, was seen to before."""

    def __init__(self, page: Page, past: Past, time_zone: ZoneInfo | None) -> None:
        self._page = page
        self._past = past
        self._time_zone = time_zone

    async def page(
        self, request: Request, installation_id: InstallationId, name: str
    ) -> Response:
        wanted = _wanted(request)
        found = await self.found(installation_id, wanted)
        return self._page(
            request,
            "who_did.html",
            installation_id=installation_id,
            name=name,
            refused=wanted.refused,
            earlier=max(0, len(found) - SHOWN_MAX),
            rows=rows(found[-SHOWN_MAX:], self._time_zone),
        )

    async def json(self, request: Request, installation_id: InstallationId) -> Response:
        found = await self.found(installation_id, _wanted(request))
        body = {
            "deeds": [it.as_json() for it in found[-SHOWN_MAX:]],
            "earlier": max(0, len(found) - SHOWN_MAX),
        }
        return Response(
            orjson.dumps(body),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def found(self, installation_id: InstallationId, wanted: Wanted) -> Sequence[Deed]:
        """
        Tell who did what, from the earliest that is read to the latest.

        Raises:
            HTTPException: 503, so many look already, or a service does not answer.
        """
        try:
            return await self._past.deeds(installation_id, wanted)
        except TooManyLook as fault:
            detail = "Many look at the past at this moment; try again in a few seconds"
            raise _later(detail) from fault
        except ServiceUnavailable as fault:
            raise _later(f"The past cannot be read now: {fault}") from fault


def _wanted(request: Request) -> Wanted:
    who = request.query_params.get("who")
    return Wanted(
        who=frozenset({who}) if who else None,
        refused=request.query_params.get("refused") == "1",
    )


def _later(detail: str) -> HTTPException:
    return HTTPException(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": COME_AGAIN_S}
    )

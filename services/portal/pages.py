"""
Pages, the live stream and the API seed: the same view, as HTML, as events, as JSON.

All of it is for people who are signed in, and shows them what their roles let them see. A place where
somebody has no role is answered as one that is not there.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from services.portal.access import pages as access
from services.portal.api.application import PREFIX
from services.portal.charger_page import pages as charger_page
from services.portal.compressing import Compressed
from services.portal.deed_pages import DeedPages
from services.portal.driver import pages as driver
from services.portal.firmware import pages as firmware
from services.portal.languages import choose
from services.portal.paper import STATIC, as_json
from services.portal.parts import Area, Parts
from services.portal.power import pages as power
from services.portal.reports import pages as reports
from services.portal.security import SecurityHeaders
from services.portal.settings_pages import pages as settings
from services.portal.setup.pages import routes as set_up
from services.portal.signing_in.account import AccountPages
from services.portal.signing_in.asking import AWAY, WhoAsks, required, still_asks
from services.portal.signing_in.company_pages import CompanyPages
from services.portal.signing_in.pages import SignInPages
from services.portal.signing_in.programs import ProgramTokens
from services.portal.signing_in.questions import PermissionsUnavailable
from services.portal.support import pages as support
from services.portal.view import InstallationView
from services.portal.viewers import Sight
from services.portal.warnings import pages as warnings
from services.portal.watching import ASKED_AGAIN_S, RECONNECT_MS
from shared.rights.table import Action
from shared.speech import _, spoken

VIEW: Final = b"event: view\r\ndata: %%s\r\nretry: %d\r\n\r\n" % RECONNECT_MS
BEAT: Final = b"event: beat\r\ndata: \r\nretry: %d\r\n\r\n" % RECONNECT_MS
"""Events as they are sent: JSON has no line breaks, so that each is one line of data."""
FILTERS: Final = ("all", "charging", "waiting", "problems")


AREAS: Final[tuple[Area, ...]] = (
    access.routes,
    support.routes,
    charger_page.routes,
    warnings.routes,
    driver.routes,
    reports.routes,
    set_up,
    power.routes,
    settings.routes,
    firmware.routes,
)
"""Groups of pages that stand beside these; each makes its own routes."""


def application(parts: Parts, api: ASGIApp) -> ASGIApp:
    """
    Put the pages together.

    Args:
        parts: what pages are made with.
        api: stands beside the pages.
    """
    paper, questions = parts.paper, parts.questions
    pages = Pages(parts)

    async def away(request: Request, _error: Exception) -> Response:
        return paper.fault(request, HTTPException(503, _(AWAY), {"Retry-After": "2"}))

    async def fault(request: Request, error: Exception) -> Response:
        told = error if isinstance(error, HTTPException) else HTTPException(500)
        return paper.fault(request, told)

    pages_and_api = Starlette(
        routes=[
            *(route for area in AREAS for route in area(parts)),
            Route("/installations/{installation_id}", pages.installation),
            Route("/installations/{installation_id}/live", pages.live),
            Route("/installations/{installation_id}/who-did", pages.who_did),
            Route("/api/installations/{installation_id}", pages.api_installation),
            Route("/language", choose, methods=["POST"]),
            *SignInPages(questions, paper).routes(),
            *CompanyPages(questions, paper).routes(),
            *AccountPages(questions, paper).routes(),
            *ProgramTokens(questions).routes(),
            Mount(PREFIX, api, name="api"),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[
            Middleware(Compressed),
            Middleware(WhoAsks, questions=questions, paper=paper),
        ],
        exception_handlers={
            HTTPException: fault,
            PermissionsUnavailable: away,
            Exception: fault,  # it says that something went wrong, and nothing of what
        },
    )
    return SecurityHeaders(pages_and_api)


class Pages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._sights = parts.sights
        self._viewers = parts.viewers
        self._seeing = parts.seeing
        self._paper = parts.paper
        self._places = parts.places
        self._deeds = DeedPages(
            parts.paper.page, parts.past, parts.admit, parts.sights.time_zone
        )

    async def installation(self, request: Request) -> Response:
        show = request.query_params.get("show", FILTERS[0])
        return self._paper.page(
            request,
            "installation.html",
            view=self._view(request),
            here=self._places.here(request, Action.LIVE),
            filters=FILTERS,
            deactivated=_deactivated(request),
            show=show if show in FILTERS else FILTERS[0],
        )

    async def live(self, request: Request) -> Response:
        head = self._view(request).head
        sight = Sight(head.id, _deactivated(request), spoken())
        return EventSourceResponse(self._events(request, sight), ping=0)

    async def _events(self, request: Request, sight: Sight) -> AsyncIterator[bytes]:
        """Tell what changes, for as long as whoever asks is signed in and may see it; the browser then asks
        again, and is told why not."""
        asker = required(request)
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        async for told in self._viewers.watch(sight):
            if loop.time() - asked_s > ASKED_AGAIN_S:
                asked_s = loop.time()
                if not await still_asks(request):
                    return
            if not self._seeing.live(asker, sight.installation_id):
                return
            yield BEAT if told is None else VIEW % told.written

    async def api_installation(self, request: Request) -> Response:
        return as_json(self._view(request))

    async def who_did(self, request: Request) -> Response:
        here = self._places.here(request, Action.HISTORY)
        return await self._deeds.page(request, here)

    # --- What somebody may see ---

    def _view(self, request: Request) -> InstallationView:
        installation_id = self._places.here(request, Action.LIVE).id
        view = self._sights.view(Sight(installation_id, _deactivated(request), spoken()))
        if view is None:
            raise HTTPException(404, _("There is no installation “%(id)s”", id=installation_id))
        return view


def _deactivated(request: Request) -> bool:
    """Whether somebody wants to see also what is out of use."""
    return request.query_params.get("deactivated") == "1"

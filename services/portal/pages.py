"""Pages, the live stream and the API seed: the same view, as HTML, as events, as JSON."""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp

from services.portal.api.application import PREFIX
from services.portal.deed_pages import DeedPages
from services.portal.knocks import Knock
from services.portal.past import Past
from services.portal.security import SecurityHeaders
from services.portal.view import InstallationView
from services.portal.viewers import Sight, Viewers
from shared.ids import InstallationId

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
RECONNECT_MS: Final = 1000
FILTERS: Final = ("all", "charging", "waiting", "problems")


@dataclass(frozen=True, slots=True)
class Sights:
    """What there is to be seen."""

    all_views: Callable[[], Sequence[InstallationView]]
    view: Callable[[Sight], InstallationView | None]
    knocks: Callable[[], Sequence[Knock]]
    time_of_day: Callable[[], str]
    time_zone: ZoneInfo | None = None
    """Of times that no installation has one for; by default the machine's."""


def application(sights: Sights, viewers: Viewers, past: Past, api: ASGIApp) -> Starlette:
    """Put the pages together, with the API beside them."""
    pages = Pages(sights, viewers, past)
    return Starlette(
        routes=[
            Route("/", pages.installations),
            Route("/installations/{installation_id}", pages.installation),
            Route("/installations/{installation_id}/live", pages.live),
            Route("/installations/{installation_id}/who-did", pages.who_did),
            Route("/api/installations", pages.api_installations),
            Route("/api/installations/{installation_id}", pages.api_installation),
            Route("/api/installations/{installation_id}/who-did", pages.api_who_did),
            Mount(PREFIX, api, name="api"),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={HTTPException: pages.not_found},
    )


class Pages:
    """One method for every route."""

    def __init__(self, sights: Sights, viewers: Viewers, past: Past) -> None:
        self._sights = sights
        self._viewers = viewers
        self._deeds = DeedPages(self._page, past, sights.time_zone)
        self._templates = Jinja2Templates(directory=HERE / "templates")
        self._templates.env.trim_blocks = self._templates.env.lstrip_blocks = True
        self._templates.env.globals["static_url"] = static_url

    async def installations(self, request: Request) -> Response:
        everything = self._sights.all_views()
        views = _shown(request, everything)
        return self._page(
            request,
            "installations.html",
            views=views,
            deactivated=_deactivated(request),
            hidden=sum(not it.head.active for it in everything),
            knocks=self._sights.knocks(),
        )

    async def installation(self, request: Request) -> Response:
        show = request.query_params.get("show", FILTERS[0])
        return self._page(
            request,
            "installation.html",
            view=self._view(request),
            filters=FILTERS,
            deactivated=_deactivated(request),
            show=show if show in FILTERS else FILTERS[0],
        )

    async def live(self, request: Request) -> Response:
        head = self._view(request).head
        return EventSourceResponse(self._events(Sight(head.id, _deactivated(request))), ping=0)

    async def _events(self, sight: Sight) -> AsyncIterator[ServerSentEvent]:
        async for told in self._viewers.watch(sight):
            name, data = ("beat", "") if told is None else ("view", orjson.dumps(told).decode())
            yield ServerSentEvent(event=name, data=data, retry=RECONNECT_MS)

    async def api_installations(self, request: Request) -> Response:
        views = _shown(request, self._sights.all_views())
        listed = [{"head": it.head, "scene": it.scene} for it in views]
        return _json({"installations": listed, "knocks": self._sights.knocks()})

    async def api_installation(self, request: Request) -> Response:
        return _json(self._view(request))

    async def who_did(self, request: Request) -> Response:
        head = self._view(request).head
        return await self._deeds.page(request, head.id, head.name)

    async def api_who_did(self, request: Request) -> Response:
        return await self._deeds.json(request, self._view(request).head.id)

    async def not_found(self, request: Request, error: Exception) -> Response:
        """Answer what is not there, or not done that way, in the asker's own language."""
        fault = error if isinstance(error, HTTPException) else HTTPException(500)
        if request.url.path.startswith("/api/"):
            body = {"type": "about:blank", "title": fault.detail, "status": fault.status_code}
            answer = _json(body, fault.status_code, "application/problem+json")
        else:
            answer = self._page(request, "fault.html", fault.status_code, fault=fault)
        answer.headers.update(fault.headers or {})
        return answer

    def _view(self, request: Request) -> InstallationView:
        installation_id: InstallationId = request.path_params["installation_id"]
        view = self._sights.view(Sight(installation_id, _deactivated(request)))
        if view is None:
            raise HTTPException(404, f"There is no installation “{installation_id}”")
        return view

    def _page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        **content: Any,  # noqa: ANN401  # what a template may show
    ) -> Response:
        content["now"] = self._sights.time_of_day()
        return self._templates.TemplateResponse(
            request, template, content, status, headers={"Cache-Control": "no-store"}
        )


def _deactivated(request: Request) -> bool:
    """Whether somebody wants to see also what is out of use."""
    return request.query_params.get("deactivated") == "1"


def _shown(request: Request, views: Sequence[InstallationView]) -> list[InstallationView]:
    return [it for it in views if it.head.active or _deactivated(request)]


def _json(body: object, status: int = 200, media_type: str = "application/json") -> Response:
    return Response(
        orjson.dumps(body), status, media_type=media_type, headers={"Cache-Control": "no-store"}
    )


@cache
def static_url(name: str) -> str:
    """Name a file of ours together with its content, so that browsers never show an old one."""
    content = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={content[:10]}"

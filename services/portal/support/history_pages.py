"""The past of an installation on pages: as a timeline, and moment by moment."""

from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from services.portal.documents import Layout
from services.portal.looking_back import LookingBack, query_of
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.support.replay import Asked, moment_of
from services.portal.support.telling import KINDS, Kind, Wanted, page_of
from shared.rights.table import Action
from shared.speech import _

MOMENT_CHARS_MAX: Final = 40


class HistoryPages:
    """One method for every page."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._back = LookingBack(parts.paper.page, parts.past, parts.admit)

    async def timeline(self, request: Request) -> Response:
        here = self._parts.places.here(request, Action.HISTORY)
        wanted = wanted_in(request, here.layout)
        tell = partial(page_of, here.id, wanted, zone_of(here))
        found = await self._back.look(request, here, tell)
        if isinstance(found, Response):
            return found
        return self._parts.paper.page(
            request,
            "history.html",
            here=here,
            page=found,
            wanted=wanted,
            kinds=[
                (it, _(name), query_of(request, kind=it, before=None))
                for it, name in KINDS.items()
            ],
            chargers=[
                ("", _("all chargers")),
                *((it.charger_id, it.name) for it in here.layout.chargers),
            ],
            again=partial(query_of, request),
            reason=request.query_params.get("reason", ""),
        )

    async def moment(self, request: Request) -> Response:
        here = self._parts.places.here(request, Action.HISTORY)
        asked = Asked(
            installation_id=here.id,
            at=_named(request, "time") or _named(request, "at"),
            since=_named(request, "since"),
            now=self._parts.now(),
            zone=zone_of(here),
        )
        found = await self._back.look(request, here, partial(moment_of, asked))
        if isinstance(found, Response):
            return found
        return self._parts.paper.page(
            request,
            "replay.html",
            422 if found is not None and found.fault else 200,
            here=here,
            moment=found,
            again=partial(query_of, request, time=None),
            reason=request.query_params.get("reason", ""),
        )


def zone_of(here: Here) -> ZoneInfo:
    """Name the time zone of a place."""
    return ZoneInfo(here.layout.time_zone)


def wanted_in(request: Request, layout: Layout) -> Wanted:
    """Read what is asked for; a kind or a charger that there is not asks for everything."""
    kind = request.query_params.get("kind", "")
    named = request.query_params.get("charger", "")
    charger = next((it for it in layout.chargers if it.charger_id == named), None)
    return Wanted(
        kind=Kind(kind) if kind in list(Kind) else Kind.ALL,
        charger_id=None if charger is None else charger.charger_id,
        serial=None if charger is None else charger.serial,
        before=request.query_params.get("before"),
    )


def _named(request: Request, name: str) -> str:
    return request.query_params.get(name, "").strip()[:MOMENT_CHARS_MAX]

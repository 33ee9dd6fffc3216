"""The page of charging sessions, and all of them as CSV."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.portal.billing.columns import Names
from services.portal.billing.lines import line_of
from services.portal.billing.prices import Prices
from services.portal.billing.wording import kwh, sessions_counted
from services.portal.charging import Measured
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.reports.filters import (
    NOBODY,
    Filters,
    cursor_of,
    filters_of,
    read_cursor,
)
from services.portal.reports.rows import SessionRow, row_of
from services.portal.session_book import Which
from shared.rights.table import Action
from shared.speech import _

SHOWN: Final = 50


class SessionPages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: Request) -> Response:
        """List sessions, the newest first, with what they are together."""
        filters = filters_of(request.query_params)
        here = self._here(request, filters)
        zone, book = ZoneInfo(here.layout.time_zone), self._parts.sessions
        wanted = filters.which(here.id, zone, over=False)
        after = read_cursor(request.query_params.get("after", ""))
        found = await book.page(wanted, after, SHOWN + 1)
        shown, more = found[:SHOWN], len(found) > SHOWN
        names = await self._parts.maker.names(
            here.layout, self._all(here, filters), here.asker.actor
        )
        sums = await book.sums(wanted)
        last = shown[-1] if more else None
        return self._parts.paper.page(
            request,
            "sessions.html",
            here=here,
            filters=filters,
            rows=self._rows(here, await book.measured(here.id, shown), names),
            total=_(
                "%(sessions)s, %(kwh)s kWh",
                sessions=sessions_counted(sums.sessions),
                kwh=kwh(sums.energy_wh),
            ),
            going_on=sums.going_on,
            between=kwh(sums.before_wh) if sums.before_wh else "",
            chargers=[("", _("all chargers")), *sorted(names.chargers.items(), key=_by_name)],
            people=[
                ("", _("everybody")),
                *sorted(names.people.items(), key=_by_name),
                (NOBODY, _("nobody that is known")),
            ],
            next=None if last is None else cursor_of(last.started_at, last.session_id),
            first=after is None,
            may_report=here.may(Action.REPORTS),
        )

    async def csv(self, request: Request) -> Response:
        """Give all sessions of a filter that are over, while they are read."""
        filters = filters_of(request.query_params)
        here = self._here(request, filters)
        wanted = filters.which(here.id, ZoneInfo(here.layout.time_zone), over=True)
        maker = self._parts.maker
        names = await maker.names(here.layout, wanted, here.asker.actor)
        headers = {
            "Content-Disposition": f'attachment; filename="{here.id}-sessions.csv"',
            "Cache-Control": "no-store",
        }
        return StreamingResponse(
            maker.csv(here.layout, wanted, names),
            headers=headers,
            media_type="text/csv; charset=utf-8",
        )

    def _here(self, request: Request, filters: Filters) -> Here:
        """At one charger, its owner's role is enough."""
        return self._parts.places.here(request, Action.ALL_SESSIONS, filters.charger_id or None)

    def _all(self, here: Here, filters: Filters) -> Which:
        """Everybody who ever charged where one looks can be chosen."""
        return Which(here.id, filters.charger_id or None)

    def _rows(self, here: Here, found: Sequence[Measured], names: Names) -> list[SessionRow]:
        zone = ZoneInfo(here.layout.time_zone)
        prices = Prices(here.layout.tariffs, zone)
        return [row_of(line_of(it, prices), names, zone) for it in found]


def _by_name(entry: tuple[str, str]) -> tuple[str, str]:
    return (entry[1].casefold(), entry[0])

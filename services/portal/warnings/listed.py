"""The page of warnings, and taking notice of one."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.doing import Filled, Wrong, filled_in
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.warned import Warnings
from services.portal.warnings.showing import newest_first, people_in, rows
from shared.messages.notifications import AcknowledgeWarning
from shared.naming import names_of
from shared.rights.table import Action
from shared.speech import _


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    pages = WarningPages(parts)
    home = "/installations/{installation_id}/warnings"
    return (
        Route(home, pages.show),
        Route(f"{home}/{{warning_id}}/acknowledge", pages.acknowledge, methods=["POST"]),
    )


class WarningPages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: Request) -> Response:
        return await self._page(request, self._parts.places.here(request, Action.WARNINGS))

    async def acknowledge(self, request: Request) -> Response:
        filled = await filled_in(request)
        here = self._parts.places.here(request, Action.WARNINGS)
        fields = {
            "installation_id": here.id,
            "warning_id": request.path_params["warning_id"],
            "note": filled.one("note"),
        }
        done = await self._parts.doing.carry_out(filled, AcknowledgeWarning, fields)
        if isinstance(done, Wrong):
            return await self._page(request, here, done, filled)
        text = _("You have taken notice of the warning.")
        return self._parts.doing.done(request, f"{here.path}/warnings", done, text)

    async def _page(
        self,
        request: Request,
        here: Here,
        wrong: Wrong | None = None,
        filled: Filled | None = None,
    ) -> Response:
        warnings = self._parts.models.warnings.get(here.id) or Warnings()
        everything = [*newest_first(warnings), *warnings.past]
        people = people_in(everything)
        names = await names_of(self._parts.client, people, here.asker.actor)
        zone = ZoneInfo(here.layout.time_zone)
        return self._parts.paper.page(
            request,
            "warnings.html",
            status=200 if wrong is None else wrong.status,
            here=here,
            open=rows(newest_first(warnings), zone, names),
            past=rows(warnings.past, zone, names),
            may_reports=here.may(Action.REPORTS),
            wrong=wrong,
            filled=filled,
            tried=request.path_params.get("warning_id"),
        )

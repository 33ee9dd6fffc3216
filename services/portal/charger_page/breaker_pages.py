"""The page of one breaker: what it carries, what is committed behind it, and how that went lately."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.charger_page.curves import curve_of
from services.portal.parts import Parts
from services.portal.traces.samples import breaker_part
from services.portal.viewers import Sight
from shared.rights.table import Action
from shared.speech import _, spoken

PATH = "/installations/{installation_id}/breakers/{circuit_id}"


def breaker_routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes of the page."""

    async def page(request: Request) -> Response:
        here = parts.places.here(request, Action.LIVE)
        circuit_id: str = request.path_params["circuit_id"]
        view = parts.sights.view(Sight(here.id, deactivated=True, language=spoken()))
        found = () if view is None else view.breakers
        breaker = next((it for it in found if it.id == circuit_id), None)
        if view is None or breaker is None:
            raise HTTPException(404, _("There is no breaker “%(id)s” here", id=circuit_id))
        curve = await curve_of(
            parts, request, here, breaker_part(circuit_id), f"circuits/{circuit_id}"
        )
        chargers = [it for it in view.chargers if it.circuit_id == circuit_id and it.active]
        return parts.paper.page(
            request,
            "breaker.html",
            here=here,
            view=view,
            breaker=breaker,
            chargers=chargers,
            curve=curve,
        )

    return [Route(PATH, page)]

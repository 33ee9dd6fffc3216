"""A charger that was turned away because nobody has added it: where is it to stand?"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.portal.parts import Parts
from services.portal.setup.finding import PER_PAGE, found, search_of
from services.portal.setup.trees import circuits_for_chargers
from services.portal.signing_in.asking import required
from shared.rights.grants import Place
from shared.rights.table import Action

SERIAL_CHARS_MAX: Final = 25
"""As OCPP 1.6 carries it (CiString25Type)."""


class PlacingPages:
    """The page that offers the circuits on which somebody may add chargers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: Request) -> Response:
        """Offer them, each as a link to the form of new chargers, with the serial number filled in."""
        asker, search = required(request), search_of(request.query_params)
        guard, held = self._parts.guard, self._parts.models.layouts.held
        mine = [
            it
            for it in held.values()
            if guard.may(asker, Action.ADD_CHARGERS, Place(it.installation_id))
        ]
        those = found(mine, search)
        return self._parts.paper.page(
            request,
            "place_charger.html",
            serial=request.query_params.get("serial", "")[:SERIAL_CHARS_MAX],
            search=search,
            any_at_all=bool(mine),
            more=max(0, len(those) - PER_PAGE),
            places=[(it, circuits_for_chargers(it)) for it in those[:PER_PAGE]],
        )

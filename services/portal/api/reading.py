"""The handlers of what is set up, and of how it is at this moment."""

from typing import Any

import orjson
from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from services.portal.api.looking import Here, Looking
from services.portal.api.paging import PAGE, Cursor, Limit, Page, page_of
from services.portal.api.readings import (
    ChargerTold,
    CircuitTold,
    InstallationListed,
    InstallationTold,
    charger_told,
    circuit_told,
    held,
    installation_listed,
    installation_told,
)
from services.portal.api.versions import tagged
from services.portal.viewers import Sight
from shared.rights.grants import Place
from shared.rights.table import Action


class Me(BaseModel):
    """Who asks."""

    actor: str
    name: str
    scopes: list[str] | None
    """What the token may be used for; none: a browser's session."""
    csrf_token: str | None
    """What a browser's session says in X-CSRF-Token."""
    roles: list[dict[str, Any]]


class Reading:
    """One method for every route, by its name in `READ_ROUTES`."""

    def __init__(self, looking: Looking) -> None:
        self._at = looking

    # --- About whoever asks ---

    async def me(self, request: Request) -> Me:
        """Who asks, and which roles they have."""
        asker = self._at.asker(request)
        now = self._at.sources.now()
        roles = [
            {"installation_id": where} | held([grant])[0].model_dump(mode="json")
            for where, grant in self._at.sources.book.grants.of(asker.actor, now)
        ]
        scopes = None if asker.scopes is None else sorted(it.value for it in asker.scopes)
        return Me(
            actor=asker.actor,
            name=asker.name,
            scopes=scopes,
            csrf_token=asker.csrf,
            roles=roles,
        )

    async def installations(
        self, request: Request, cursor: Cursor = None, limit: Limit = PAGE
    ) -> Page[InstallationListed]:
        """The installations where whoever asks has a role."""
        asker = self._at.asker(request)
        seen = [
            installation_listed(it, self._at.own(asker, it.installation_id))
            for it in self._at.sources.layouts()
            if self._at.sources.guard.may(asker, Action.SEE, Place(it.installation_id))
        ]
        return page_of(seen, lambda it: (it.installation_id,), cursor, limit)

    # --- Where one has a role ---

    async def installation(
        self, request: Request, response: Response, installation_id: Here
    ) -> InstallationTold:
        """An installation as it is set up."""
        asker, layout = self._at.seen(request, Action.SEE, installation_id)
        tagged(response, layout)
        return installation_told(layout, self._at.own(asker, installation_id))

    async def circuits(
        self,
        request: Request,
        response: Response,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[CircuitTold]:
        """The circuits of an installation."""
        _, layout = self._at.seen(request, Action.SEE, installation_id)
        tagged(response, layout)
        told = map(circuit_told, layout.circuits)
        return page_of(told, lambda it: (it.circuit_id,), cursor, limit)

    async def chargers(
        self,
        request: Request,
        response: Response,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ChargerTold]:
        """The chargers of an installation; to whoever has a role at some of them only, those."""
        asker, layout = self._at.seen(request, Action.SEE, installation_id)
        tagged(response, layout)
        told = [
            charger_told(layout, it)
            for it in layout.chargers
            if self._at.sources.guard.sees(asker, Place(installation_id, it.charger_id))
        ]
        return page_of(told, lambda it: (it.charger_id,), cursor, limit)

    async def charger(
        self, request: Request, response: Response, installation_id: Here, charger_id: Here
    ) -> ChargerTold:
        """A charger as it is set up."""
        _, layout = self._at.seen(request, Action.SEE, installation_id, charger_id)
        tagged(response, layout)
        found = next(it for it in layout.chargers if it.charger_id == charger_id)
        return charger_told(layout, found)

    async def live(
        self, request: Request, installation_id: Here, deactivated: bool = False
    ) -> Response:
        """An installation as it is at this moment; on demand also what is out of use."""
        self._at.seen(request, Action.LIVE, installation_id)
        return _json(self._at.sources.view(Sight(installation_id, deactivated)))

    async def charger_live(
        self, request: Request, installation_id: Here, charger_id: Here
    ) -> Response:
        """A charger as it is at this moment."""
        self._at.seen(request, Action.LIVE, installation_id, charger_id)
        view = self._at.sources.view(Sight(installation_id, deactivated=True))
        assert view is not None  # noqa: S101  # it has a layout
        return _json(next(it for it in view.chargers if it.id == charger_id))


def _json(body: object) -> Response:
    return Response(
        orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"}
    )

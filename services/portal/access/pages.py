"""The pages on which owners and installers say who may do what, at an installation or at one charger."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.access import asking, forgetting
from services.portal.access.drawing import AccessPage
from services.portal.access.giving import give
from services.portal.access.keeping import KeepingPages
from services.portal.access.words import role_named
from services.portal.doing import Wrong
from services.portal.parts import Parts
from shared.ids import ChargerId
from shared.messages.permissions import (
    AnswerRequest,
    RevokeRole,
    Role,
)
from shared.speech import _

NOTHING_ASKED: Final = "Nothing was asked for"


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    page = AccessPage(parts)
    pages, keeping = AccessPages(page), KeepingPages(page)
    home = "/installations/{installation_id}"
    return (
        Route(f"{home}/access", pages.show),
        Route(f"{home}/chargers/{{charger_id}}/access", pages.show),
        Route(f"{home}/access/roles", pages.give, methods=["POST"]),
        Route(f"{home}/access/roles/revoke", pages.revoke, methods=["POST"]),
        Route(f"{home}/access/requests/{{request_id}}", pages.answer, methods=["POST"]),
        Route(f"{home}/access/groups", keeping.group, methods=["POST"]),
        Route(f"{home}/access/groups/{{group_id}}", keeping.member, methods=["POST"]),
        Route(f"{home}/access/cards", keeping.register, methods=["POST"]),
        Route(f"{home}/access/cards/{{card_id}}", keeping.card, methods=["POST"]),
        *asking.routes(parts),
        *forgetting.routes(parts),
    )


class AccessPages:
    """One method for every route. What is refused is shown on the page again, with what was filled in."""

    def __init__(self, page: AccessPage) -> None:
        self._pages = page

    async def show(self, request: Request) -> Response:
        return await self._pages.page(
            request, self._pages.at(request, request.path_params.get("charger_id"))
        )

    async def give(self, request: Request) -> Response:
        filled, at = await self._pages.filled(request)
        zone = ZoneInfo(at.here.layout.time_zone)

        def grantable(charger_id: ChargerId | None) -> frozenset[Role]:
            return self._pages.grantable(at.here, charger_id)

        done = await give(self._pages.doing, filled, at.here.id, zone, grantable)
        if isinstance(done, Wrong):
            return await self._pages.page(request, at, done, filled)
        named = filled.one("name") or filled.one("email") or _("The group")
        text = _("%(who)s has the role now.", who=named)
        return self._pages.doing.done(request, at.path, done, text)

    async def revoke(self, request: Request) -> Response:
        filled, at = await self._pages.filled(request)
        fields = {
            "installation_id": at.here.id,
            "charger_id": filled.one("charger") or None,
            "grantee": filled.one("grantee"),
            "role": role_named(filled.one("role")) or filled.one("role"),
        }
        return await self._pages.do(
            request, at, filled, RevokeRole, fields, _("The role is taken away.")
        )

    async def answer(self, request: Request) -> Response:
        filled, at = await self._pages.filled(request)
        granted = filled.one("granted") == "1"
        fields = {
            "installation_id": at.here.id,
            "request_id": request.path_params["request_id"],
            "granted": granted,
        }
        text = _("They have the role now.") if granted else _("The request is turned down.")
        return await self._pages.do(request, at, filled, AnswerRequest, fields, text)

"""The page of an installation's settings."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.choices import choices
from services.portal.documents import Layout
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.part_wishes import beside
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.remarks import Remarks
from services.portal.settings_pages.meter_pages import MeterPages, meter_rows
from shared.messages.balancer import MAIN
from shared.messages.installation_commands import ChangeInstallation, SetAuthenticationRequired
from shared.rights.table import Action
from shared.speech import _

PLACE: Final = "/installations/{installation_id}/settings"
METER: Final = f"{PLACE}/meters/{{meter_id}}"
FIELDS: Final = (
    "name", "address", "category", "country", "type", "grid_type", "breaker_a", "time_zone",
)  # fmt: skip


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Name the routes."""
    pages, meters = SettingsPages(parts), MeterPages(parts)
    return (
        Route(PLACE, pages.show),
        Route(PLACE, pages.change, methods=["POST"]),
        Route(f"{PLACE}/authentication", pages.set_authentication, methods=["POST"]),
        Route(f"{PLACE}/meters", meters.new),
        Route(f"{PLACE}/meters", meters.add, methods=["POST"]),
        Route(METER, meters.one),
        Route(METER, meters.change, methods=["POST"]),
        Route(f"{METER}/remove", meters.remove, methods=["POST"]),
        Route(f"{METER}/token", meters.issue, methods=["POST"]),
        Route(f"{METER}/token/withdraw", meters.withdraw, methods=["POST"]),
    )


class SettingsPages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._remarks = Remarks(parts.client)

    async def show(self, request: Request) -> Response:
        """Show everything."""
        return await self._page(request, self._parts.places.here(request, Action.LIVE))

    async def change(self, request: Request) -> Response:
        """Change what is different from what is so."""
        here = self._parts.places.here(request, Action.TECHNICAL)
        filled = await filled_in(request)
        changes = changed(filled, here.layout)
        if not changes:
            text = _("Nothing is different from what is set already.")
            return await self._page(request, here, filled, Wrong(422, text))
        doing = self._parts.doing
        fields = {"installation_id": here.id, **changes}
        done = await doing.carry_out(filled, ChangeInstallation, fields)
        if isinstance(done, Wrong):
            return await self._page(request, here, filled, done)
        answer = done.model_copy(update={"notes": ()})  # the page shows those that still hold
        return doing.done(
            request, f"{here.path}/settings", answer, _("The settings were changed.")
        )

    async def set_authentication(self, request: Request) -> Response:
        """Say whether drivers must show who they are."""
        here = self._parts.places.here(request, Action.AUTHENTICATION)
        filled = await filled_in(request)
        required = filled.ticked("required")
        fields = {"installation_id": here.id, "required": required}
        doing = self._parts.doing
        done = await doing.carry_out(filled, SetAuthenticationRequired, fields)
        if isinstance(done, Wrong):
            return await self._page(request, here, filled, done)
        told = (
            _("From now on drivers show who they are before they charge.")
            if required
            else _("From now on anybody may charge here.")
        )
        return doing.done(request, f"{here.path}/settings", done, told)

    async def _page(
        self,
        request: Request,
        here: Here,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
    ) -> Response:
        layout, present = here.layout, present_of(here.layout)
        return self._parts.paper.page(
            request,
            "settings.html",
            200 if wrong is None else wrong.status,
            here=here,
            main=MAIN,
            meters=meter_rows(layout),
            exceptions=[it for it in layout.chargers if it.authentication_required is not None],
            remarks=await self._remarks.of(here.id),
            may_change=here.may(Action.TECHNICAL),
            may_authenticate=here.may(Action.AUTHENTICATION),
            fresh=here.fresh(Action.TECHNICAL),
            present=present,
            filled=None if filled is None else beside(filled, present),
            wrong=wrong,
            **choices(),
        )


def present_of(layout: Layout) -> dict[str, str]:
    """Name what is set, by the fields of the form."""
    given = {it: str(getattr(layout, it)) for it in FIELDS}
    return given | {"breaker_a": f"{layout.breaker_a:g}"}


def changed(filled: Filled, layout: Layout) -> Mapping[str, Any]:
    """Name the fields that are filled in with something else than what is so."""
    present = present_of(layout)
    given = {it: filled.one(it) for it in FIELDS if filled.values.get(it)}
    if "breaker_a" in given:
        given["breaker_a"] = given["breaker_a"].replace(",", ".")
    return {it: text for it, text in given.items() if text != present[it]}

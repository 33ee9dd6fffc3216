"""Reports that are sent every month, to people with a role at the installation."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.acting import command_id_of, minted_id
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.notice_desk import ask
from services.portal.parts import Parts
from services.portal.places import Here
from shared.ids import PersonId, new_id
from shared.messages.notices import TellingOf, TellingOfAnswer
from shared.messages.notifications import CancelReportOrder, OrderReport
from shared.messages.reports import ReportFormat
from shared.naming import names_of
from shared.rights.grants import NOTHING
from shared.rights.table import Action
from shared.speech import LANGUAGES, _, spoken

_PERSON = "person/"


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    pages = OrderPages(parts)
    home = "/installations/{installation_id}/reports/orders"
    return (
        Route(home, pages.show),
        Route(home, pages.order, methods=["POST"]),
        Route(f"{home}/{{order_id}}/cancel", pages.cancel, methods=["POST"]),
    )


class OrderPages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: Request) -> Response:
        return await self._page(request, self._parts.places.here(request, Action.REPORTS))

    async def order(self, request: Request) -> Response:
        filled = await filled_in(request)
        here = self._parts.places.here(request, Action.REPORTS)
        command_id = command_id_of(filled.asker, filled.key or new_id())
        fields = {
            "installation_id": here.id,
            "order_id": minted_id(command_id),
            "day": filled.one("day"),
            "formats": filled.all("formats"),
            "recipients": filled.all("recipients"),
            "language": filled.one("language") or "en",
        }
        done = await self._parts.doing.carry_out(filled, OrderReport, fields)
        if isinstance(done, Wrong):
            return await self._page(request, here, done, filled)
        text = _("The report is sent every month from now on.")
        return self._parts.doing.done(request, f"{here.path}/reports/orders", done, text)

    async def cancel(self, request: Request) -> Response:
        filled = await filled_in(request)
        here = self._parts.places.here(request, Action.REPORTS)
        fields = {"installation_id": here.id, "order_id": request.path_params["order_id"]}
        done = await self._parts.doing.carry_out(filled, CancelReportOrder, fields)
        if isinstance(done, Wrong):
            return await self._page(request, here, done)
        text = _("The report is sent no more.")
        return self._parts.doing.done(request, f"{here.path}/reports/orders", done, text)

    async def _page(
        self,
        request: Request,
        here: Here,
        wrong: Wrong | None = None,
        filled: Filled | None = None,
    ) -> Response:
        client = self._parts.client
        told = await ask(client, TellingOf(installation_id=here.id), TellingOfAnswer)
        people = self._people(here)
        names = await names_of(client, people, here.asker.actor)
        called = {it: names.get(it, it) for it in people}
        orders = [
            (it, [called.get(one, one) for one in it.recipients])
            for it in (told.orders if told else ())
        ]
        return self._parts.paper.page(
            request,
            "report_orders.html",
            status=200 if wrong is None else wrong.status,
            here=here,
            answered=told is not None,
            by_email=told is not None and told.by_email,
            orders=orders,
            people=sorted(called.items(), key=lambda it: it[1]),
            formats=list(ReportFormat),
            days=[(it, str(it)) for it in range(1, 29)],
            languages_of_mail=list(LANGUAGES.items()),
            spoken=spoken(),
            wrong=wrong,
            filled=filled,
        )

    def _people(self, here: Here) -> frozenset[PersonId]:
        """Name those with a role of their own here; members of groups choose to join in by themselves."""
        now = self._parts.now()
        found = self._parts.models.book.grants.places.get(here.id, NOTHING).grants
        held = (it.grantee for it in found if it.holds(now))
        return frozenset(it.removeprefix(_PERSON) for it in held if it.startswith(_PERSON))

"""The page that asks what would be if something were otherwise; nothing comes of it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from services.portal.doing import Filled, Wrong, sentence
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.power.what_if import FIELDS, Compared, compared, question_of, stated
from shared.messages.balancer import MAIN
from shared.messages.what_if import MORE_MAX
from shared.messaging import ServiceUnavailable
from shared.rights.table import Action
from shared.speech import _
from shared.what_if_query import ask_what_if


class WhatIfPages:
    """The question stands in the address, so that it can be asked again and shown to others."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: Request) -> Response:
        """Show the form, and the answer to what was filled in."""
        here = self._parts.places.here(request, Action.POWER)
        given = {it: request.query_params.get(it, "").strip() for it in FIELDS}
        if not any(given.values()):
            return self._page(request, here, None, None, None)
        filled = Filled(here.asker, {name: [it] for name, it in given.items()})
        asked = question_of(given, here.layout, self._parts.now())
        if asked.question is None:
            wrong = Wrong(422, _("Some fields need another look."), asked.wrong)
            return self._page(request, here, filled, wrong, None)
        if not here.layout.chargers:
            text = _(
                "There are no chargers yet: add some, and the balancer has something to say."
            )
            return self._page(request, here, filled, Wrong(409, text), None)
        try:
            answer = await ask_what_if(self._parts.client, asked.question)
        except ServiceUnavailable:
            text = _(
                "The balancer does not answer at present: it has just begun, or nothing is balanced here "
                "yet. Ask again in a moment."
            )
            return self._page(request, here, filled, Wrong(503, text), None)
        if answer.refusal is not None:
            return self._page(request, here, filled, Wrong(409, sentence(answer.refusal)), None)
        found = compared(asked.question, answer, here.layout, self._parts.now())
        heading = stated(asked.question, here.layout)
        return self._page(request, here, filled, None, found, heading)

    def _page(
        self,
        request: Request,
        here: Here,
        filled: Filled | None,
        wrong: Wrong | None,
        found: Compared | None,
        heading: str = "",
    ) -> Response:
        layout = here.layout
        circuits = [
            (it.circuit_id, it.name) for it in layout.circuits if it.deactivated is None
        ]
        evening = self._parts.now().astimezone(ZoneInfo(layout.time_zone))
        evening = evening.replace(hour=18, minute=0)
        if evening <= self._parts.now():
            evening += timedelta(days=1)
        return self._parts.paper.page(
            request,
            "what_if.html",
            200 if wrong is None else wrong.status,
            here=here,
            filled=filled,
            wrong=wrong,
            found=found,
            heading=heading,
            circuits=circuits,
            breakers=[(MAIN, _("Main breaker")), *circuits],
            phases=[("3", _("three phases")), ("1", _("one phase"))],
            more_max=MORE_MAX,
            evening=f"{evening:%Y-%m-%dT%H:%M}",
        )

"""What may be done at a charger from its page: begin or end charging, rank it, wish."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from services.portal.documents import Charger
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.one_charger.picture import zone_of
from services.portal.one_charger.wishes import WishUnclear, wish_of
from services.portal.parts import Parts
from services.portal.places import Here
from shared.messages import Answer
from shared.messages.installation_commands import SetChargingWish, SetPriority
from shared.messages.telemetry import StartCharging, StopCharging
from shared.rights.table import Action
from shared.speech import _


class Show(Protocol):
    """Draws the page of a charger, with what was filled in and what is wrong with it."""

    def __call__(
        self,
        request: Request,
        here: Here,
        charger: Charger,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
    ) -> Awaitable[Response]: ...


Do = Callable[[Filled, Here, dict[str, object]], Awaitable[Answer | Wrong]]


class Actions:
    """One method for every form."""

    def __init__(self, parts: Parts, show: Show) -> None:
        self._parts = parts
        self._show = show

    async def start(self, request: Request) -> Response:
        async def do(filled: Filled, _here: Here, at: dict[str, object]) -> Answer | Wrong:
            return await self._parts.doing.carry_out(filled, StartCharging, at)

        return await self._done(request, do, _("The charger was told to begin."))

    async def stop(self, request: Request) -> Response:
        async def do(filled: Filled, _here: Here, at: dict[str, object]) -> Answer | Wrong:
            return await self._parts.doing.carry_out(filled, StopCharging, at)

        return await self._done(request, do, _("The charger was told to end the session."))

    async def priority(self, request: Request) -> Response:
        async def do(filled: Filled, _here: Here, at: dict[str, object]) -> Answer | Wrong:
            fields = at | {"priority": filled.one("priority")}
            return await self._parts.doing.carry_out(filled, SetPriority, fields)

        return await self._done(request, do, _("The priority was set."))

    async def wish(self, request: Request) -> Response:
        async def do(filled: Filled, here: Here, at: dict[str, object]) -> Answer | Wrong:
            zone, now = zone_of(here.layout), self._parts.now()
            try:
                wish = wish_of(filled.one("ready_by"), filled.one("kwh"), now, zone)
            except WishUnclear as fault:
                texts = {fault.field: str(fault)}
                return Wrong(422, _("Some fields need another look."), texts)
            return await self._parts.doing.carry_out(filled, SetChargingWish, at | wish)

        return await self._done(request, do, _("The wish was noted."))

    async def _done(self, request: Request, do: Do, text: str) -> Response:
        here, charger = self._parts.places.charger(request, Action.LIVE)
        filled = await filled_in(request)
        at: dict[str, object] = {
            "installation_id": here.id,
            "charger_id": charger.charger_id,
        }
        done = await do(filled, here, at)
        if isinstance(done, Wrong):
            return await self._show(request, here, charger, filled, done)
        path = f"{here.path}/chargers/{charger.charger_id}"
        return self._parts.doing.done(request, path, done, text)

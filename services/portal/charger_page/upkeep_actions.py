"""What may be done about a charger's hardware from its page: each form says what becomes of a session."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.portal.charger_page.actions import Actions
from services.portal.doing import Filled, Wrong
from services.portal.places import Here
from shared.messages import Answer
from shared.messages.telemetry import SessionCommand
from shared.messages.upkeep import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    FetchDiagnostics,
    ReserveCharger,
    RestartCharger,
    UnlockConnector,
)
from shared.speech import _


class UpkeepActions(Actions):
    """One method for every form."""

    async def restart(self, request: Request) -> Response:
        text = _("The charger was told to start anew; it is back in a minute or two.")
        return await self._asked(request, RestartCharger, text, ending=True)

    async def unlock(self, request: Request) -> Response:
        text = _("The charger has let go of the cable.")
        return await self._asked(request, UnlockConnector, text, ending=True)

    async def availability(self, request: Request) -> Response:
        async def do(filled: Filled, _here: Here, at: dict[str, object]) -> Answer | Wrong:
            fields = at | {"in_use": filled.one("in_use") == "1"}
            return await self._parts.doing.carry_out(filled, ChangeAvailability, fields)

        return await self._done(
            request,
            do,
            _("The charger was told. A session that runs goes on to its end first."),
        )

    async def clear_cache(self, request: Request) -> Response:
        return await self._asked(
            request, ClearCache, _("The charger has forgotten which cards it has seen.")
        )

    async def diagnostics(self, request: Request) -> Response:
        async def do(filled: Filled, _here: Here, at: dict[str, object]) -> Answer | Wrong:
            fields = at | filled.some("location", "log")
            return await self._parts.doing.carry_out(filled, FetchDiagnostics, fields)

        text = _("The charger was told to send them; how far it is stands below.")
        return await self._done(request, do, text)

    async def reserve(self, request: Request) -> Response:
        async def do(filled: Filled, _here: Here, at: dict[str, object]) -> Answer | Wrong:
            minutes = filled.one("minutes")
            if not (minutes.isascii() and minutes.isdigit() and len(minutes) <= 4):
                return Wrong(422, _("Choose one of those that are offered."))
            until = self._parts.now() + timedelta(minutes=int(minutes))
            fields = at | {"until": until}
            return await self._parts.doing.carry_out(filled, ReserveCharger, fields)

        return await self._done(request, do, _("The charger is kept for you."))

    async def cancel(self, request: Request) -> Response:
        return await self._asked(
            request, CancelReservation, _("The charger is kept for nobody any more.")
        )

    async def _asked(
        self,
        request: Request,
        kind: type[SessionCommand],
        text: str,
        *,
        ending: bool = False,
    ) -> Response:
        async def do(filled: Filled, _here: Here, at: dict[str, object]) -> Answer | Wrong:
            meant: dict[str, Any] = (
                {"end_session": filled.ticked("end_session")} if ending else {}
            )
            return await self._parts.doing.carry_out(filled, kind, at | meant)

        return await self._done(request, do, text)

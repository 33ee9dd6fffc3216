"""The page of firmware, and the form that has chargers fetch another one."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.doing import Filled, Wrong, filled_in
from services.portal.firmware.versions import Running, groups, running
from services.portal.part_wishes import one_of
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.read_models import key_of
from services.portal.when import when
from shared.ids import ChargerId
from shared.messages import Answer
from shared.messages.telemetry import UpdateFirmware
from shared.rights.table import Action
from shared.speech import _, counted

PLACE: Final = "/installations/{installation_id}/firmware"
AT_ONCE_MAX: Final = 8
"""How many chargers are told at the same time: each answers when it has time."""


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Name the routes."""
    pages = FirmwarePages(parts)
    return (Route(PLACE, pages.show), Route(PLACE, pages.update, methods=["POST"]))


class FirmwarePages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: Request) -> Response:
        """Show what every charger runs."""
        return self._page(request, self._parts.places.here(request, Action.LIVE))

    async def update(self, request: Request) -> Response:
        """Tell those that are ticked to fetch other firmware."""
        here = self._parts.places.here(request, Action.FIRMWARE)
        filled = await filled_in(request)
        ready = [it for it in self._running(here) if it.ready]
        if filled.ticked("all"):
            wanted = [it.charger_id for it in ready if not it.charging]
        else:
            ticked = filled.all("charger")
            wanted = [it.charger_id for it in ready if it.charger_id in ticked]
        if not wanted:
            text = _(
                "Tick the chargers that are to fetch it, among those that can be told now."
            )
            return self._page(request, here, filled, Wrong(422, text))
        fields: dict[str, Any] = {"location": filled.one("location")}
        if filled.one("retrieve_at"):
            try:
                local = datetime.fromisoformat(filled.one("retrieve_at"))
            except ValueError:
                wrong = {"retrieve_at": _("Enter a date and a time such as 2026-12-01T18:00.")}
                look = Wrong(422, _("Some fields need another look."), wrong)
                return self._page(request, here, filled, look)
            fields["retrieve_at"] = local.replace(tzinfo=ZoneInfo(here.layout.time_zone))
        answers = await self._told(here, filled, wanted, fields)
        refused = [(it, answer) for it, answer in answers if isinstance(answer, Wrong)]
        accepted = [answer for _id, answer in answers if isinstance(answer, Answer)]
        if not accepted:
            return self._page(request, here, filled, refused[0][1])
        names = {it.charger_id: it.name for it in here.layout.chargers}
        told = counted(
            len(accepted),
            "%(n)s charger was told to fetch it; how far it is stands below.",
            "%(n)s chargers were told to fetch it; how far they are stands below.",
        )
        not_told = [
            _("%(name)s was not told: %(why)s", name=names[it], why=answer.text)
            for it, answer in refused
        ]
        path = f"{here.path}/firmware"
        return self._parts.doing.done(request, path, accepted[-1], told, *not_told)

    async def _told(
        self, here: Here, filled: Filled, wanted: Sequence[ChargerId], fields: dict[str, Any]
    ) -> list[tuple[ChargerId, Answer | Wrong]]:
        turns = asyncio.Semaphore(AT_ONCE_MAX)

        async def one(charger_id: ChargerId) -> tuple[ChargerId, Answer | Wrong]:
            about = {"installation_id": here.id, "charger_id": charger_id, **fields}
            async with turns:
                part = one_of(filled, charger_id)
                return charger_id, await self._parts.doing.carry_out(
                    part, UpdateFirmware, about
                )

        return list(await asyncio.gather(*(one(it) for it in wanted)))

    def _running(self, here: Here) -> list[Running]:
        conditions = self._parts.models.conditions
        return running(
            here.layout,
            lambda it: conditions.get(key_of(here.id, it)),
            partial(when, zone=ZoneInfo(here.layout.time_zone)),
        )

    def _page(
        self,
        request: Request,
        here: Here,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
    ) -> Response:
        chargers = self._running(here)
        return self._parts.paper.page(
            request,
            "firmware.html",
            200 if wrong is None else wrong.status,
            here=here,
            chargers=chargers,
            groups=groups(chargers),
            ticked=[] if filled is None else filled.all("charger"),
            may_change=here.may(Action.FIRMWARE),
            fresh=here.fresh(Action.FIRMWARE),
            filled=filled,
            wrong=wrong,
        )

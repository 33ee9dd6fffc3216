"""The page of whoever charges: made for a phone, and kept up to date."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.charging import ChargingSession
from services.portal.documents import Layout
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.driver.mine import (
    CHARGERS_MAX,
    SESSIONS_MAX,
    Offer,
    Running,
    began_before,
    my_sessions,
    offers,
    running,
)
from services.portal.one_charger.hardware import held, kept_text
from services.portal.one_charger.picture import zone_of
from services.portal.one_charger.wishes import WishUnclear, wish_of
from services.portal.parts import Parts
from services.portal.session_book import Which
from services.portal.signing_in.asking import required
from services.portal.view import Freshness
from services.portal.viewers import Sight
from services.portal.watching import streamed
from shared.ids import ChargerId, InstallationId
from shared.messages import Answer
from shared.messages.installation_commands import SetChargingWish
from shared.messages.signing_in import Asker
from shared.messages.telemetry import StartCharging, StopCharging
from shared.messages.upkeep import CancelReservation, ReserveCharger
from shared.rights.grants import Place
from shared.rights.table import Action
from shared.speech import _, speaking, spoken

PATH = "/my"
RESERVED_FOR: Final = timedelta(hours=1)
"""How long a driver keeps a charger at a time."""


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes of the page."""
    pages = DriverPages(parts)
    return [
        Route(PATH, pages.page),
        Route(f"{PATH}/live", pages.live),
        Route(f"{PATH}/start", pages.start, methods=["POST"]),
        Route(f"{PATH}/stop", pages.stop, methods=["POST"]),
        Route(f"{PATH}/wish", pages.wish, methods=["POST"]),
        Route(f"{PATH}/reserve", pages.reserve, methods=["POST"]),
        Route(f"{PATH}/reserve/cancel", pages.cancel, methods=["POST"]),
    ]


class DriverPages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: Request) -> Response:
        return await self._shown(request)

    async def _shown(
        self, request: Request, filled: Filled | None = None, wrong: Wrong | None = None
    ) -> Response:
        asker = required(request)
        mine = self._running(asker)
        wanted = request.query_params.get("q", "")
        layouts = self._layouts(asker)
        found = offers(
            layouts, partial(self._may, asker), wanted, frozenset(it.node for it in mine)
        )
        sessions = my_sessions(
            await self._sessions(asker, began_before(request.query_params.get("before", ""))),
            self._parts.models.layouts.get,
        )
        return self._parts.paper.page(
            request,
            "my.html",
            200 if wrong is None else wrong.status,
            running=mine,
            live=self._sight(asker, mine) is not None,
            structure=_structure(mine),
            offers=[self._with_kept(asker, it) for it in found[:CHARGERS_MAX]],
            more=max(0, len(found) - CHARGERS_MAX),
            searched=bool(wanted) or len(found) > CHARGERS_MAX,
            wanted=wanted,
            sessions=sessions,
            filled=filled,
            wrong=wrong,
        )

    async def live(self, request: Request) -> Response:
        asker = required(request)
        sight = self._sight(asker, self._running(asker))
        if sight is None:
            raise HTTPException(404, _("There is nowhere that you may charge yet"))

        def draw() -> Mapping[str, Any]:
            with speaking(sight.language):
                return _drawn(self._running(asker))

        return streamed(request, self._parts.viewers, sight, draw, lambda: True)

    # --- What is done ---

    async def start(self, request: Request) -> Response:
        filled = await filled_in(request)
        done = await self._parts.doing.carry_out(filled, StartCharging, _at(filled))
        told = _(
            "The charger was told to begin. It can take half a minute until the car charges."
        )
        return await self._done(request, filled, done, told)

    async def stop(self, request: Request) -> Response:
        filled = await filled_in(request)
        done = await self._parts.doing.carry_out(filled, StopCharging, _at(filled))
        return await self._done(
            request, filled, done, _("The charger was told to end the session.")
        )

    async def reserve(self, request: Request) -> Response:
        filled = await filled_in(request)
        fields = _at(filled) | {"until": self._parts.now() + RESERVED_FOR}
        done = await self._parts.doing.carry_out(filled, ReserveCharger, fields)
        return await self._done(
            request, filled, done, _("The charger is kept for you for an hour.")
        )

    async def cancel(self, request: Request) -> Response:
        filled = await filled_in(request)
        done = await self._parts.doing.carry_out(filled, CancelReservation, _at(filled))
        return await self._done(
            request, filled, done, _("The charger is kept for nobody any more.")
        )

    async def wish(self, request: Request) -> Response:
        filled = await filled_in(request)
        layout = self._parts.models.layouts.get(filled.one("installation_id"))
        if layout is None:
            raise HTTPException(404, _("There is no such charger"))
        done: Answer | Wrong
        try:
            now = self._parts.now()
            wish = wish_of(filled.one("ready_by"), filled.one("kwh"), now, zone_of(layout))
        except WishUnclear as fault:
            done = Wrong(422, _("Some fields need another look."), {fault.field: str(fault)})
        else:
            fields = _at(filled) | wish
            done = await self._parts.doing.carry_out(filled, SetChargingWish, fields)
        return await self._done(request, filled, done, _("Your wish was noted."))

    async def _done(
        self, request: Request, filled: Filled, done: Answer | Wrong, text: str
    ) -> Response:
        if isinstance(done, Wrong):
            return await self._shown(request, filled, done)
        return self._parts.doing.done(request, PATH, done, text)

    # --- What is known ---

    def _with_kept(self, asker: Asker, offer: Offer) -> Offer:
        """Say for whom a charger that is offered is kept."""
        facts, now = self._parts.sights.facts(offer.installation_id), self._parts.now()
        kept = facts and held(facts.conditions.get(offer.charger_id), now)
        if not facts or not kept:
            return offer
        mine = kept.person_id is not None and kept.person_id == asker.person_id
        text = kept_text(kept, asker.person_id, {}, now, zone_of(facts.layout))
        return replace(offer, kept=text, mine=mine)

    async def _sessions(
        self, asker: Asker, before: tuple[datetime, str] | None
    ) -> Sequence[ChargingSession]:
        """Read as many of one's own sessions as a page shows, and one more if there is one."""
        if asker.person_id is None:
            return ()
        mine = Which(person_id=asker.person_id)
        return await self._parts.sessions.page(mine, before, SESSIONS_MAX + 1)

    def _running(self, asker: Asker) -> list[Running]:
        if asker.person_id is None:
            return []
        going_on = self._parts.models.sessions.going_on.held.values()
        mine = [it for it in going_on if it.person_id == asker.person_id]
        return running(mine, self._parts.sights.facts, self._parts.now())

    def _layouts(self, asker: Asker) -> Sequence[Layout]:
        """Name the installations where somebody has a role, in the order of their names."""
        grants = self._parts.models.book.grants.of(asker.actor, self._parts.now())
        ids = {installation_id for installation_id, _grant in grants}
        found = (self._parts.models.layouts.get(it) for it in ids)
        return sorted((it for it in found if it is not None), key=lambda it: it.name)

    def _may(
        self,
        asker: Asker,
        action: Action,
        installation_id: InstallationId,
        charger_id: ChargerId,
    ) -> bool:
        return self._parts.guard.may(asker, action, Place(installation_id, charger_id))

    def _sight(self, asker: Asker, mine: Sequence[Running]) -> Sight | None:
        """Choose the installation whose picture sets the pace: where one charges, or may."""
        if mine:
            return Sight(mine[0].installation_id, language=spoken())
        layouts = self._layouts(asker)
        return Sight(layouts[0].installation_id, language=spoken()) if layouts else None


def _at(filled: Filled) -> dict[str, object]:
    return {it: filled.one(it) for it in ("installation_id", "charger_id")}


def _structure(mine: Sequence[Running]) -> str:
    """Change when sessions begin and end: then the page is made anew."""
    return " ".join(f"{it.node}-{it.picture.structure}" for it in mine)


def _moving(one: Running) -> Mapping[str, Any]:
    picture = one.picture
    told = {it.name: getattr(picture, it.name) for it in fields(picture) if it.name != "steps"}
    return told | {"cost": one.cost, "finish": one.finish}


def _drawn(mine: Sequence[Running]) -> Mapping[str, Any]:
    first = mine[0].picture if mine else None
    return {
        "head": {
            "freshness": Freshness.LIVE if first is None else first.freshness,
            "freshness_text": _("live") if first is None else first.freshness_text,
            "structure": _structure(mine),
        },
        "chargers": {it.node: _moving(it) for it in mine},
    }

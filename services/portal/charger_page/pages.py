"""The page of one charger: drawn once, kept up to date, and with what may be done there."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.charger_page.breaker_pages import breaker_routes
from services.portal.charger_page.curves import curve_of
from services.portal.charger_page.sessions import session_rows
from services.portal.charger_page.stories import StoryLine, story_of
from services.portal.charger_page.upkeep_actions import UpkeepActions
from services.portal.charging import ChargingSession
from services.portal.documents import Charger, Condition
from services.portal.doing import Filled, Wrong
from services.portal.one_charger.about import lines_of
from services.portal.one_charger.hardware import MINUTES, Hardware, hardware_of, held
from services.portal.one_charger.picture import Picture, picture_of, zone_of
from services.portal.one_charger.way_up import Step
from services.portal.one_charger.wishes import wish_text
from services.portal.parts import Parts
from services.portal.past import TooManyLook
from services.portal.places import Here
from services.portal.session_book import Which
from services.portal.traces.samples import charger_part
from services.portal.viewers import Sight
from services.portal.watching import streamed
from services.portal.wording import STANDINGS
from shared.decider import Refused
from shared.messaging import ServiceUnavailable
from shared.rights.grants import Place
from shared.rights.table import TABLE, Action, Standing
from shared.speech import _, speaking, spoken

PATH = "/installations/{installation_id}/chargers/{charger_id}"


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes of the page."""
    pages = ChargerPages(parts)
    actions = UpkeepActions(parts, pages.shown)
    return [
        *breaker_routes(parts),
        Route(PATH, pages.page),
        Route(f"{PATH}/live", pages.live),
        Route(f"{PATH}/past", pages.past),
        Route(f"{PATH}/start", actions.start, methods=["POST"]),
        Route(f"{PATH}/stop", actions.stop, methods=["POST"]),
        Route(f"{PATH}/priority", actions.priority, methods=["POST"]),
        Route(f"{PATH}/wish", actions.wish, methods=["POST"]),
        Route(f"{PATH}/restart", actions.restart, methods=["POST"]),
        Route(f"{PATH}/unlock", actions.unlock, methods=["POST"]),
        Route(f"{PATH}/availability", actions.availability, methods=["POST"]),
        Route(f"{PATH}/clear-cache", actions.clear_cache, methods=["POST"]),
        Route(f"{PATH}/diagnostics", actions.diagnostics, methods=["POST"]),
        Route(f"{PATH}/reservation", actions.reserve, methods=["POST"]),
        Route(f"{PATH}/reservation/cancel", actions.cancel, methods=["POST"]),
    ]


class ChargerPages:
    """One method for every route that shows something."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: Request) -> Response:
        here, charger = self._parts.places.charger(request, Action.LIVE)
        return await self.shown(request, here, charger)

    async def shown(
        self,
        request: Request,
        here: Here,
        charger: Charger,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
    ) -> Response:
        """Draw the page; with what was filled in, and what is wrong with it, if something is."""
        picture = self._picture(here, charger)
        facts = self._parts.sights.facts(here.id)
        assert facts is not None  # noqa: S101  # there is a picture of it
        session = self._session(here, facts.conditions.get(charger.charger_id))
        return self._parts.paper.page(
            request,
            "charger.html",
            200 if wrong is None else wrong.status,
            here=here,
            charger=charger,
            path=f"{here.path}/chargers/{charger.charger_id}",
            picture=picture,
            wish=wish_text(charger, self._parts.now(), zone_of(here.layout)),
            lines=lines_of(facts, charger, self._parts.now()),
            session=session,
            driver=await self._driver(here, session),
            curve=await curve_of(
                self._parts,
                request,
                here,
                charger_part(charger.charger_id),
                f"chargers/{charger.charger_id}",
            ),
            sessions=await self._sessions(here, charger),
            may={it.name: here.may(it) for it in Action},
            takes={it.name: takes(it) for it in (Action.CHARGE, Action.POWER, Action.OPERATE)},
            hardware=await self._hardware(here, facts.conditions.get(charger.charger_id)),
            reserve_for=[(it, _("%(n)s minutes", n=it)) for it in MINUTES],
            fresh=here.fresh(Action.POWER),
            filled=filled,
            wrong=wrong,
        )

    async def live(self, request: Request) -> Response:
        here, charger = self._parts.places.charger(request, Action.LIVE)
        sight = Sight(here.id, language=spoken())

        def draw() -> Mapping[str, Any] | None:
            with speaking(sight.language):
                facts = self._parts.sights.facts(here.id)
                now = self._parts.now()
                found = facts and picture_of(facts, charger.charger_id, now)
                return _drawn(found) if found else None

        may = partial(
            self._parts.guard.may, here.asker, Action.LIVE, Place(here.id, charger.charger_id)
        )
        return streamed(request, self._parts.viewers, sight, draw, may)

    async def past(self, request: Request) -> Response:
        """Tell what happened lately: it comes after the page, because logs are read for it."""
        here, charger = self._parts.places.charger(request, Action.HISTORY)
        lines: Sequence[StoryLine] = ()
        why_not = ""
        try:
            await self._parts.admit(here.asker, here.id, None)
            lines = await self._parts.past.look(
                here.id,
                here.asker.actor,
                partial(
                    story_of,
                    installation_id=here.id,
                    charger_id=charger.charger_id,
                    zone=zone_of(here.layout),
                ),
            )
        except Refused as refusal:
            why_not = refusal.detail
        except TooManyLook:
            why_not = _(
                "many look at the past at this moment; load the page again in a few seconds"
            )
        except ServiceUnavailable as fault:
            why_not = str(fault)
        return self._parts.paper.page(
            request,
            "charger_past.html",
            here=here,
            charger=charger,
            lines=lines,
            why_not=why_not,
        )

    # --- What is known ---

    def _picture(self, here: Here, charger: Charger) -> Picture:
        facts = self._parts.sights.facts(here.id)
        found = facts and picture_of(facts, charger.charger_id, self._parts.now())
        if not found:
            raise HTTPException(
                404, _("There is no charger “%(id)s” here", id=charger.charger_id)
            )
        return found

    def _session(self, here: Here, condition: Condition | None) -> ChargingSession | None:
        if condition is None or condition.session is None:
            return None
        key = f"{here.id}/{condition.session.session_id}"
        return self._parts.models.sessions.going_on.get(key)

    async def _hardware(self, here: Here, condition: Condition | None) -> Hardware:
        """Say for whom it is kept, to whom that may be told, and what it has sent."""
        now, person_id = self._parts.now(), here.asker.person_id
        kept = held(condition, now)
        names: Mapping[str, str] = {}
        if kept is not None and kept.person_id is not None and here.may(Action.ALL_SESSIONS):
            names = await self._parts.past.names({kept.person_id}, here.asker.actor)
        zone = zone_of(here.layout)
        return hardware_of(condition or Condition(), person_id, names, now, zone)

    async def _driver(self, here: Here, session: ChargingSession | None) -> str:
        """Name who charges, to whom that may be told: to themselves, and to who sees all sessions."""
        if session is None or session.person_id is None:
            return ""
        if session.person_id == here.asker.person_id:
            return _("you")
        if not here.may(Action.ALL_SESSIONS):
            return ""
        names = await self._parts.past.names({session.person_id}, here.asker.actor)
        return names.get(session.person_id, session.person_id)

    async def _sessions(self, here: Here, charger: Charger) -> Sequence[Any]:
        if not here.may(Action.ALL_SESSIONS):
            return ()
        newest = await self._parts.sessions.page(Which(here.id, charger.charger_id), None, 5)
        people = {it.person_id for it in newest if it.person_id is not None}
        names = await self._parts.past.names(people, here.asker.actor)
        return session_rows(newest, names, zone_of(here.layout))


def _drawn(picture: Picture) -> Mapping[str, Any]:
    """Lay a picture out as scripts of pages know it: by the names of what shows its parts."""
    return {
        "head": {
            "freshness": picture.freshness,
            "freshness_text": picture.freshness_text,
            "structure": picture.structure,
        },
        "breakers": {it.view.id: _step(it) for it in picture.steps},
        "chargers": {picture.view.id: replace(picture, steps=())},
    }


def _step(step: Step) -> Mapping[str, Any]:
    view = step.view
    return {it.name: getattr(view, it.name) for it in fields(view)} | {"holds": step.holds}


def takes(action: Action) -> str:
    """
    Say whom an action is for.

    >>> takes(Action.POWER)
    'service'
    """
    return _(" or ").join(_(STANDINGS[it]) for it in Standing if it in TABLE[action])

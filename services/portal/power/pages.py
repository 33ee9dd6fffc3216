"""The page of power management: what bounds the installation now, and the forms that change it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.documents import Layout
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.one_charger.wishes import wish_text
from services.portal.part_wishes import beside, one_of
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.power.amounts import Unclear, currents_of, moment_of, written
from services.portal.power.bounds import bounds_of, now_of
from services.portal.power.limit_pages import LimitPages, choices
from services.portal.power.week import Row, day_name, read_rows, rows_of, week_of
from services.portal.power.what_if_pages import WhatIfPages
from shared.messages import Answer, Command
from shared.messages.balancer import MAIN
from shared.messages.installation_commands import (
    SetAvailableCurrent,
    SetCurrentSchedule,
    SetImbalanceLimit,
    SetPriority,
    SetSwitchCurrent,
)
from shared.messages.installation_terms import WEEK, PeakPeriod
from shared.rights.table import Action
from shared.speech import _, counted

PLACE: Final = "/installations/{installation_id}/power"
PRIORITIES: Final = tuple(range(10))


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Name the routes."""
    pages, what_if = PowerPages(parts), WhatIfPages(parts)
    limits = LimitPages(parts, pages.page)
    return (
        Route(PLACE, pages.show),
        Route(f"{PLACE}/available", pages.set_available, methods=["POST"]),
        Route(f"{PLACE}/schedule", pages.set_schedule, methods=["POST"]),
        Route(f"{PLACE}/priorities", pages.set_priorities, methods=["POST"]),
        Route(f"{PLACE}/switch-current", pages.set_switch_current, methods=["POST"]),
        Route(f"{PLACE}/imbalance", pages.set_imbalance, methods=["POST"]),
        Route(f"{PLACE}/limits", limits.set_limit, methods=["POST"]),
        Route(f"{PLACE}/limits/{{limit_id}}/lift", limits.lift, methods=["POST"]),
        Route(f"{PLACE}/peak", limits.set_peak, methods=["POST"]),
        Route(f"{PLACE}/what-if", what_if.show),
    )


class PowerPages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: Request) -> Response:
        """Show everything."""
        return self.page(request, self._parts.places.here(request, Action.LIVE))

    # --- What is done ---

    async def set_available(self, request: Request) -> Response:
        """Limit what all chargers together may draw, or lift that."""
        here, filled = await self._asked(request)
        lifted = _("As much as the breakers allow again.")
        if filled.ticked("lift"):
            fields: dict[str, Any] = {"available_a": None, "until": None}
            return await self._done(request, here, filled, SetAvailableCurrent, fields, lifted)
        wrong: dict[str, str] = {}
        fields = {}
        try:
            fields["available_a"] = currents_of(filled.one("available_a"))
        except Unclear as error:
            wrong["available_a"] = str(error)
        if filled.one("until"):
            zone, now = ZoneInfo(here.layout.time_zone), self._parts.now()
            try:
                fields["until"] = moment_of(filled.one("until"), zone, now)
            except Unclear as error:
                wrong["until"] = str(error)
        if wrong:
            return self.page(request, here, filled, _look(wrong))
        told = _("The available current was set.")
        return await self._done(request, here, filled, SetAvailableCurrent, fields, told)

    async def set_schedule(self, request: Request) -> Response:
        """Set the weekly schedule, or lift it."""
        here, filled = await self._asked(request)
        if filled.ticked("lift"):
            told = _("There is no weekly schedule any more.")
            fields: dict[str, Any] = {"rules": ()}
            return await self._done(request, here, filled, SetCurrentSchedule, fields, told)
        read = read_rows(filled)
        wrong: dict[str, str] = {}
        fields = {"rules": read.rules, "otherwise_a": None}
        if filled.one("otherwise_a"):
            try:
                fields["otherwise_a"] = currents_of(filled.one("otherwise_a"))
            except Unclear as error:
                wrong["otherwise_a"] = str(error)
        if wrong or read.wrong:
            return self.page(request, here, filled, _look(wrong), read.rows)
        if not read.rules:
            text = _("Fill in a row, or lift the schedule with the button beside it.")
            return self.page(request, here, filled, Wrong(422, text), read.rows)
        told = _("The weekly schedule was set.")
        return await self._done(
            request, here, filled, SetCurrentSchedule, fields, told, read.rows
        )

    async def set_switch_current(self, request: Request) -> Response:
        """Say below what a three-phase car goes on with one phase."""
        here, filled = await self._asked(request)
        fields = {"switch_current_a": _number(filled.one("switch_current_a"))}
        told = _("The switch current was set.")
        return await self._done(request, here, filled, SetSwitchCurrent, fields, told)

    async def set_imbalance(self, request: Request) -> Response:
        """Say how far the phases of the main breaker may differ."""
        here, filled = await self._asked(request)
        fields = {"imbalance_a": _number(filled.one("imbalance_a"))}
        told = _("The difference between phases was set.")
        return await self._done(request, here, filled, SetImbalanceLimit, fields, told)

    async def set_priorities(self, request: Request) -> Response:
        """Set the priorities that were changed, one after another."""
        here, filled = await self._asked(request)
        done: Answer | None = None
        changed = 0
        for charger in here.layout.chargers:
            wanted = filled.one(f"priority-{charger.charger_id}")
            if not wanted or wanted == str(charger.priority):
                continue
            fields = {"charger_id": charger.charger_id, "priority": wanted}
            about = {"installation_id": here.id, **fields}
            part = one_of(filled, charger.charger_id)
            answer = await self._parts.doing.carry_out(part, SetPriority, about)
            if isinstance(answer, Wrong):
                return self.page(request, here, filled, answer)
            done, changed = answer, changed + 1
        if done is None:
            return self.page(
                request,
                here,
                filled,
                Wrong(422, _("No priority was changed; choose another one.")),
            )
        told = counted(changed, "%(n)s priority was changed.", "%(n)s priorities were changed.")
        return self._parts.doing.done(request, f"{here.path}/power", done, told)

    async def _asked(self, request: Request) -> tuple[Here, Filled]:
        return self._parts.places.here(request, Action.POWER), await filled_in(request)

    async def _done(
        self,
        request: Request,
        here: Here,
        filled: Filled,
        kind: type[Command],
        fields: Mapping[str, Any],
        told: str,
        rows: Sequence[Row] | None = None,
    ) -> Response:
        doing = self._parts.doing
        done = await doing.carry_out(filled, kind, {"installation_id": here.id, **fields})
        if isinstance(done, Wrong):
            return self.page(request, here, filled, done, rows)
        return doing.done(request, f"{here.path}/power", done, told)

    # --- What is shown ---

    def page(
        self,
        request: Request,
        here: Here,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
        rows: Sequence[Row] | None = None,
    ) -> Response:
        """Show everything, and what was filled in with what is wrong about it."""
        layout, now = here.layout, self._parts.now()
        zone = ZoneInfo(layout.time_zone)
        schedule, grid = layout.current_schedule, layout.grid_type
        present = _present(layout)
        week = None if schedule is None else week_of(schedule, layout.breaker_a, grid)
        return self._parts.paper.page(
            request,
            "power.html",
            200 if wrong is None else wrong.status,
            here=here,
            now_used=now_of(layout, now, zone),
            bounds=bounds_of(layout, now, zone),
            week=week,
            rows=rows_of(layout.schedule) if rows is None else [*rows, Row(), Row()],
            days=[(it.value, day_name(it)) for it in WEEK],
            wishes={it.charger_id: wish_text(it, now, zone) for it in layout.chargers},
            circuits={it.circuit_id: it.name for it in layout.circuits},
            breakers=[
                (MAIN, _("Main breaker")),
                *((it.circuit_id, it.name) for it in layout.circuits),
            ],
            priorities=[(it, str(it)) for it in PRIORITIES],
            may_change=here.may(Action.POWER),
            fresh=here.fresh(Action.POWER),
            present=present,
            filled=None if filled is None else beside(filled, present),
            wrong=wrong,
            **choices(),
        )


def _present(layout: Layout) -> dict[str, str]:
    """Name what is set at present, by the fields of the forms."""
    until = layout.available_until
    local = None if until is None else until.astimezone(ZoneInfo(layout.time_zone))
    peak = next((it for it in layout.peaks if it.circuit_id is None), None)
    return {
        "peak_kw": "" if peak is None else f"{peak.peak_w / 1000:g}",
        "per": (PeakPeriod.HOUR if peak is None else peak.per).value,
        "available_a": written(layout.available_a),
        "until": "" if local is None else f"{local:%Y-%m-%dT%H:%M}",
        "otherwise_a": written(layout.otherwise_a),
        "switch_current_a": _written(layout.switch_current_a),
        "imbalance_a": _written(layout.imbalance_a),
        **{f"priority-{it.charger_id}": str(it.priority) for it in layout.chargers},
    }


def _written(a: float | None) -> str:
    return "" if a is None else f"{a:g}"


def _number(text: str) -> str | None:
    return text.replace(",", ".") or None


def _look(wrong: Mapping[str, str]) -> Wrong:
    return Wrong(422, _("Some fields need another look."), wrong)

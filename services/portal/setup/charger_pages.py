"""One charger as it is set up: described anew, moved, given another fail-safe or password, removed."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from services.portal.documents import Charger, Layout
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.out_of_use import locked_text
from services.portal.part_wishes import beside
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.setup.describing import number_of
from services.portal.setup.issuing import Issuing
from services.portal.setup.trees import Place as Somewhere
from services.portal.setup.trees import circuits_for_chargers, way_to
from shared.messages import Command
from shared.messages.installation_commands import (
    ChangeCharger,
    MoveCharger,
    RemoveCharger,
    SetFailSafe,
)
from shared.phases import PHASES, PhaseSwitching
from shared.rights.grants import Place
from shared.rights.table import Action
from shared.speech import _, marked

SWITCHING: Final = {
    PhaseSwitching.NONE: marked("No"),
    PhaseSwitching.FIRST_TERMINAL: marked("Yes, to its first terminal"),
    PhaseSwitching.ANY_TERMINAL: marked("Yes, to any terminal"),
}
COMPUTED, WISHED = "computed", "wished"
PLACES_MAX: Final = 200
"""How many circuits of other installations are offered to move to; what is beyond is done by the API."""


class ChargerPages:
    """The page, and each of its forms."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._issuing = Issuing(parts)

    async def page(self, request: Request) -> Response:
        """Show how a charger is set up."""
        here, charger = self._parts.places.charger(request, Action.LIVE)
        return self._page(request, here, charger)

    async def describe(self, request: Request) -> Response:
        """Change its name, its wiring, its currents."""
        here, charger, filled = await self._asked(request)
        currents = ("max_a", "min_a", "breaker_a")
        fields: dict[str, Any] = {
            name: number_of(text) for name, text in filled.some(*currents).items()
        }
        fields |= filled.some("name", "phase_switching")
        fields["wiring"] = filled.one("wiring").split()
        fields["without_breaker"] = not filled.one("breaker_a")
        told = _("“%(name)s” was changed.", name=filled.one("name") or charger.name)
        return await self._done(request, here, charger, filled, ChangeCharger, fields, told)

    async def fail_safe(self, request: Request) -> Response:
        """Wish for a fail-safe, or have it computed."""
        here, charger, filled = await self._asked(request)
        wished = filled.one("fail_safe") == WISHED
        fields = {"fail_safe_a": number_of(filled.one("fail_safe_a")) if wished else None}
        told = _("The fail-safe of “%(name)s” was changed.", name=charger.name)
        return await self._done(request, here, charger, filled, SetFailSafe, fields, told)

    async def move(self, request: Request) -> Response:
        """Put it on another circuit, here or elsewhere."""
        here, charger, filled = await self._asked(request)
        there, _slash, circuit_id = filled.one("to").rpartition("/")
        fields = {"circuit_id": circuit_id, "to_installation_id": there or None}
        path = f"/installations/{there or here.id}/circuits?new={circuit_id}"
        told = _("“%(name)s” was moved.", name=charger.name)
        return await self._done(request, here, charger, filled, MoveCharger, fields, told, path)

    async def remove(self, request: Request) -> Response:
        """Take it away."""
        here, charger, filled = await self._asked(request)
        if not filled.ticked("sure"):
            text = _("Tick that this charger is gone from here.")
            return self._page(request, here, charger, filled, Wrong(422, text, {"sure": text}))
        told = _(
            "“%(name)s” was removed; %(serial)s can be added anywhere now.",
            name=charger.name,
            serial=charger.serial,
        )
        path = f"{here.path}/circuits?new={charger.circuit_id}"
        return await self._done(request, here, charger, filled, RemoveCharger, {}, told, path)

    async def password(self, request: Request) -> Response:
        """Issue it a password, shown this once."""
        here, charger, filled = await self._asked(request)
        return await self._issuing.issued(request, here, filled, [charger.serial], "")

    async def _asked(self, request: Request) -> tuple[Here, Charger, Filled]:
        here, charger = self._parts.places.charger(request, Action.TECHNICAL)
        return here, charger, await filled_in(request)

    async def _done(
        self,
        request: Request,
        here: Here,
        charger: Charger,
        filled: Filled,
        kind: type[Command],
        fields: Mapping[str, Any],
        told: str,
        path: str | None = None,
    ) -> Response:
        of = {"installation_id": here.id, "charger_id": charger.charger_id}
        doing = self._parts.doing
        done = await doing.carry_out(filled, kind, of | dict(fields))
        if isinstance(done, Wrong):
            return self._page(request, here, charger, filled, done)
        own = f"{here.path}/chargers/{charger.charger_id}/set-up"
        return doing.done(request, path or own, done, told)

    def _page(
        self,
        request: Request,
        here: Here,
        charger: Charger,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
    ) -> Response:
        layout = here.layout
        present = _present(charger)
        return self._parts.paper.page(
            request,
            "set_up_charger.html",
            200 if wrong is None else wrong.status,
            here=here,
            charger=charger,
            circuit=layout.circuit(charger.circuit_id),
            way=way_to(layout, charger.circuit_id),
            locked=charger.lock and locked_text(charger, charger.lock, layout),
            wirings=_wirings(layout),
            switching=[(it.value, _(text)) for it, text in SWITCHING.items()],
            fail_safes=[
                (COMPUTED, _("Computed, so that all of them fit together")),
                (WISHED, _("As I wish")),
            ],
            places=[("", _("Choose…")), *self._places(here, charger)],
            may_change=here.may(Action.TECHNICAL),
            fresh=here.fresh(Action.TECHNICAL),
            present=present,
            filled=None if filled is None else beside(filled, present),
            wrong=wrong,
        )

    def _places(self, here: Here, charger: Charger) -> list[Somewhere]:
        """Name the other circuits here, and those of other installations that the asker serves."""
        own = circuits_for_chargers(here.layout, frozenset({charger.circuit_id}))
        guard, held = self._parts.guard, self._parts.models.layouts.held
        others = sorted(
            (
                it
                for it in held.values()
                if it.installation_id != here.id
                and guard.may(here.asker, Action.TECHNICAL, Place(it.installation_id))
            ),
            key=lambda it: it.name.casefold(),
        )
        elsewhere = [
            (f"{it.installation_id}/{circuit_id}", f"{it.name}: {text.strip()}")
            for it in others
            for circuit_id, text in circuits_for_chargers(it)
        ]
        return [*own, *elsewhere[:PLACES_MAX]]


def _present(charger: Charger) -> dict[str, str]:
    """Spell what a charger is, as its forms have it."""
    return {
        "name": charger.name,
        "wiring": " ".join(charger.wiring),
        "max_a": f"{charger.max_a:g}",
        "min_a": f"{charger.min_a:g}",
        "breaker_a": "" if charger.breaker_a is None else f"{charger.breaker_a:g}",
        "phase_switching": charger.phase_switching.value,
        "fail_safe": WISHED if charger.fail_safe_wished else COMPUTED,
        "fail_safe_a": f"{charger.fail_safe_a:g}",
        "to": "",
    }


def _wirings(layout: Layout) -> list[Somewhere]:
    """Name the ways in which a charger's terminals can be wired."""
    lines = layout.grid_type.lines
    turns = permutations(PHASES) if layout.grid_type.three_phase else ()
    found = [*(" ".join(it) for it in turns), *lines]
    return [(it, it) for it in found]

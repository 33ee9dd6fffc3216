"""Out of use and into use again, a circuit or a whole installation: what is in the way, the ways on."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from services.portal.documents import Circuit
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.part_wishes import one_of
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.setup.circuit_pages import circuit_of
from services.portal.setup.trees import (
    beneath,
    circuits_for_chargers,
    in_the_way,
    way_to,
    whole,
)
from shared.messages import Answer, Verdict
from shared.messages.balancer import MAIN
from shared.messages.installation_commands import (
    DeactivateCircuit,
    DeactivateInstallation,
    MoveCharger,
    ReactivateCircuit,
    ReactivateInstallation,
    RemoveCharger,
)
from shared.rights.table import Action
from shared.speech import _, counted

MOVE: Final = "move"
REMOVE: Final = "remove"


class LeavingPages:
    """The page, and each way on."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: Request) -> Response:
        """Show what is in the way."""
        here = self._parts.places.here(request, Action.LIVE)
        return self._page(request, here, leaving_of(request, here))

    async def deactivate(self, request: Request) -> Response:
        """Take it out of use; with chargers, only if whoever asks has said that they are to be locked."""
        here, circuit, filled = await self._asked(request)
        locking = filled.ticked("lock")
        chargers = len(in_the_way(here.layout, circuit.circuit_id))
        if chargers and not locking:
            text = _(
                "Chargers stand here. Move them, remove them, or tick that they are to be locked."
            )
            wrong = Wrong(
                409, text, {"lock": _("Tick this to go on with locking.")}, "CircuitInUse"
            )
            return self._page(request, here, circuit, filled, wrong)
        doing = self._parts.doing
        kind = DeactivateInstallation if circuit.circuit_id == MAIN else DeactivateCircuit
        fields = _named(here, circuit) | {"lock_serials": locking} | filled.some("reason")
        done = await doing.carry_out(filled, kind, fields)
        if isinstance(done, Wrong):
            return self._page(request, here, circuit, filled, done)
        told = [_("“%(name)s” is out of use.", name=circuit.name)]
        if chargers:
            told.append(
                counted(
                    chargers,
                    "%(n)s serial number is locked; taking “%(name)s” into use again unlocks it.",
                    "%(n)s serial numbers are locked; taking “%(name)s” into use again unlocks them.",
                    name=circuit.name,
                )
            )
        path = f"{here.path}/circuits?deactivated=1"
        return doing.done(request, path, done.model_copy(update={"notes": ()}), *told)

    async def reactivate(self, request: Request) -> Response:
        """Take it into use again, with what went down with it."""
        here, circuit, filled = await self._asked(request)
        kind = ReactivateInstallation if circuit.circuit_id == MAIN else ReactivateCircuit
        done = await self._parts.doing.carry_out(filled, kind, _named(here, circuit))
        if isinstance(done, Wrong):
            return self._page(request, here, circuit, filled, done)
        told = _("“%(name)s” is in use again.", name=circuit.name)
        path = f"{here.path}/circuits?new={circuit.circuit_id}"
        return self._parts.doing.done(
            request, path, done.model_copy(update={"notes": ()}), told
        )

    async def clear(self, request: Request) -> Response:
        """Move all chargers to another circuit, or remove them: one after the other, and none twice."""
        here, circuit, filled = await self._asked(request)
        way, those = filled.one("way"), in_the_way(here.layout, circuit.circuit_id)
        wrong = _unsure(filled)
        done = Answer(verdict=Verdict.ACCEPTED)
        count = 0
        for charger in () if wrong else those:
            found = await self._one(here, filled, way, charger.charger_id)
            if isinstance(found, Wrong):
                wrong = found
                break
            done, count = found, count + 1
        if wrong is not None:
            if count:
                so_far = _("%(n)s of %(all)s are done; then:", n=count, all=len(those))
                wrong = Wrong(wrong.status, f"{so_far} {wrong.text}", wrong.fields, wrong.name)
            return self._page(request, here, circuit, filled, wrong)
        if way == MOVE:
            told = counted(count, "%(n)s charger was moved.", "%(n)s chargers were moved.")
        else:
            told = counted(count, "%(n)s charger was removed.", "%(n)s chargers were removed.")
        empty = _(
            "Nothing is in the way any more; “%(name)s” can be taken out of use.",
            name=circuit.name,
        )
        path = f"{here.path}/circuits/{circuit.circuit_id}/deactivate"
        answer = done.model_copy(update={"notes": ()})
        return self._parts.doing.done(request, path, answer, told, empty)

    async def _one(
        self, here: Here, filled: Filled, way: str, charger_id: str
    ) -> Answer | Wrong:
        """Each charger is a wish of its own, named by the form and the charger."""
        own = one_of(filled, charger_id)
        of = {"installation_id": here.id, "charger_id": charger_id}
        if way == MOVE:
            fields = of | {"circuit_id": filled.one("to")}
            return await self._parts.doing.carry_out(own, MoveCharger, fields)
        return await self._parts.doing.carry_out(own, RemoveCharger, of)

    async def _asked(self, request: Request) -> tuple[Here, Circuit, Filled]:
        here = self._parts.places.here(request, Action.TECHNICAL)
        return here, leaving_of(request, here), await filled_in(request)

    def _page(
        self,
        request: Request,
        here: Here,
        circuit: Circuit,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
    ) -> Response:
        # What was done so far is shown as well, so the layout is looked at anew.
        layout = self._parts.models.layouts.get(here.id) or here.layout
        within = beneath(layout, circuit.circuit_id)
        return self._parts.paper.page(
            request,
            "deactivate.html",
            200 if wrong is None else wrong.status,
            here=here,
            circuit=circuit,
            way=way_to(layout, circuit.circuit_id),
            in_use=layout.in_use(circuit.circuit_id),
            chargers=in_the_way(layout, circuit.circuit_id),
            circuits={it.circuit_id: it.name for it in layout.circuits},
            inside=len(within) - 1,
            elsewhere=circuits_for_chargers(layout, within),
            may_change=here.may(Action.TECHNICAL),
            fresh=here.fresh(Action.TECHNICAL),
            filled=filled,
            wrong=wrong,
        )


def leaving_of(request: Request, here: Here) -> Circuit:
    """
    Find what the path names: a circuit, or by the main breaker's name the whole installation.

    Raises:
        HTTPException: 404, there is none.
    """
    if request.path_params["circuit_id"] == MAIN:
        return whole(here.layout)
    return circuit_of(request, here)


def _named(here: Here, circuit: Circuit) -> dict[str, Any]:
    """Name it as commands do."""
    whole_one = circuit.circuit_id == MAIN
    return {"installation_id": here.id} | (
        {} if whole_one else {"circuit_id": circuit.circuit_id}
    )


def _unsure(filled: Filled) -> Wrong | None:
    """Each way takes one thing more than a click."""
    way = filled.one("way")
    if way == MOVE and not filled.one("to"):
        text = _("Choose the circuit that the chargers are to stand on.")
        return Wrong(422, text, {"to": text})
    if way == REMOVE and not filled.ticked("sure"):
        text = _("Tick that these chargers are gone from here.")
        return Wrong(422, text, {"sure": text})
    if way not in {MOVE, REMOVE}:
        return Wrong(422, _("Choose whether to move the chargers or to remove them."))
    return None

"""Circuits: the tree, a new one, and what can be changed of one."""

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.documents import Circuit
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.part_wishes import beside
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.remarks import Remarks
from services.portal.setup.describing import id_of, number_of
from services.portal.setup.trees import in_the_way, parents_for, way_to
from services.portal.view import InstallationView
from services.portal.viewers import Sight
from shared.messages.balancer import MAIN
from shared.messages.installation_commands import AddCircuit, ChangeCircuit, MoveCircuit
from shared.rights.table import Action
from shared.speech import _, spoken

AMPERES: Final = ("breaker_a", "set_a")


class CircuitPages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._remarks = Remarks(parts.client)

    # --- All of them ---

    async def tree(self, request: Request) -> Response:
        """Show all circuits with what flows through them, and the form of a new one."""
        return await self._tree(request, self._parts.places.here(request, Action.LIVE))

    async def add(self, request: Request) -> Response:
        """Add a circuit."""
        here, filled = (
            self._parts.places.here(request, Action.TECHNICAL),
            await filled_in(request),
        )
        taken = {MAIN, *(it.circuit_id for it in here.layout.circuits)}
        parent_id = filled.one("parent_id")
        fields: dict[str, Any] = amperes_in(filled) | {
            "installation_id": here.id,
            "circuit_id": id_of(filled.one("name"), taken, otherwise="circuit"),
            "parent_id": None if parent_id in {"", MAIN} else parent_id,
        }
        doing = self._parts.doing
        done = await doing.carry_out(filled, AddCircuit, fields | filled.some("name"))
        if isinstance(done, Wrong):
            return await self._tree(request, here, filled, done)
        told = _("“%(name)s” was added.", name=filled.one("name"))
        path = f"{here.path}/circuits?new={fields['circuit_id']}"
        return doing.done(request, path, done.model_copy(update={"notes": ()}), told)

    async def _tree(
        self,
        request: Request,
        here: Here,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
    ) -> Response:
        deactivated = request.query_params.get("deactivated") == "1"
        layout, query = here.layout, request.query_params
        return self._parts.paper.page(
            request,
            "circuits.html",
            200 if wrong is None else wrong.status,
            here=here,
            view=self._view(here, deactivated=deactivated),
            chargers={it.charger_id: it for it in layout.chargers},
            deactivated=deactivated,
            may_change=here.may(Action.TECHNICAL),
            may_add_chargers=here.may(Action.ADD_CHARGERS),
            fresh=here.fresh(Action.TECHNICAL),
            parents=parents_for(layout),
            beneath=query.get("beneath", MAIN),
            new=query.get("new", ""),
            remarks=await self._remarks.of(here.id),
            filled=filled,
            wrong=wrong,
        )

    def _view(self, here: Here, *, deactivated: bool) -> InstallationView:
        view = self._parts.sights.view(Sight(here.id, deactivated, spoken()))
        if view is None:
            raise HTTPException(404, _("There is no installation “%(id)s”", id=here.id))
        return view

    # --- One of them ---

    async def one(self, request: Request) -> Response:
        """Show what can be changed of a circuit."""
        here = self._parts.places.here(request, Action.LIVE)
        return self._one(request, here, circuit_of(request, here))

    async def change(self, request: Request) -> Response:
        """Change its name, its breaker or its set value."""
        here, circuit, filled = await self._asked(request)
        fields = amperes_in(filled)
        fields.setdefault("set_a", fields.get("breaker_a", ""))
        return await self._done(
            request, here, circuit, filled, ChangeCircuit, fields | filled.some("name")
        )

    async def move(self, request: Request) -> Response:
        """Hang it elsewhere, with all beneath it."""
        here, circuit, filled = await self._asked(request)
        parent_id = filled.one("parent_id")
        fields = {"parent_id": None if parent_id == MAIN else parent_id}
        return await self._done(request, here, circuit, filled, MoveCircuit, fields)

    async def _asked(self, request: Request) -> tuple[Here, Circuit, Filled]:
        here = self._parts.places.here(request, Action.TECHNICAL)
        return here, circuit_of(request, here), await filled_in(request)

    async def _done(
        self,
        request: Request,
        here: Here,
        circuit: Circuit,
        filled: Filled,
        kind: type[ChangeCircuit | MoveCircuit],
        fields: dict[str, Any],
    ) -> Response:
        of = {"installation_id": here.id, "circuit_id": circuit.circuit_id}
        doing = self._parts.doing
        done = await doing.carry_out(filled, kind, of | fields)
        if isinstance(done, Wrong):
            return self._one(request, here, circuit, filled, done)
        told = _("“%(name)s” was changed.", name=filled.one("name") or circuit.name)
        answer = done.model_copy(update={"notes": ()})  # the page shows those that still hold
        return doing.done(
            request, f"{here.path}/circuits?new={circuit.circuit_id}", answer, told
        )

    def _one(
        self,
        request: Request,
        here: Here,
        circuit: Circuit,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
    ) -> Response:
        layout = here.layout
        present = {
            "name": circuit.name,
            "breaker_a": f"{circuit.breaker_a:g}",
            "set_a": f"{circuit.set_a:g}",
            "parent_id": circuit.parent_id or MAIN,
        }
        return self._parts.paper.page(
            request,
            "circuit.html",
            200 if wrong is None else wrong.status,
            here=here,
            circuit=circuit,
            way=way_to(layout, circuit.circuit_id),
            in_use=layout.in_use(circuit.circuit_id),
            parents=parents_for(layout, circuit.circuit_id),
            standing=[it for it in layout.chargers if it.circuit_id == circuit.circuit_id],
            in_the_way=in_the_way(layout, circuit.circuit_id),
            may_change=here.may(Action.TECHNICAL),
            may_add_chargers=here.may(Action.ADD_CHARGERS),
            fresh=here.fresh(Action.TECHNICAL),
            present=present,
            filled=None if filled is None else beside(filled, present),
            wrong=wrong,
        )


def circuit_of(request: Request, here: Here) -> Circuit:
    """
    Find the circuit that the path names.

    Raises:
        HTTPException: 404, there is none.
    """
    circuit_id: str = request.path_params["circuit_id"]
    circuit = here.layout.circuit(circuit_id)
    if circuit is None:
        raise HTTPException(404, _("There is no circuit “%(id)s” here", id=circuit_id))
    return circuit


def amperes_in(filled: Filled) -> dict[str, Any]:
    """Take currents as people write them."""
    return {it: number_of(text) for it, text in filled.some(*AMPERES).items()}

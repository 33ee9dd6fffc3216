"""Adding chargers: serial numbers are pasted, looked at line by line, added all at once; then passwords."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.documents import Charger, Layout
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.setup.circuit_pages import circuit_of
from services.portal.setup.describing import number_of
from services.portal.setup.issuing import Issuing
from services.portal.setup.pasting import Manner, Row, Wirings, World, addable, rows_of
from services.portal.setup.trees import way_to
from shared.ids import Serial
from shared.messages.installation_commands import AssignChargers
from shared.rights.table import Action
from shared.speech import _, counted, marked
from shared.units import CHARGER_A_MAX, PILOT_MIN_A

SERIALS_CHARS_MAX: Final = 200
"""Of serial numbers that an address brings along."""
NUMBER_MAX: Final = 100_000
WIRINGS: Final = {
    Wirings.TURNED: marked("Three phases, turned from charger to charger (recommended)"),
    Wirings.ALIKE: marked("Three phases, all as L1 L2 L3"),
    Wirings.ONE_PHASE: marked("One phase, L1, L2 and L3 in turn"),
}


class AssigningPages:
    """The form, its check, and what it leads to."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._issuing = Issuing(parts)

    async def new(self, request: Request) -> Response:
        """Offer the form."""
        return self._form(request, self._here(request))

    async def check(self, request: Request) -> Response:
        """Say what would become of each line that was pasted."""
        here, filled = self._here(request), await filled_in(request)
        manner, _wrong = _manner_of(filled)
        rows = self._rows(request, here, filled, manner)
        return self._parts.paper.page(request, "new_chargers_rows.html", rows=rows)

    async def assign(self, request: Request) -> Response:
        """Add all of them, or none; then issue passwords, if that is wanted."""
        here, filled = self._here(request), await filled_in(request)
        manner, wrong_fields = _manner_of(filled)
        rows = self._rows(request, here, filled, manner)
        if filled.ticked("look"):
            return self._form(request, here, filled, rows=rows)
        wrong = _wrong_of(rows, wrong_fields)
        if wrong is not None:
            return self._form(request, here, filled, wrong, rows)
        circuit = circuit_of(request, here)
        chargers = addable(rows)
        fields = {
            "installation_id": here.id,
            "circuit_id": circuit.circuit_id,
            "chargers": tuple(chargers),
        }
        done = await self._parts.doing.carry_out(filled, AssignChargers, fields)
        if isinstance(done, Wrong):
            return self._form(request, here, filled, done, rows)
        added = counted(
            len(chargers),
            "%(n)s charger was added on “%(name)s”.",
            "%(n)s chargers were added on “%(name)s”.",
            name=circuit.name,
        )
        if filled.ticked("passwords"):
            serials = [it.serial for it in chargers]
            return await self._issuing.issued(request, here, filled, serials, added)
        path = f"{here.path}/circuits?new={circuit.circuit_id}"
        return self._parts.doing.done(
            request, path, done.model_copy(update={"notes": ()}), added
        )

    def _here(self, request: Request) -> Here:
        return self._parts.places.here(request, Action.ADD_CHARGERS)

    def _rows(
        self, request: Request, here: Here, filled: Filled, manner: Manner
    ) -> Sequence[Row]:
        standing = self._parts.models.standing()

        def elsewhere(serial: Serial) -> str | None:
            layout, charger = standing.get(serial, (here.layout, None))
            if charger is None or layout.installation_id == here.id:
                return None
            seen = self._parts.seeing.live(here.asker, layout.installation_id)
            return _elsewhere(layout, charger, seen=seen)

        world = World(here.layout, circuit_of(request, here), elsewhere)
        return rows_of(filled.one("chargers"), manner, world)

    def _form(
        self,
        request: Request,
        here: Here,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
        rows: Sequence[Row] = (),
    ) -> Response:
        circuit, layout = circuit_of(request, here), here.layout
        if not layout.in_use(circuit.circuit_id):
            raise HTTPException(
                409, _("“%(name)s” is out of use; take it into use first.", name=circuit.name)
            )
        three = layout.grid_type.three_phase
        return self._parts.paper.page(
            request,
            "new_chargers.html",
            200 if wrong is None else wrong.status,
            here=here,
            circuit=circuit,
            way=way_to(layout, circuit.circuit_id),
            wirings=[(it, _(text)) for it, text in WIRINGS.items()] if three else [],
            serials=request.query_params.get("serials", "")[:SERIALS_CHARS_MAX],
            first=len(layout.chargers) + 1,
            usual_a=min(32.0, circuit.set_a),
            fresh=here.fresh(Action.ADD_CHARGERS),
            filled=filled,
            wrong=wrong,
            rows=rows,
        )


def _elsewhere(layout: Layout, charger: Charger, *, seen: bool) -> str:
    """Say where a serial number stands; of a place that somebody may not see, only that it is another."""
    where = {"place": layout.name, "name": charger.name}
    if not seen:
        return _(
            "It is added at another installation. Check the label; whoever serves that one can remove it "
            "there."
        )
    if charger.lock is not None:
        return _("It is “%(name)s” at %(place)s, and locked.", **where)
    return _("It is “%(name)s” at %(place)s: move it here from there.", **where)


def _manner_of(filled: Filled) -> tuple[Manner, dict[str, str]]:
    """Read what holds for all of them, and say what is wrong with it."""
    wrong: dict[str, str] = {}
    max_a, first = None, 1
    if filled.one("max_a"):
        try:
            max_a = float(number_of(filled.one("max_a")))
        except ValueError:
            wrong["max_a"] = _("This is no number.")
        else:
            if not PILOT_MIN_A <= max_a <= CHARGER_A_MAX:
                wrong["max_a"] = _(
                    "From %(least)g A to %(most)g A.", least=PILOT_MIN_A, most=CHARGER_A_MAX
                )
                max_a = None
    number = filled.one("first")
    if number:
        if number.isascii() and number.isdigit() and int(number) <= NUMBER_MAX:
            first = int(number)
        else:
            wrong["first"] = _("This is no number.")
    manner = Manner(
        filled.one("prefix")[:80], first, filled.one("wirings") or Wirings.TURNED, max_a
    )
    return manner, wrong


def _wrong_of(rows: Sequence[Row], wrong_fields: dict[str, Any]) -> Wrong | None:
    if not rows:
        wrong_fields["chargers"] = _("Paste or type at least one serial number.")
    faulty = sum(bool(it.faults) for it in rows)
    if faulty:
        text = counted(
            faulty,
            "%(n)s line needs another look; nothing was added yet.",
            "%(n)s lines need another look; nothing was added yet.",
        )
        return Wrong(422, text, wrong_fields)
    if wrong_fields:
        return Wrong(422, _("Some fields need another look."), wrong_fields)
    if not addable(rows):
        return Wrong(422, _("That is too many at once: at most %(n)s.", n=500), wrong_fields)
    return None

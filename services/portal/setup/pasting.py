"""New chargers out of what installers paste: read, completed, and compared with what there is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from services.portal.documents import Charger, Circuit, Layout
from services.portal.setup.pasted_table import as_table, with_own_lines
from shared.charger_file import PER_COMMAND_MAX, read_chargers
from shared.ids import Serial
from shared.messages.installation_commands import NewCharger
from shared.phases import PHASES, GridType, Phase
from shared.speech import _
from shared.units import exceeds

TURNED: Final = tuple(PHASES[it:] + PHASES[:it] for it in range(len(PHASES)))
"""L1 L2 L3, L2 L3 L1, L3 L1 L2."""


class Wirings(StrEnum):
    """How chargers are wired whose line does not say it."""

    TURNED = "turned"
    ALIKE = "alike"
    ONE_PHASE = "one-phase"


@dataclass(frozen=True, slots=True)
class Manner:
    """
    What holds for chargers whose line does not say it.

    Args:
        prefix: a name is this and a number; empty: it is the serial number.
        first: the first number.
        wirings: one of `Wirings`.
        max_a: the highest current; none: what is usual.
    """

    prefix: str = ""
    first: int = 1
    wirings: str = Wirings.TURNED
    max_a: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A charger as it was pasted, what becomes of it, and what is to be said of it."""

    number: int
    """Of the line."""
    text: str
    charger: NewCharger | None = None
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """
    What new chargers are compared with.

    Args:
        layout: the installation.
        circuit: where they are to stand.
        elsewhere: says where a serial number stands that stands in another installation.
    """

    layout: Layout
    circuit: Circuit
    elsewhere: Callable[[Serial], str | None]


def rows_of(text: str, manner: Manner, world: World) -> list[Row]:
    """
    Read what was pasted, all of it, and say of each line what is wrong with it.

    Nothing is to be added unless no row has faults.
    """
    made, sources = as_table(text)
    lines, bad = read_chargers(made, world.circuit.circuit_id, world.layout.installation_id)
    faults: dict[int, list[str]] = {}
    for it in bad:
        faults.setdefault(it.number, []).append(with_own_lines(it.text, sources))
    for line in lines:
        if line.installation_id != world.layout.installation_id:
            other = _("It names another installation: %(id)s.", id=line.installation_id)
            faults.setdefault(line.number, []).append(other)
        if line.circuit_id != world.circuit.circuit_id:
            other = _("It names another circuit: %(id)s.", id=line.circuit_id)
            faults.setdefault(line.number, []).append(other)
    by_number = {it.number: it for it in lines}
    rows = [
        Row(
            number=source,
            text=shown,
            charger=by_number[made_number].charger if made_number in by_number else None,
            faults=tuple(faults.pop(made_number, ())),
        )
        for made_number, (source, shown) in sources.items()
    ]
    said = [
        it for it in rows if it.charger is not None or it.faults
    ]  # others are empty lines of a table
    of_header = (Row(1, "", faults=tuple(it)) for it in faults.values())
    return [_compared(it, world) for it in _completed([*of_header, *said], manner, world)]


# --- What is left out is filled in ---


def _completed(rows: Sequence[Row], manner: Manner, world: World) -> Iterator[Row]:
    names = {it.name for it in world.layout.chargers}
    number, place = manner.first, len(world.layout.chargers)
    for row in rows:
        if row.charger is None:
            yield row
            continue
        given = row.charger.model_fields_set
        changes: dict[str, Any] = {}
        if manner.prefix and row.charger.name == row.charger.serial:
            while f"{manner.prefix} {number}" in names:
                number += 1
            changes["name"] = f"{manner.prefix} {number}"
            number += 1
        if "wiring" not in given:
            changes["wiring"] = _wiring(manner.wirings, place, world.layout.grid_type)
        if manner.max_a is not None and "max_a" not in given:
            changes["max_a"] = manner.max_a
        place += 1
        names.add(changes.get("name", row.charger.name))
        yield replace(row, charger=row.charger.model_copy(update=changes))


def _wiring(wirings: str, place: int, grid: GridType) -> tuple[Phase, ...]:
    if not grid.three_phase:
        return (Phase.L1,)
    turned = TURNED[place % len(TURNED)]
    if wirings == Wirings.ONE_PHASE:
        return turned[:1]
    return PHASES if wirings == Wirings.ALIKE else turned


# --- Each is compared with what there is ---


def _compared(row: Row, world: World) -> Row:
    charger = row.charger
    if charger is None:
        return row
    layout, circuit = world.layout, world.circuit
    faults, remarks = list(row.faults), list(row.remarks)
    here = next((it for it in layout.chargers if it.serial == charger.serial), None)
    same_id = next((it for it in layout.chargers if it.charger_id == charger.charger_id), None)
    if here is not None:
        faults.append(_stands(here))
    elif same_id is not None:
        faults.append(
            _("The id %(id)s is that of “%(name)s”.", id=charger.charger_id, name=same_id.name)
        )
    elif elsewhere := world.elsewhere(charger.serial):
        faults.append(elsewhere)
    if not set(charger.wiring) <= set(layout.grid_type.lines):
        faults.append(_("This grid has one phase: wire it to L1."))
    if any(it.name == charger.name for it in layout.chargers):
        remarks.append(_("There is a charger of this name already."))
    if exceeds(charger.max_a, circuit.set_a):
        remarks.append(_("The circuit gives it %(a)g A at most.", a=circuit.set_a))
    return replace(row, faults=tuple(faults), remarks=tuple(remarks))


def _stands(charger: Charger) -> str:
    if charger.lock is not None:
        return _(
            "It is “%(name)s” here, and locked: take its circuit into use again, or have support "
            "unlock it.",
            name=charger.name,
        )
    return _("It is “%(name)s” here already.", name=charger.name)


def addable(rows: Sequence[Row]) -> list[NewCharger]:
    """Name the chargers to be added: all of them, or none."""
    if any(it.faults for it in rows) or len(rows) > PER_COMMAND_MAX:
        return []
    return [it.charger for it in rows if it.charger is not None]

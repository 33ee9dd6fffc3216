"""What stands in a row about a session, for programs and for spreadsheets; pure."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.portal.billing.lines import Line
from shared.ids import ChargerId, PersonId

COLUMNS: Final = (
    "session_id",
    "charger_id",
    "charger",
    "person_id",
    "started_at",
    "ended_at",
    "energy_wh",
    "person",
    "serial",
    "start_wh",
    "end_wh",
    "before_wh",
    "currency",
    "net",
    "vat",
    "gross",
    "estimated",
    "note",
)
"""By their names, which are stable: for programs."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""With what a cell begins that a spreadsheet would calculate (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True)
class Names:
    """What chargers and people are called, as far as whoever reads may know it."""

    chargers: Mapping[ChargerId, str]
    people: Mapping[PersonId, str]

    def charger(self, charger_id: ChargerId) -> str:
        return self.chargers.get(charger_id, charger_id)

    def person(self, person_id: PersonId | None) -> str:
        return "" if person_id is None else self.people.get(person_id, person_id)


def row_of(line: Line, names: Names) -> dict[str, Any]:
    """Name what there is to know of a session, by `COLUMNS`; amounts are texts, as exact as they are."""
    it, cost = line.session, line.cost
    return {
        "session_id": it.session_id,
        "charger_id": it.charger_id,
        "charger": names.charger(it.charger_id),
        "person_id": it.person_id,
        "started_at": _spelled(it.started_at),
        "ended_at": None if it.ended_at is None else _spelled(it.ended_at),
        "energy_wh": it.energy_wh,
        "person": names.person(it.person_id),
        "serial": it.serial,
        "start_wh": it.start_wh,
        "end_wh": it.end_wh,
        "before_wh": it.before_wh,
        "currency": None if cost is None else cost.currency,
        "net": None if cost is None else str(cost.net),
        "vat": None if cost is None else str(cost.vat),
        "gross": None if cost is None else str(cost.gross),
        "estimated": line.estimated,
        "note": note_of(line),
    }


def note_of(line: Line) -> str | None:
    """Name what is not as it should be: a code for programs; none if all is well."""
    if line.session.fell_wh:
        return "REGISTER_FELL"
    if line.session.before_fell_wh:
        return "REGISTER_FELL_BEFORE"
    return None


def _spelled(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def csv_head() -> str:
    """Spell the first line of a CSV (RFC 4180)."""
    return csv_lines([COLUMNS])


def csv_of(lines: Iterable[Line], names: Names) -> str:
    """Spell lines as CSV; what a spreadsheet would take for a formula is marked as a text."""
    rows = (row_of(it, names) for it in lines)
    return csv_lines([cell(row[name]) for name in COLUMNS] for row in rows)


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Spell rows as CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def cell(content: object) -> str:
    """
    Spell one cell.

    >>> cell("=1+1"), cell(12), cell(None), cell(True)
    ("'=1+1", '12', '', 'true')
    """
    match content:
        case None:
            return ""
        case bool():
            return "true" if content else "false"
        case str() if content.startswith(_FORMULA):
            return f"'{content}"
        case _:
            return str(content)

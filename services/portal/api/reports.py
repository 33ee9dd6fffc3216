"""Sessions and reports over the API, as JSON, NDJSON or CSV: streamed from the database."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import orjson
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from services.portal.billing.columns import Names, csv_head, csv_of, row_of
from services.portal.billing.lines import Line, line_of
from services.portal.billing.prices import Prices
from services.portal.billing.totals import Totals
from services.portal.session_book import SessionBook, Which
from shared.ids import ChargerId, InstallationId


class Form(StrEnum):
    """As what a report comes: by the name that a link says it with."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"

    @classmethod
    def of(cls, media_type: str) -> "Form":
        return next(it for it in cls if MEDIA_TYPES[it] == media_type)


MEDIA_TYPES: Final = {
    Form.JSON: "application/json",
    Form.NDJSON: "application/x-ndjson",
    Form.CSV: "text/csv",
}


class ReportedSession(BaseModel):
    """One session that is over."""

    session_id: str
    charger_id: ChargerId
    charger: str
    person_id: str | None
    started_at: datetime
    ended_at: datetime
    energy_wh: int
    person: str
    serial: str | None
    start_wh: int
    end_wh: int | None
    before_wh: int
    currency: str | None
    net: str | None
    vat: str | None
    gross: str | None
    estimated: bool
    note: str | None


class ReportedCost(BaseModel):
    """What some sessions cost together, in one currency."""

    currency: str
    net: str
    vat: str
    gross: str


class Report(BaseModel):
    """The sessions that ended in a span of time, and what they took, in watt-hours."""

    installation_id: InstallationId
    begins: datetime
    ends: datetime
    """The first moment that is not in it."""
    sessions: list[ReportedSession]
    energy_wh: int
    energy_by_charger_wh: dict[ChargerId, int]
    energy_by_person_wh: dict[str, int]
    """By person; of nobody that is known, under an empty name."""
    before_wh: int
    """What registers moved between sessions: it is in none."""
    costs: list[ReportedCost]


def streamed(form: Form, file_name: str, body: AsyncIterator[str | bytes]) -> StreamingResponse:
    """Answer with something that is made while it is sent."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if form is Form.CSV:
        headers["Content-Disposition"] = f'attachment; filename="{file_name}.csv"'
    return StreamingResponse(body, headers=headers, media_type=MEDIA_TYPES[form])


async def lines_of(
    book: SessionBook, wanted: Which, prices: Prices
) -> AsyncIterator[Sequence[Line]]:
    """Read sessions as lines, some at a time."""
    async for some in book.all(wanted, marks=True):
        yield [line_of(it, prices) for it in some]


async def as_csv(lines: AsyncIterator[Sequence[Line]], names: Names) -> AsyncIterator[str]:
    """Spell lines as CSV, with a first line that names the columns."""
    yield csv_head()
    async for some in lines:
        yield csv_of(some, names)


async def as_ndjson(lines: AsyncIterator[Sequence[Line]], names: Names) -> AsyncIterator[bytes]:
    """Spell every line as a line of JSON."""
    async for some in lines:
        yield b"".join(
            orjson.dumps(row_of(it, names), option=orjson.OPT_APPEND_NEWLINE) for it in some
        )


async def as_json(
    lines: AsyncIterator[Sequence[Line]], names: Names, span: Which, totals: Totals
) -> AsyncIterator[bytes]:
    """Spell a `Report`: its sessions as they are read, then their sums."""
    assert span.begins is not None  # noqa: S101  # a report has a span
    assert span.ends is not None  # noqa: S101  # a report has a span
    head = orjson.dumps(
        {"installation_id": span.installation_id, "begins": span.begins, "ends": span.ends}
    )
    yield head[:-1] + b',"sessions":['
    comma = b""
    async for some in lines:
        for line in some:
            totals.add(line)
        yield comma + b",".join(orjson.dumps(row_of(it, names)) for it in some)
        comma = b","
    yield b"]," + orjson.dumps(_sums(totals))[1:]


def _sums(totals: Totals) -> dict[str, object]:
    by_charger: dict[str, int] = {}
    for (charger_id, _), it in totals.by_charger.items():
        by_charger[charger_id] = by_charger.get(charger_id, 0) + it.energy_wh
    by_person: dict[str, int] = {}
    for (person_id, _), it in totals.by_person.items():
        by_person[person_id or ""] = by_person.get(person_id or "", 0) + it.energy_wh
    costs = [
        {"currency": it, "net": str(sums.net), "vat": str(sums.vat), "gross": str(sums.gross)}
        for it, sums in ((it, totals.by_currency[it]) for it in totals.currencies)
    ]
    return {
        "energy_wh": totals.energy_wh,
        "energy_by_charger_wh": by_charger,
        "energy_by_person_wh": by_person,
        "before_wh": totals.before_wh,
        "costs": costs,
    }

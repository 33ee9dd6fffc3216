"""What was charged, session by session, over the API: and nothing that a spreadsheet would calculate."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson

from services.portal.api.reports import Report, as_csv, as_json, as_ndjson
from services.portal.billing.columns import COLUMNS, Names
from services.portal.billing.lines import Line, line_of
from services.portal.billing.prices import Prices
from services.portal.billing.totals import Totals
from services.portal.session_book import Which
from tests.unit.portal.billing.facts import measured, session, tariff

BEGINS = datetime(2026, 11, 1, tzinfo=UTC)
SPAN = Which("harbour", begins=BEGINS, ends=BEGINS + timedelta(days=30), over=True)
PRICES = Prices([tariff(windows=())], ZoneInfo("Europe/Oslo"))
NAMES = Names({"bay-1": "=HYPERLINK(1)"}, {"ada": "Ada"})


def lines() -> list[Line]:
    first = session(BEGINS + timedelta(days=1), energy_wh=1_000, person_id="ada")
    second = session(
        BEGINS + timedelta(days=2), energy_wh=2_000, charger_id="bay-2", before_wh=30
    )
    return [line_of(measured(it), PRICES) for it in (first, second)]


async def read(*batches: Sequence[Line]) -> AsyncIterator[Sequence[Line]]:
    for it in batches:
        yield it


async def test_a_report_has_its_sessions_and_their_sums() -> None:
    one, two = lines()
    totals = Totals(ZoneInfo("Europe/Oslo"))

    body = b"".join([it async for it in as_json(read([one], [two]), NAMES, SPAN, totals)])

    report = Report.model_validate_json(body)
    assert [it.person for it in report.sessions] == ["Ada", ""]
    assert (report.energy_wh, report.energy_by_charger_wh) == (
        3_000,
        {"bay-1": 1_000, "bay-2": 2_000},
    )
    assert (report.energy_by_person_wh, report.before_wh) == ({"ada": 1_000, "": 2_000}, 30)
    assert [it.model_dump() for it in report.costs] == [
        {"currency": "NOK", "net": "13.60", "vat": "3.40", "gross": "17.00"}
    ]


async def test_a_report_of_nothing_is_a_report() -> None:
    totals = Totals(ZoneInfo("Europe/Oslo"))

    body = b"".join([it async for it in as_json(read(), NAMES, SPAN, totals)])

    assert Report.model_validate_json(body).sessions == []


async def test_a_spreadsheet_calculates_nothing_of_what_people_have_written() -> None:
    text = "".join([it async for it in as_csv(read(lines()), NAMES)])

    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert [it["charger"] for it in rows] == ["'=HYPERLINK(1)", "bay-2"]
    assert [it["gross"] for it in rows] == ["7.75", "9.25"]


async def test_a_line_of_json_is_one_session() -> None:
    body = b"".join([it async for it in as_ndjson(read(lines()), NAMES)])

    assert [orjson.loads(it)["energy_wh"] for it in body.splitlines()] == [1_000, 2_000]

"""What is measured about reports: rows a second, how soon the first byte comes, what memory grows by."""

import contextlib
import resource
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import services.portal
from cli.bench.place import bench_place
from cli.composition import service_database_url
from cli.figures import Figures, figure
from cli.migrations import LOG_SCHEMA, migrate
from services.portal.billing.making import Asked, Maker
from services.portal.billing.months import CalendarMonth
from services.portal.documents import Charger, Layout
from services.portal.session_book import SessionBook
from shared.ids import PersonId
from shared.messages.installation_terms import PriceWindow, Tariff
from shared.messages.reports import ReportFormat
from shared.phases import PHASES, GridType
from shared.runtime import pool_of

SCHEMA: Final = Path(services.portal.__file__).parent / "schema"
FEW: Final = 1_000
MARKS: Final = 8
"""Looks at the register of each session: two hours' worth."""
PLACE: Final = "bench"
CHARGERS: Final = 54
PEOPLE: Final = 200
MONTH: Final = CalendarMonth(2026, 10)

_SESSIONS: Final = f"""
insert into charging_session
select '{PLACE}/' || month || '-' || n, month || '-' || n, '{PLACE}', 'bay-' || n % {CHARGERS},
       'ZAP' || lpad((n % {CHARGERS})::text, 6, '0'), 'person-' || n % {PEOPLE}, null,
       began, n * 100, began + interval '2 hours', n * 100 + 14800, 14800, 0,
       case when n % 50 = 0 then 40 else 0 end, 0, null, 'EVDisconnected'
from (select n, $1::text as month,
             $2::timestamptz + (n * 25 * 86400.0 / $3::int) * interval '1 second' as began
      from generate_series(1, $3::int) n) drawn
"""  # noqa: S608  # names are ours
_LOOKS: Final = f"""
insert into register_mark
select installation_id, session_id, m, started_at + m * interval '15 minutes', start_wh + m * 1850
from charging_session, generate_series(1, {MARKS}) m
"""  # noqa: S608  # names are ours


def garage() -> Layout:
    """A garage with a price for days and one for nights."""
    night = PriceWindow(begins="22:00", ends="06:00", price_per_kwh=Decimal("0.85"))
    tariff = Tariff(
        valid_from=MONTH.before.first_day,
        currency="NOK",
        price_per_kwh=Decimal("1.20"),
        windows=(night,),
        vat_percent=Decimal(25),
    )
    chargers = tuple(
        Charger(
            charger_id=f"bay-{it}",
            circuit_id="level-1",
            serial=f"ZAP{it:06}",
            name=f"Bay {it}",
            wiring=PHASES,
            max_a=32.0,
            fail_safe_a=6.0,
        )
        for it in range(CHARGERS)
    )
    return Layout(
        installation_id=PLACE,
        name="Sea Street garage",
        address="Sea Street 12",
        grid_type=GridType.TN_3_PHASE,
        breaker_a=160.0,
        time_zone="Europe/Oslo",
        chargers=chargers,
        tariffs=(tariff,),
        position=1,
    )


async def measure_reports(rows: int, say: Callable[[str], None]) -> Figures:
    """
    Make the reports of a month with few sessions, then of one with many, and compare.

    Args:
        rows: how many sessions the larger month has.
        say: told what is going on.

    Raises:
        StackFault: servers do not start.
    """
    async with contextlib.AsyncExitStack() as stack:
        place = await stack.enter_async_context(bench_place())
        url = service_database_url(place.database_url, "reports")
        await migrate("portal", url, [LOG_SCHEMA, SCHEMA])
        pool = await stack.enter_async_context(pool_of(url))
        say(f"writing {rows} sessions")
        for month, count in ((MONTH.before, FEW), (MONTH, rows)):
            began = datetime(month.year, month.month, 1, 12, tzinfo=UTC)
            await pool.execute(_SESSIONS, month.name, began, count, timeout=300)
        await pool.execute(_LOOKS, timeout=300)
        await pool.execute("analyze")
        maker, layout = Maker(SessionBook(pool), _nameless), garage()
        say(f"making reports of {FEW} sessions")
        await _all_forms(maker, Asked(layout, MONTH.before, "bench"))
        few_mib = _peak_mib()
        say(f"making reports of {rows} sessions")
        csv, xlsx_s = await _all_forms(maker, Asked(layout, MONTH, "bench"))
        grown_mib = _peak_mib() - few_mib
    told = f"one month of {rows} sessions, each with {MARKS} readings, priced by time of day"
    return {
        "report_rows": figure(csv.rows, "1", f"{told}; as CSV"),
        "report_rss_growth_mib": figure(
            grown_mib,
            "MiB",
            f"peak of CSV, XLSX and PDF with {rows} sessions over that with {FEW}; aim: below 16",
        ),
        "report_rows_per_s": figure(csv.rows / csv.seconds, "1/s", f"{told}; as CSV"),
        "report_first_byte_ms": figure(csv.first_s * 1000, "ms", f"{told}; as CSV"),
        "report_xlsx_s": figure(xlsx_s, "s", f"{told}; until the file is complete"),
    }


class _Csv:
    """What became of a CSV."""

    def __init__(self) -> None:
        self.rows = -1  # the first line names the columns
        self.first_s = self.seconds = 0.0


async def _all_forms(maker: Maker, asked: Asked) -> tuple[_Csv, float]:
    csv, began_s = _Csv(), time.perf_counter()
    names = await maker.names(asked.layout, asked.sessions, asked.actor)
    async for text in maker.csv(asked.layout, asked.sessions, names):
        csv.first_s = csv.first_s or time.perf_counter() - began_s
        csv.rows += text.count("\n")
    csv.seconds = time.perf_counter() - began_s
    began_s = time.perf_counter()
    async with maker.workbook(asked) as path:
        xlsx_s = time.perf_counter() - began_s
        assert path.stat().st_size  # noqa: S101  # it is there
    await maker.made(asked, ReportFormat.PDF)
    return csv, xlsx_s


async def _nameless(_people: Collection[PersonId], _actor: str) -> Mapping[PersonId, str]:
    return {}


def _peak_mib() -> float:
    """Name the most memory that this process ever had, in MiB."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024

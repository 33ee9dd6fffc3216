"""
Making reports: sessions are read from the database some at a time, priced, added up, and written out.

However many there are, a batch of them is in memory. What takes the processor for long is done in a thread,
and a few reports are made at a time: pages go on meanwhile.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from services.portal.billing.columns import Names, cell, csv_head, csv_lines, csv_of
from services.portal.billing.lines import Line, line_of
from services.portal.billing.monthly import Monthly, Share, monthly_of
from services.portal.billing.months import CalendarMonth
from services.portal.billing.prices import Prices
from services.portal.billing.totals import Totals
from services.portal.documents import Layout
from services.portal.session_book import SessionBook, Which
from shared.ids import PersonId
from shared.messages.reports import ReportFormat

if TYPE_CHECKING:
    from services.portal.billing.workbook import Workbook

AT_ONCE_MAX: Final = 3
"""How many reports are made at a time; others wait."""
MEDIA_TYPES: Final = {
    ReportFormat.PDF: "application/pdf",
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.CSV: "text/csv; charset=utf-8",
}

NamesOf = Callable[[Collection[PersonId], str], Awaitable[Mapping[PersonId, str]]]
"""What people are called, as far as an actor may know it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which report somebody wants: the month of an installation, with the names that they may know."""

    layout: Layout
    month: CalendarMonth
    actor: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.layout.time_zone)

    @property
    def sessions(self) -> Which:
        """Name the sessions it is about: those that ended in the month."""
        return Which(
            self.layout.installation_id,
            begins=self.month.begins(self.zone),
            ends=self.month.ends(self.zone),
            over=True,
        )

    def file_name(self, form: ReportFormat) -> str:
        return f"{self.layout.installation_id}-{self.month.name}.{form}"

    def path(self, form: ReportFormat) -> str:
        """Name where the portal has it."""
        return f"/installations/{self.layout.installation_id}/reports/{self.month.name}.{form}"


class Maker:
    """
    Makes reports.

    Args:
        book: reads sessions.
        names: of people.
    """

    def __init__(self, book: SessionBook, names: NamesOf) -> None:
        self._book = book
        self._names = names
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def names(self, layout: Layout, sessions: Which, actor: str) -> Names:
        """Name the chargers of an installation, also those that are gone, and whoever charged."""
        gone = {it.charger.charger_id: it.charger.name for it in layout.removed}
        chargers = gone | {it.charger_id: it.name for it in layout.chargers}
        return Names(chargers, await self._names(await self._book.people(sessions), actor))

    async def lines(self, layout: Layout, sessions: Which) -> AsyncGenerator[Sequence[Line]]:
        """Read sessions as lines, some at a time."""
        prices = Prices(layout.tariffs, ZoneInfo(layout.time_zone))
        async with contextlib.aclosing(self._book.all(sessions, marks=True)) as batches:
            async for some in batches:
                yield [line_of(it, prices) for it in some]

    async def csv(self, layout: Layout, sessions: Which, names: Names) -> AsyncIterator[str]:
        """Spell sessions as CSV while they are read."""
        async with self._turns:
            yield csv_head()
            async for some in self.lines(layout, sessions):
                yield csv_of(some, names)

    async def monthly(self, asked: Asked) -> Monthly:
        """Add a month up."""
        names = await self.names(asked.layout, asked.sessions, asked.actor)
        return await self._added_up(asked, names)

    async def made(self, asked: Asked, form: ReportFormat) -> bytes:
        """Make a report as a file that is small: as PDF or CSV, which have no single sessions."""
        report = await self.monthly(asked)
        if form is ReportFormat.CSV:
            return summary_csv(report).encode()
        return await asyncio.to_thread(_letter, report)

    @contextlib.asynccontextmanager
    async def workbook(self, asked: Asked) -> AsyncIterator[Path]:
        """Make a report as a spreadsheet: a file that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="ampledger-report-") as folder:
            path = Path(folder) / asked.file_name(ReportFormat.XLSX)
            names = await self.names(asked.layout, asked.sessions, asked.actor)
            workbook = await asyncio.to_thread(_workbook, path, asked.zone, names)
            report = await self._added_up(asked, names, workbook.add)
            await asyncio.to_thread(workbook.finish, report)
            yield path

    async def _added_up(
        self,
        asked: Asked,
        names: Names,
        also: Callable[[Sequence[Line]], None] = lambda _: None,
    ) -> Monthly:
        totals = Totals(asked.zone)
        async with self._turns:
            async for some in self.lines(asked.layout, asked.sessions):
                for line in some:
                    totals.add(line)
                also(some)
        return monthly_of(asked.layout, asked.month, totals, names)


SUMMARY_COLUMNS: Final = (
    "about",
    "id",
    "name",
    "sessions",
    "energy_wh",
    "currency",
    "net",
    "vat",
    "gross",
)


def summary_csv(report: Monthly) -> str:
    """
    Spell the sums of a month as CSV: a line each for people, chargers, and what is in no session.

    `about` is person, charger, between or total; ids and amounts are as programs like them.
    """
    rows: list[Sequence[object]] = [SUMMARY_COLUMNS]
    rows += (_share("person", it) for it in report.people)
    rows += (_share("charger", it) for it in report.chargers)
    rows += (
        ("between", cell(at), cell(name), "", wh, "", "", "", "")
        for at, name, wh in report.before_by_charger
    )
    rows += (_share("total", it) for it in report.totals)
    return csv_lines(rows)


def _share(about: str, it: Share) -> Sequence[object]:
    amounts = (it.net, it.vat, it.gross) if it.currency else ("", "", "")
    return (about, cell(it.id), cell(it.name), it.sessions, it.energy_wh, it.currency, *amounts)


# What writes PDF and XLSX takes longer to load than all the rest of the portal together: whoever starts the
# portal does not wait for it, and whoever wants the first report of a kind does so beside the loop.


def _letter(report: Monthly) -> bytes:
    from services.portal.billing.letter import letter_of

    return letter_of(report)


def _workbook(path: Path, zone: ZoneInfo, names: Names) -> "Workbook":
    from services.portal.billing.workbook import Workbook

    return Workbook(path, zone, names)

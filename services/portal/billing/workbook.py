"""
A month's report as a spreadsheet: sums on the first sheets, every session on the last one.

Rows go to a file as they are written, so that the number of sessions does not matter to memory. Texts
are written as texts: nothing that people have written is calculated.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter

from services.portal.billing.columns import Names, note_of
from services.portal.billing.lines import WH_PER_KWH, Line
from services.portal.billing.monthly import Monthly, Share, how_counted
from shared.speech import _

SESSIONS_MAX: Final = 1_000_000
"""A sheet has 1,048,576 rows. What does not fit is in the sums all the same, and in the CSV."""
_NUMBERS: Final = {"kwh": "#,##0.000", "money": "#,##0.00", "time": "yyyy-mm-dd hh:mm:ss"}


class Workbook:
    """
    A spreadsheet in the making: first sessions, then `finish`.

    Args:
        path: the file.
        zone: of times.
        names: of chargers and people.
    """

    def __init__(self, path: Path, zone: ZoneInfo, names: Names) -> None:
        self._zone = zone
        self._names = names
        self._book = xlsxwriter.Workbook(
            str(path), {"constant_memory": True, "default_date_format": _NUMBERS["time"]}
        )
        self._bold = self._book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._strong = self._book.add_format({"bold": True, "font_size": 16})
        self._formats = {
            name: self._book.add_format({"num_format": it}) for name, it in _NUMBERS.items()
        }
        self._sums = self._book.add_worksheet(_("Summary"))
        self._people = self._book.add_worksheet(_("People"))
        self._chargers = self._book.add_worksheet(_("Chargers"))
        self._days = self._book.add_worksheet(_("Days"))
        self._sessions = self._book.add_worksheet(_("Sessions"))
        self._row = 0
        self._head(
            self._sessions,
            (_("Began"), 19), (_("Ended"), 19), (_("Charger"), 22), (_("Who"), 26),
            (_("kWh"), 11), (_("Register at the beginning, kWh"), 16),
            (_("Register at the end, kWh"), 16), (_("Before, in no session, kWh"), 16),
            (_("Without VAT"), 12), (_("VAT"), 12), (_("With VAT"), 12), (_("Currency"), 10),
            (_("Share of prices estimated"), 12), (_("Note"), 22), (_("Serial number"), 16),
            (_("Session"), 38),
        )  # fmt: skip

    def add(self, lines: Sequence[Line]) -> None:
        """Write sessions."""
        for line in lines:
            if self._row < SESSIONS_MAX:
                self._row += 1
                self._session(self._row, line)

    def _session(self, row: int, line: Line) -> None:
        it, cost, sheet = line.session, line.cost, self._sessions
        self._time(sheet, row, 0, it.started_at)
        self._time(sheet, row, 1, it.ended_at)
        sheet.write_string(row, 2, self._names.charger(it.charger_id))
        sheet.write_string(row, 3, self._names.person(it.person_id))
        for column, wh in enumerate((line.energy_wh, it.start_wh, it.end_wh, it.before_wh), 4):
            self._kwh(sheet, row, column, wh)
        if cost is not None:
            self._money(sheet, row, 8, cost.net, cost.vat, cost.gross)
            sheet.write_string(row, 11, cost.currency)
        sheet.write_string(row, 12, _("yes") if line.estimated else "")
        sheet.write_string(row, 13, note_of(line) or "")
        sheet.write_string(row, 14, it.serial or "")
        sheet.write_string(row, 15, it.session_id)

    def finish(self, report: Monthly) -> None:
        """Write the sums, and close the file."""
        self._shares(self._people, _("Who"), report.people)
        self._shares(self._chargers, _("Charger"), report.chargers)
        self._head(self._days, (_("Day"), 14), (_("kWh"), 12))
        for row, (day, wh) in enumerate(report.days, 1):
            self._days.write_string(row, 0, day.isoformat())
            self._kwh(self._days, row, 1, wh)
        self._summary(report)
        self._book.set_properties({"title": report.title, "subject": report.place})
        self._book.close()

    def _summary(self, report: Monthly) -> None:
        sheet, row = self._sums, 5
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 6, 14)
        sheet.write_string(0, 0, report.title, self._strong)
        sheet.write_string(1, 0, report.place)
        sheet.write_string(2, 0, report.address)
        self._titles(sheet, 4, "", *_amounts())
        for it in report.totals:
            self._share(sheet, row, it)
            row += 1
        sheet.write_string(row, 0, _("In no session"))
        self._kwh(sheet, row, 2, report.before_wh)
        row += 2
        for text in (*report.tariffs, *report.notes, how_counted()):
            sheet.write_string(row, 0, text)
            row += 1

    def _shares(self, sheet: Any, what: str, shares: Sequence[Share]) -> None:  # noqa: ANN401  # xlsxwriter's
        widths = (9, 13, 13, 13, 13, 10)
        self._head(sheet, (what, 34), *zip(_amounts(), widths, strict=True))
        for row, it in enumerate(shares, 1):
            self._share(sheet, row, it)

    def _share(self, sheet: Any, row: int, it: Share) -> None:  # noqa: ANN401
        sheet.write_string(row, 0, it.name)
        sheet.write_number(row, 1, it.sessions)
        self._kwh(sheet, row, 2, it.energy_wh)
        if it.currency:
            self._money(sheet, row, 3, it.net, it.vat, it.gross)
            sheet.write_string(row, 6, it.currency)

    # --- Cells ---

    def _head(self, sheet: Any, *columns: tuple[str, int]) -> None:  # noqa: ANN401
        for index, (_name, width) in enumerate(columns):
            sheet.set_column(index, index, width)
        self._titles(sheet, 0, *(name for name, _width in columns))
        sheet.freeze_panes(1, 0)

    def _titles(self, sheet: Any, row: int, *titles: str) -> None:  # noqa: ANN401
        for index, it in enumerate(titles):
            sheet.write_string(row, index, it, self._bold)

    def _time(self, sheet: Any, row: int, column: int, at: datetime | None) -> None:  # noqa: ANN401
        if at is not None:
            there = at.astimezone(self._zone).replace(tzinfo=None)
            sheet.write_datetime(row, column, there, self._formats["time"])

    def _kwh(self, sheet: Any, row: int, column: int, wh: int | None) -> None:  # noqa: ANN401
        if wh is not None:
            sheet.write_number(row, column, wh / WH_PER_KWH, self._formats["kwh"])

    def _money(self, sheet: Any, row: int, column: int, *amounts: Decimal) -> None:  # noqa: ANN401
        for index, it in enumerate(amounts, column):
            sheet.write_number(row, index, float(it), self._formats["money"])


def _amounts() -> tuple[str, ...]:
    return (
        _("Sessions"),
        _("kWh"),
        _("Without VAT"),
        _("VAT"),
        _("With VAT"),
        _("Currency"),
    )

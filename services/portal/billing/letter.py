"""A month's report as a document to print or send: sums, a chart of the days, and how it was counted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from services.portal.billing.monthly import Monthly, Share, how_counted
from services.portal.billing.wording import day_named, kwh, money, sessions_counted
from shared.speech import _, spoken

FONTS: Final = Path(__file__).parent / "fonts"
FAMILY: Final = "DejaVu"
MARGIN_MM: Final = 18.0
CHART_MM: Final = 30.0
INK, SOFT, LINE, BRAND = (27, 34, 44), (96, 106, 120), (218, 223, 230), (11, 107, 94)
_BARS: Final = ((0.0, 4.5, 4.5), (3.9, 7.25, 7.25), (7.8, 10.0, 10.0))
"""The mark on top: how far from the left, how high, in millimetres."""


def letter_of(report: Monthly) -> bytes:
    """Draw a report as PDF, in the language that is spoken."""
    letter = _Letter(report)
    letter.draw()
    return bytes(letter.output())


class _Letter(FPDF):
    """A4, with the installation on top and pages counted at the bottom."""

    def __init__(self, report: Monthly) -> None:
        super().__init__(format="A4")
        self._report = report
        self.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
        self.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
        self.set_title(f"{report.title} · {report.place}")
        self.set_author("Ampledger")
        self.set_lang(spoken())
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.c_margin = 0.0
        self.set_auto_page_break(auto=True, margin=MARGIN_MM + 4)
        self.add_page()

    # --- Every page ---

    def header(self) -> None:
        """Draw the letterhead."""
        self.set_fill_color(*BRAND)
        for left, height, _height in _BARS:
            self.rect(
                MARGIN_MM + left,
                12 + 10 - height,
                2.3,
                height,
                "F",
                round_corners=True,
                corner_radius=0.6,
            )
        self.set_xy(MARGIN_MM + 13.5, 15.5)
        self._write(11, "Ampledger", bold=True)
        self.set_xy(self.w / 2, 13)
        self._write(
            9.5, self._report.place, bold=True, width=self.w / 2 - MARGIN_MM, align=Align.R
        )
        self.set_x(self.w / 2)
        self._write(
            8, self._report.address, color=SOFT, width=self.w / 2 - MARGIN_MM, align=Align.R
        )
        self.set_draw_color(*LINE)
        self.line(MARGIN_MM, 25, self.w - MARGIN_MM, 25)
        self.set_y(31)

    def footer(self) -> None:
        """Count pages."""
        self.set_y(-MARGIN_MM + 2)
        self._write(7.5, self._report.title, color=SOFT, width=self.epw / 2, newline=False)
        self._write(
            7.5,
            _("Page %(page)s of %(pages)s", page=self.page_no(), pages="{nb}"),
            color=SOFT,
            width=self.epw / 2,
            align=Align.R,
        )

    # --- What is said ---

    def draw(self) -> None:
        """Draw everything."""
        report = self._report
        self._write(18, report.title, bold=True)
        self.ln(3)
        self._figures()
        self._chart()
        self._shares(_("Who charged"), _("Who"), report.people)
        self._shares(_("Where it was charged"), _("Charger"), report.chargers)
        if report.before_by_charger:
            self._before()
        self._notes()

    def _figures(self) -> None:
        """The sums, large."""
        total = self._report.totals
        figures = [
            (_("Sessions"), str(sum(it.sessions for it in total))),
            (_("Energy"), f"{kwh(sum(it.energy_wh for it in total))} kWh"),
        ]
        for it in total:
            if it.currency:
                figures.append((_("Without VAT"), money(it.net, it.currency)))
                figures.append((_("With VAT"), money(it.gross, it.currency)))
        width = self.epw / max(4, len(figures))
        top = self.get_y()
        for index, (name, value) in enumerate(figures):
            self.set_xy(MARGIN_MM + index * width, top)
            self._write(8, name, color=SOFT, width=width)
            self.set_x(MARGIN_MM + index * width)
            self._write(12.5, value, bold=True, width=width)
        self.ln(5)

    def _chart(self) -> None:
        """A bar for every day; the highest one has its number."""
        days = self._report.days
        most_wh = max((wh for _day, wh in days), default=0)
        if not most_wh:
            return
        self._heading(_("Energy by day"))
        top, step = self.get_y() + 4, self.epw / len(days)
        bottom = top + CHART_MM
        self.set_draw_color(*LINE)
        for share in (0.5, 1.0):
            self.line(
                MARGIN_MM,
                bottom - CHART_MM * share,
                self.w - MARGIN_MM,
                bottom - CHART_MM * share,
            )
        self.set_fill_color(*BRAND)
        for index, (_day, wh) in enumerate(days):
            height = CHART_MM * wh / most_wh
            if height:
                self.rect(
                    MARGIN_MM + index * step + step * 0.18,
                    bottom - height,
                    step * 0.64,
                    height,
                    "F",
                )
        self.line(MARGIN_MM, bottom, self.w - MARGIN_MM, bottom)
        self.set_xy(MARGIN_MM, top - 4)
        self._write(7, f"{kwh(most_wh)} kWh", color=SOFT, width=self.epw, align=Align.R)
        self.set_xy(MARGIN_MM, bottom + 0.6)
        for index, (day, _wh) in enumerate(days):
            if day.day == 1 or day.day % 5 == 0:
                self.set_xy(MARGIN_MM + index * step - step / 2, bottom + 0.6)
                self._write(7, str(day.day), color=SOFT, width=step * 2, align=Align.C)
        self.set_xy(MARGIN_MM, bottom + 8)

    def _shares(self, heading: str, what: str, shares: Sequence[Share]) -> None:
        self._heading(heading)
        if not shares:
            self._write(9, _("Nothing was charged in this month."), color=SOFT)
            self.ln(3)
            return
        titles = [what, _("Sessions"), _("kWh")]
        if self._report.priced:
            titles += [_("Without VAT"), _("VAT"), _("With VAT")]
        rows = [self._cells(it) for it in shares]
        totals = [self._cells(it) for it in self._report.totals]
        self._table(titles, rows, totals)

    def _cells(self, it: Share) -> list[str]:
        amounts = (money(part, it.currency) for part in (it.net, it.vat, it.gross))
        cells = [it.name, str(it.sessions), kwh(it.energy_wh)]
        return [*cells, *amounts] if self._report.priced else cells

    def _before(self) -> None:
        self._heading(_("In no session"))
        rows = [[name, kwh(wh)] for _id, name, wh in self._report.before_by_charger]
        total = [_("Total"), kwh(self._report.before_wh)]
        self._table([_("Charger"), _("kWh")], rows, [total])

    def _notes(self) -> None:
        report = self._report
        self._heading(_("How it was counted"))
        self.set_text_color(*SOFT)
        self.set_font(FAMILY, "", 8)
        span = f"{day_named(report.days[0][0])} – {day_named(report.days[-1][0])}"
        counted = sessions_counted(sum(it.sessions for it in report.totals))
        for text in (f"{span}: {counted}.", *report.tariffs, *report.notes, how_counted()):
            self.multi_cell(0, 4.2, text, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.ln(0.8)

    # --- How ---

    def _heading(self, text: str) -> None:
        if self.will_page_break(22):
            self.add_page()
        self._write(11, text, bold=True)
        self.ln(1)

    def _table(
        self,
        titles: Sequence[str],
        rows: Sequence[Sequence[str]],
        totals: Sequence[Sequence[str]],
    ) -> None:
        numbers = len(titles) - 1
        self.set_font(FAMILY, "", 8)
        self.set_text_color(*INK)
        self.set_draw_color(*LINE)
        self.set_fill_color(255)
        with self.table(
            width=self.epw,
            col_widths=(max(1.0, 3.4 - 0.3 * numbers), *([1.0] * numbers)),
            text_align=("LEFT", *(["RIGHT"] * numbers)),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", color=SOFT),
            line_height=5.2,
            padding=(0, 0.8),
            repeat_headings=1,
        ) as table:
            table.row(titles)
            for it in rows:
                table.row(it)
            for it in totals:
                table.row(it, style=FontFace(emphasis="BOLD"))
        self.ln(6)

    def _write(
        self,
        size: float,
        text: str,
        *,
        bold: bool = False,
        color: tuple[int, int, int] = INK,
        width: float = 0,
        align: Align = Align.L,
        newline: bool = True,
    ) -> None:
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*color)
        after = (XPos.LMARGIN, YPos.NEXT) if newline else (XPos.RIGHT, YPos.TOP)
        self.cell(width, size * 0.48, text, align=align, new_x=after[0], new_y=after[1])

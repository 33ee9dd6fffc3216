"""The page of a month's report, its files, and the tariff by which it is made."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.portal.billing.making import MEDIA_TYPES, Asked
from services.portal.billing.monthly import Monthly, how_counted
from services.portal.billing.months import CalendarMonth
from services.portal.billing.wording import (
    day_named,
    kwh,
    money,
    month_named,
    tariff_told,
)
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.reports.tariff_form import fields_of, windows_text
from shared.messages.installation_commands import SetTariff
from shared.messages.reports import ReportFormat
from shared.rights.table import Action
from shared.speech import _

CHUNK_BYTES: Final = 256 * 1024


class MonthPages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: Request) -> Response:
        """Show a month: who charged how much, and what it costs."""
        here = self._parts.places.here(request, Action.REPORTS)
        return await self._page(request, here)

    async def set_tariff(self, request: Request) -> Response:
        """Set what charging costs from a day on."""
        here, filled = (
            self._parts.places.here(request, Action.REPORTS),
            await filled_in(request),
        )
        fields = fields_of(filled)
        doing = self._parts.doing
        done = (
            fields
            if isinstance(fields, Wrong)
            else await doing.carry_out(
                filled, SetTariff, {"installation_id": here.id, **fields}
            )
        )
        if isinstance(done, Wrong):
            return await self._page(request, here, filled, done)
        told = _("The tariff is set; every session from that day on is counted by it.")
        return doing.done(request, f"{here.path}/reports", done, told)

    async def file(self, request: Request) -> Response:
        """
        Give a month's report as a file.

        Raises:
            HTTPException: 404, there is no such month, or nothing of that form.
        """
        here = self._parts.places.here(request, Action.REPORTS)
        try:
            month = CalendarMonth.read(request.path_params["month"])
            form = ReportFormat(request.path_params["form"])
        except ValueError as error:
            raise HTTPException(
                404, _("There are reports of months, as pdf, xlsx and csv.")
            ) from error
        asked = Asked(here.layout, month, here.asker.actor)
        headers = {
            "Content-Disposition": f'attachment; filename="{asked.file_name(form)}"',
            "Cache-Control": "no-store",
        }
        if form is ReportFormat.XLSX:
            return StreamingResponse(
                self._workbook(asked), headers=headers, media_type=MEDIA_TYPES[form]
            )
        made = await self._parts.maker.made(asked, form)
        return Response(made, headers=headers, media_type=MEDIA_TYPES[form])

    async def _workbook(self, asked: Asked) -> AsyncIterator[bytes]:
        async with self._parts.maker.workbook(asked) as path:
            async for chunk in _chunks(path):
                yield chunk

    async def _page(
        self,
        request: Request,
        here: Here,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
    ) -> Response:
        zone = ZoneInfo(here.layout.time_zone)
        present = CalendarMonth.of(self._parts.now(), zone)
        try:
            month = CalendarMonth.read(request.query_params.get("month") or present.name)
        except ValueError:
            month = present
        report = await self._parts.maker.monthly(Asked(here.layout, month, here.asker.actor))
        latest = here.layout.tariffs[-1] if here.layout.tariffs else None
        return self._parts.paper.page(
            request,
            "reports.html",
            200 if wrong is None else wrong.status,
            here=here,
            report=report,
            month=month,
            month_name=month_named(month),
            following=None if month >= present else month.next,
            present=month == present,
            bars=_bars(report),
            formats=list(ReportFormat),
            kwh=kwh,
            money=money,
            tariffs=[
                (day_named(it.valid_from), tariff_told(it))
                for it in reversed(here.layout.tariffs)
            ],
            tariff=latest,
            windows=windows_text(latest) if latest else "",
            next_month=present.next.first_day.isoformat(),
            how_counted=how_counted(),
            fresh=here.fresh(Action.REPORTS),
            filled=filled,
            wrong=wrong,
        )


def _bars(report: Monthly) -> list[tuple[int, int, int, str]]:
    """Lay the days out as bars: where, how high (of 60), from where, and what they say."""
    most_wh = max((wh for _day, wh in report.days), default=0) or 1
    bars = []
    for index, (day, wh) in enumerate(report.days):
        height = -(-60 * wh // most_wh)
        bars.append((index * 20 + 3, height, 64 - height, f"{day_named(day)}: {kwh(wh)} kWh"))
    return bars


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while chunk := await file.read(CHUNK_BYTES):
            yield chunk

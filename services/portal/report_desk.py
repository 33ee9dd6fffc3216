"""
Answering `queries.portal.MakeReport`: a month's report as files, for the service that sends it to people.

Who is to have it stands in the header `Ampledger-Actor`: names are told as far as they may know them.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from services.portal.billing.making import MEDIA_TYPES, Asked, Maker
from services.portal.billing.months import CalendarMonth
from services.portal.documents import Layout
from shared import subjects
from shared.context import context_of
from shared.event_store import DATABASE_FAULTS
from shared.ids import InstallationId
from shared.messages.reports import (
    FILES_BYTES_MAX,
    PORTAL,
    MakeReport,
    ReportFile,
    ReportFormat,
    ReportMade,
)
from shared.speech import speaking

NOBODY: Final = "nobody"

log = structlog.get_logger()


class ReportDesk:
    """
    Makes the reports that are asked for.

    Args:
        maker: of files.
        layout_of: an installation as it is set up; none if there is no such one.
    """

    def __init__(
        self, maker: Maker, layout_of: Callable[[InstallationId], Layout | None]
    ) -> None:
        self._maker = maker
        self._layout_of = layout_of

    async def made(self, query: MakeReport, actor: str) -> ReportMade:
        """Make a report; what is too large for the answer is left out of it, and its place is named."""
        layout = self._layout_of(query.installation_id)
        if layout is None:
            return ReportMade(fault=f"there is no installation {query.installation_id}")
        try:
            month = CalendarMonth.read(query.month)
        except ValueError as error:
            return ReportMade(fault=str(error))
        asked = Asked(layout, month, actor)
        with speaking(query.language):
            report = await self._maker.monthly(asked)
            files: list[ReportFile] = []
            left = FILES_BYTES_MAX
            for form in dict.fromkeys(query.formats):
                data = await self._file(asked, form, left)
                left -= 0 if data is None else len(data)
                files.append(_file_of(asked, form, data))
            return ReportMade(title=report.title, lines=report.lines, files=tuple(files))

    async def _file(self, asked: Asked, form: ReportFormat, at_most: int) -> bytes | None:
        if form is not ReportFormat.XLSX:
            data = await self._maker.made(asked, form)
            return data if len(data) <= at_most else None
        async with self._maker.workbook(asked) as path:
            return path.read_bytes() if path.stat().st_size <= at_most else None


def _file_of(asked: Asked, form: ReportFormat, data: bytes | None) -> ReportFile:
    return ReportFile(
        name=asked.file_name(form),
        media_type=MEDIA_TYPES[form],
        content=None if data is None else b64encode(data).decode(),
        path=asked.path(form),
    )


async def answer_reports(
    client: Client, maker: Maker, layout_of: Callable[[InstallationId], Layout | None]
) -> None:
    """Answer questions for reports, for as long as the connection is open."""
    desk = ReportDesk(maker, layout_of)

    async def on_question(message: Msg) -> None:
        actor = context_of(message.headers or {}, default_actor=NOBODY).actor
        try:
            made = await desk.made(MakeReport.model_validate_json(message.data), actor)
        except ValidationError as error:
            log.warning("question refused", query=MakeReport.__name__, error=str(error))
            made = ReportMade(
                fault=f"this asks for no report: {error.error_count()} faults in the question"
            )
        except DATABASE_FAULTS as error:
            log.warning("question not answered", query=MakeReport.__name__, error=repr(error))
            made = ReportMade(fault="sessions cannot be read now; ask again")
        await message.respond(made.model_dump_json().encode())

    await client.subscribe(
        subjects.query(PORTAL, MakeReport.__name__), queue=PORTAL, cb=on_question
    )

"""
What the portal is asked by other services, and what it answers: reports on charging, ready to be sent.

Whoever asks answers for who is to have the report: the portal checks no roles here, and only the service
that sends reports may ask (`shared/service_grants.py`).
"""

from base64 import b64decode
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from shared.ids import InstallationId
from shared.messages import Message
from shared.messages.people import Query

PORTAL: Final = "portal"
FILES_BYTES_MAX: Final = 600 * 1024
"""Of all files of an answer together: in base64 they are a third more, and a message holds 1 MiB."""
MAKING_S_MAX: Final = 120.0
"""For how long to wait for a report: a month of 100,000 sessions takes half a minute as a spreadsheet."""

Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
"""A calendar month by the installation's clock, such as 2026-11."""


class ReportFormat(StrEnum):
    """As what a report comes."""

    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"


class MakeReport(Query):
    """The monthly report of an installation, as files, in a language."""

    installation_id: InstallationId
    month: Month
    formats: tuple[ReportFormat, ...] = Field(
        default=(ReportFormat.PDF, ReportFormat.XLSX), min_length=1, max_length=3
    )
    language: str = Field(default="en", max_length=35)
    """A tag (BCP 47); what there are no words in is said in English."""


class ReportFile(Message):
    """A report as a file; or, where it is too large for a message, where to fetch it."""

    name: str
    media_type: str
    content: str | None = None
    """In base64; none: it is too large."""
    path: str
    """Where the portal has it, for whoever may see reports."""

    @property
    def data(self) -> bytes | None:
        """Its bytes; none if it is too large."""
        return None if self.content is None else b64decode(self.content)


class ReportMade(Message):
    """The answer: what the report is called, the gist of it in sentences, and the files."""

    title: str = ""
    lines: tuple[str, ...] = ()
    files: tuple[ReportFile, ...] = ()
    fault: str | None = None
    """Why there is none, in a sentence; none: there is one."""

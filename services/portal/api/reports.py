"""What was charged at an installation: session by session, and what each charger gave; pure."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from services.portal.charging import ChargingSession
from shared.ids import ChargerId, InstallationId

COLUMNS: Final = (
    "session_id",
    "charger_id",
    "charger",
    "person_id",
    "started_at",
    "ended_at",
    "energy_wh",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""With what a cell begins that a spreadsheet would calculate (OWASP, CSV injection)."""


class ReportedSession(BaseModel):
    """One session that is over."""

    session_id: str
    charger_id: ChargerId
    charger: str
    person_id: str | None
    started_at: datetime
    ended_at: datetime
    energy_wh: int


class Report(BaseModel):
    """The sessions that ended in a span of time, and what they took, in watt-hours."""

    installation_id: InstallationId
    begins: datetime
    ends: datetime
    """The first moment that is not in it."""
    sessions: list[ReportedSession]
    energy_wh: int
    energy_by_charger_wh: dict[ChargerId, int]


def report_of(
    installation_id: InstallationId,
    sessions: Iterable[ChargingSession],
    names: Mapping[ChargerId, str],
    begins: datetime,
    ends: datetime,
) -> Report:
    """
    Put a report together.

    Args:
        installation_id: where.
        sessions: all that are known there.
        names: of chargers, by id.
        begins: the first moment of the span.
        ends: the first moment after it.
    """
    found = sorted(
        (
            _reported(it, it.ended_at, names)
            for it in sessions
            if it.ended_at is not None and begins <= it.ended_at < ends
        ),
        key=lambda it: (it.ended_at, it.session_id),
    )
    by_charger: defaultdict[ChargerId, int] = defaultdict(int)
    for it in found:
        by_charger[it.charger_id] += it.energy_wh
    return Report(
        installation_id=installation_id,
        begins=begins,
        ends=ends,
        sessions=found,
        energy_wh=sum(by_charger.values()),
        energy_by_charger_wh=dict(by_charger),
    )


def _reported(
    session: ChargingSession, ended_at: datetime, names: Mapping[ChargerId, str]
) -> ReportedSession:
    return ReportedSession(
        session_id=session.session_id,
        charger_id=session.charger_id,
        charger=names.get(session.charger_id, session.charger_id),
        person_id=session.person_id,
        started_at=session.started_at,
        ended_at=ended_at,
        energy_wh=session.energy_wh or 0,
    )


def as_csv(report: Report) -> str:
    """
    Spell the sessions of a report as CSV (RFC 4180), with a first line that names the columns.

    What a spreadsheet would take for a formula is marked as a text.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for it in report.sessions:
        row = it.model_dump(mode="json")
        writer.writerow([cell(row[name]) for name in COLUMNS])
    return out.getvalue()


def cell(content: object) -> str:
    """
    Spell one cell.

    >>> cell("=1+1"), cell(12), cell(None)
    ("'=1+1", '12', '')
    """
    text = "" if content is None else str(content)
    return f"'{text}" if text.startswith(_FORMULA) else text

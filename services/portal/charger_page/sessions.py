"""Charging sessions at a charger as its page lists them: pure, from documents to words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.portal.charging import ChargingSession
from services.portal.when import When, when
from services.portal.wording import UNKNOWN, kilowatt_hours
from shared.ids import PersonId
from shared.speech import _


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session."""

    began: When
    ended: str
    energy: str
    who: str


def session_rows(
    sessions: Iterable[ChargingSession], names: Mapping[PersonId, str], zone: ZoneInfo
) -> list[SessionRow]:
    """
    Word sessions.

    Args:
        sessions: in the order in which they are shown.
        names: what people are called, as far as it may be told.
        zone: where they were.
    """
    return [_row(it, names, zone) for it in sessions]


def _row(session: ChargingSession, names: Mapping[PersonId, str], zone: ZoneInfo) -> SessionRow:
    ended, person_id = session.ended_at, session.person_id
    return SessionRow(
        began=when(session.started_at, zone),
        ended=_("goes on") if ended is None else when(ended, zone).text,
        energy=UNKNOWN if session.energy_wh is None else kilowatt_hours(session.energy_wh),
        who="" if person_id is None else names.get(person_id, person_id),
    )

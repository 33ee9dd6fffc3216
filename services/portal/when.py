"""Moments as pages show them: in the time zone of the place, in the reader's language, with UTC beside."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from babel.dates import format_datetime

from shared.speech import SOURCE, spoken


@dataclass(frozen=True, slots=True)
class When:
    """A moment: its words, for programs, and in UTC."""

    text: str
    iso: str
    utc: str


def calendar() -> str:
    """Name the locale in which days and times are written; English ones as in Europe."""
    return "en_GB" if spoken() == SOURCE else spoken()


def when(moment: datetime, zone: tzinfo | None) -> When:
    """
    Word a moment.

    Args:
        moment: which.
        zone: of the place it is about; none: the machine's own.

    >>> from zoneinfo import ZoneInfo
    >>> told = when(datetime(2026, 11, 27, 21, 5, tzinfo=UTC), ZoneInfo("Europe/Oslo"))
    >>> told.iso, told.utc
    ('2026-11-27T22:05:00+01:00', '2026-11-27 21:05:00 UTC')
    """
    there = moment.astimezone(zone)
    return When(
        text=format_datetime(there, "d MMM y HH:mm", locale=calendar()),
        iso=there.isoformat(timespec="seconds"),
        utc=f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    )

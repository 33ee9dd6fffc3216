"""A calendar month by the clock on an installation's wall; with summer time, an hour less or more."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class CalendarMonth:
    """A month of a year."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> Self:
        """
        Read a month.

        Raises:
            ValueError: it is none, or so far away that no clock shows it.

        >>> CalendarMonth.read("2026-11").name, CalendarMonth.read("2026-12").next.name
        ('2026-11', '2027-01')
        """
        first = date.fromisoformat(f"{text}-01")
        if not 2000 <= first.year < 2200:
            raise ValueError(f"{text} is no month of our time")
        return cls(first.year, first.month)

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> Self:
        """Name the month of a moment."""
        there = moment.astimezone(zone)
        return cls(there.year, there.month)

    @property
    def name(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def next(self) -> "CalendarMonth":
        return self._other(self.first_day + timedelta(days=31))

    @property
    def before(self) -> "CalendarMonth":
        return self._other(self.first_day - timedelta(days=1))

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def days(self) -> list[date]:
        """Name its days."""
        count = (self.next.first_day - self.first_day).days
        return [self.first_day + timedelta(days=it) for it in range(count)]

    def begins(self, zone: ZoneInfo) -> datetime:
        """Name its first moment; where midnight does not come that day, the first one there is."""
        return midnight(self.first_day, zone)

    def ends(self, zone: ZoneInfo) -> datetime:
        """Name the first moment after it."""
        return self.next.begins(zone)

    @staticmethod
    def _other(day: date) -> "CalendarMonth":
        return CalendarMonth(day.year, day.month)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """
    Name the first moment of a day, in UTC.

    >>> str(midnight(date(2026, 12, 1), ZoneInfo("Europe/Oslo")))
    '2026-11-30 23:00:00+00:00'
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)

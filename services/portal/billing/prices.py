"""Which price holds at a moment, by the clock on the installation's wall."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from shared.messages.installation_terms import WEEK, Tariff

SLOT_S: Final = 900
"""All offsets from UTC are whole quarters of an hour: prices are looked up for each of them."""
_DAY_MIN: Final = 24 * 60


class Prices:
    """
    The tariffs of an installation.

    Args:
        tariffs: by the day from which they are valid, the earliest first.
        zone: of the clock on the wall.
    """

    def __init__(self, tariffs: Sequence[Tariff], zone: ZoneInfo) -> None:
        self.zone = zone
        self._tariffs = tariffs
        self._days = [it.valid_from for it in tariffs]
        self._minutes: dict[int, int] = {}
        self._weeks: dict[date, Sequence[Decimal]] = {}

    def tariff_at(self, moment: datetime) -> Tariff | None:
        """Name the tariff that is valid at a moment; none if there is none yet."""
        return self.tariff_on(moment.astimezone(self.zone).date())

    def tariff_on(self, day: date) -> Tariff | None:
        """Name the tariff that is valid on a day; none if there is none yet."""
        index = bisect_right(self._days, day)
        return self._tariffs[index - 1] if index else None

    def price_at(self, tariff: Tariff, moment_s: float) -> Decimal:
        """
        Tell what a kilowatt-hour costs.

        Args:
            tariff: which.
            moment_s: in seconds since 1970; to the quarter of an hour.
        """
        if not tariff.windows:
            return tariff.price_per_kwh
        slot = int(moment_s // SLOT_S)
        minute = self._minutes.get(slot)
        if minute is None:
            there = datetime.fromtimestamp(slot * SLOT_S, UTC).astimezone(self.zone)
            minute = there.weekday() * _DAY_MIN + there.hour * 60 + there.minute
            self._minutes[slot] = minute
        return self._week_of(tariff)[minute]

    def _week_of(self, tariff: Tariff) -> Sequence[Decimal]:
        """Lay a tariff out over the minutes of a week, from Monday on."""
        week = self._weeks.get(tariff.valid_from)
        if week is None:
            laid = [tariff.price_per_kwh] * (len(WEEK) * _DAY_MIN)
            for window in tariff.windows:
                begins_min, ends_min = _minute(window.begins), _minute(window.ends)
                for day in window.days:
                    first = WEEK.index(day) * _DAY_MIN + begins_min
                    for it in range((ends_min - begins_min) % _DAY_MIN):
                        laid[(first + it) % len(laid)] = window.price_per_kwh
            week = self._weeks[tariff.valid_from] = laid
        return week


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])

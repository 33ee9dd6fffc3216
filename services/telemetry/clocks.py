"""
How far a charger's clock is off, told from its readings, and what it meant by the times it gives.

A reading that comes late looks like one of a clock that is behind. Readings that were kept while there was
no connection come one right after the other, or closer together than they were taken; live ones follow one
another here as they do there. So a difference counts only where several readings in a row agree on it, each
some seconds after the one before. A line that delays everything by the same time cannot be told from a
clock that is behind by as much; there, times are those of the arrival.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

OFF_S: Final = 10.0
"""A clock that is off by more than this is wrong."""
RIGHT_S: Final = 5.0
"""One that was wrong is right again when it is off by no more than this."""
CHANGED_S: Final = 10.0
"""A wrong clock that is off by so much more or less than is known is news."""
APART_S: Final = 3.0
"""Readings that agree say something of the clock if they come no closer together."""
AGREE_S: Final = 2.0
AGREEING: Final = 3
"""So many readings in a row have to agree."""
KEPT_S_MAX: Final = 30 * 86_400.0
"""A time that would be further back than this is not corrected: it is no time of that clock."""


@dataclass(slots=True)
class Clock:
    """The clock of one connected charger, as far as its readings have shown it."""

    drift_s: float | None = None
    """The charger's time minus ours; none: not known yet."""
    _anchor_s: float = 0.0
    """The difference that the readings of the present row agree on."""
    _greatest_s: float = 0.0
    _row: int = 0
    _came: datetime | None = None
    """When the last reading came that counts in the row."""

    def saw(self, said_at: datetime, received_at: datetime) -> bool:
        """Take notice of a reading; tell whether it has shown how far the clock is off."""
        off_s = (said_at - received_at).total_seconds()
        if self._came is None or abs(off_s - self._anchor_s) > AGREE_S:
            self._anchor_s = self._greatest_s = off_s
            self._row, self._came = 1, received_at
            return False
        if (received_at - self._came).total_seconds() < APART_S:
            return False
        self._came = received_at
        self._row += 1
        # What a message takes to come makes its clock look behind: the greatest is the nearest.
        self._greatest_s = max(self._greatest_s, off_s)
        if self._row < AGREEING:
            return False
        self.drift_s = self._greatest_s
        return True


def is_off(drift_s: float) -> bool:
    """Tell whether a clock is wrong."""
    return abs(drift_s) > OFF_S


def is_news(known_s: float, drift_s: float) -> bool:
    """Tell whether a drift is to be put on record where another is known (0: the clock was right)."""
    if not is_off(known_s):
        return is_off(drift_s)
    return abs(drift_s) <= RIGHT_S or abs(drift_s - known_s) > CHANGED_S


def corrected(said_at: datetime, received_at: datetime, drift_s: float) -> datetime:
    """
    Say what a time is by our clock.

    One that is right as it stands is left alone, and so is one that would lie in the future: the clock was
    set meanwhile.
    """
    off_s = (said_at - received_at).total_seconds()
    if not is_off(drift_s) or abs(off_s) <= OFF_S:
        return said_at
    meant_s = off_s - drift_s
    if not -KEPT_S_MAX <= meant_s <= AGREE_S:
        return said_at
    return received_at + timedelta(seconds=min(meant_s, 0.0))

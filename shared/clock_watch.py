"""
Whether the clock of this process agrees with the one of its database.

Leases of current end by the clocks of several machines, and 5 s are counted for those that are off
(docs/safety.md). A clock that is further off, because nobody sets it or because somebody has, is said
loudly long before: in the log, and as a figure that an alert looks at. It is a reason to stop only for
those who decide by their clock when a promise is over (balancers): which of the two clocks is wrong cannot
be known here, and when it is the database's every service would.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from shared.metrics import CLOCK_OFF

OFF_S_MAX: Final = 2.0
"""So much is said; clocks that are set by NTP are off by milliseconds."""

log = structlog.get_logger()


class ClockWatch:
    """Compares, again and again, and says when it begins and when it is over."""

    def __init__(self) -> None:
        self.off_s = 0.0
        """How far our clock is ahead at least, by the newest comparison; below 0: behind."""
        self._off = False

    def compare(self, asked_at: datetime, theirs: datetime, answered_at: datetime) -> None:
        """
        Take in one answer.

        Args:
            asked_at: by our clock.
            theirs: what time it was there, at some moment between the other two.
            answered_at: by our clock.
        """
        self.off_s = off_s(asked_at, theirs, answered_at)
        CLOCK_OFF.set(self.off_s)
        off = abs(self.off_s) > OFF_S_MAX
        if off and not self._off:
            log.error("clock is off", ahead_s=round(self.off_s, 3), of="the database's clock")
        elif self._off and not off:
            log.info("clock is right again", ahead_s=round(self.off_s, 3))
        self._off = off


def off_s(asked_at: datetime, theirs: datetime, answered_at: datetime) -> float:
    """
    Say how far our clock is ahead at least, in seconds: an answer that was long on its way proves little.

    >>> noon = datetime(2026, 3, 1, 12)
    >>> second = timedelta(seconds=1)
    >>> off_s(noon, noon, noon + 3 * second), off_s(noon, noon + second, noon + 3 * second)
    (0.0, 0.0)
    >>> off_s(noon, noon - 9 * second, noon + second), off_s(noon, noon + 9 * second, noon + second)
    (9.0, -8.0)
    """
    ahead, behind = asked_at - theirs, theirs - answered_at
    nothing = timedelta()
    return (max(ahead, nothing) - max(behind, nothing)).total_seconds()

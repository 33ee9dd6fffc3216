"""
Whether the clock that leases are counted by agrees with the database's, at this very moment.

A balancer whose clock is ahead takes limits for over that chargers still obey, and would hand out the same
current twice. So it asks its database what time it is, each time it proves that it holds its
partitions, and counts along by a clock that nobody sets (the time since the machine started); by that it
decides. Its own clock only has to be right enough: one that is set is noticed with the next look at it, not
with the next comparison. While the two are too far apart it
decides nothing and leaves its partitions to others. If it is the database's clock that is wrong nobody
decides: limits end, and chargers fall back to what every breaker can carry.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from shared.clock_watch import OFF_S_MAX, off_s

DECIDES_OFF_S_MAX: Final = OFF_S_MAX + 0.1
"""Up to so far apart decisions are taken, by the database's clock: what is counted for clocks
(`CLOCK_SKEW_S`), and for cars to follow, is left to gateways and chargers whole. It is a little more than
what is said (`OFF_S_MAX`)."""


class ClockAgreement:
    """
    One clock, compared again and again with another one.

    Args:
        clock: ours; it may be set at any moment.
        uptime_s: seconds that pass, by a clock that nobody sets.
    """

    def __init__(self, clock: Callable[[], datetime], uptime_s: Callable[[], float]) -> None:
        self._clock = clock
        self._uptime_s = uptime_s
        self._ahead_s = 0.0
        self._between_s = clock().timestamp() - uptime_s()

    def now(self) -> datetime:
        """Read our clock."""
        return self._clock()

    def agreed(self) -> datetime:
        """
        Tell what time it is by the other clock, as far as is known.

        It is what was heard of it last and the seconds since; ours does not enter into it.
        """
        now = self._clock()
        return now - timedelta(seconds=self.ahead_s(now.timestamp()))

    def uptime_s(self) -> float:
        """Read the clock that nobody sets."""
        return self._uptime_s()

    def compare(self, asked_s: float, theirs: datetime) -> None:
        """
        Take in what time it was there a moment ago.

        When it was asked is counted back from what our clock shows now: it may have been set meanwhile, and
        any time of theirs would lie between what it showed then and what it shows.

        Args:
            asked_s: when it was asked, by the clock that nobody sets.
            theirs: at some moment between then and now.
        """
        answered_at, answered_s = self._clock(), self._uptime_s()
        asked_at = answered_at - timedelta(seconds=answered_s - asked_s)
        self._ahead_s = off_s(asked_at, theirs, answered_at)
        self._between_s = answered_at.timestamp() - answered_s

    def ahead_s(self, now_s: float) -> float:
        """
        Say how far our clock is ahead at least; below 0: behind.

        Args:
            now_s: what it has shown just now, in seconds since 1970.
        """
        return self._ahead_s + now_s - self._uptime_s() - self._between_s

    def stands(self, now_s: float) -> bool:
        """Tell whether it may be decided by what our clock has shown just now."""
        return abs(self.ahead_s(now_s)) <= DECIDES_OFF_S_MAX

    def why_not(self) -> str | None:
        """Say why nothing is decided by our clock at present; none: it is."""
        now_s = self._clock().timestamp()
        if self.stands(now_s):
            return None
        off = self.ahead_s(now_s)
        which = "ahead of" if off > 0 else "behind"
        return f"its clock is {abs(off):.1f} s {which} the database's: nothing is decided by it"

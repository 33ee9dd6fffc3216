"""
A pace: what comes now and then is done at once, what comes all the time is gathered.

    >>> pace = Pace(apart_s=0.5, at_once=2)
    >>> pace.wait_s(10.0), pace.wait_s(10.1), pace.wait_s(10.2)
    (0.0, 0.0, 0.3)
    >>> pace.wait_s(60.0)
    0.0
"""

from typing import Final

AT_ONCE: Final = 5


class Pace:
    """
    Says how long to wait before the next time.

    Args:
        apart_s: how far apart times are in the long run, in seconds; 0: nobody ever waits.
        at_once: so many times may follow one another at once, after a rest.
    """

    def __init__(self, apart_s: float, at_once: int = AT_ONCE) -> None:
        self._apart_s = apart_s
        self._ahead_s_max = apart_s * (at_once - 1)
        self._due_s = float("-inf")
        """When the next time would be, if all had been evenly apart."""

    def wait_s(self, now_s: float) -> float:
        """Begin the next time, and say after how many seconds it is to be."""
        at_s = max(now_s, self._due_s - self._ahead_s_max)
        self._due_s = max(self._due_s, now_s) + self._apart_s
        return round(at_s - now_s, 6)

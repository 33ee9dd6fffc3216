"""How often strangers are put on record: seldom enough that none of them can fill the log."""

import hashlib
from collections import deque
from datetime import datetime
from typing import Final

from shared.ids import Serial

QUIET_S: Final = 600.0
"""For how long a serial that knocked is not put on record again."""
KNOCKS_MAX: Final = 200
"""How many serials are put on record within that time, whoever they are."""


def stream_of(serial: Serial) -> str:
    """Name the stream of those who knocked with a serial number, and were turned away."""
    return f"knock-{serial}"


def knock_id(what: str, now: datetime) -> str:
    """
    Name what is put on record, alike in every gateway that hears it within a stretch of time.

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 28, tzinfo=UTC)
    >>> knock_id("ZAP000001", at) == knock_id("ZAP000001", at.replace(minute=9))
    True
    >>> knock_id("ZAP000001", at) == knock_id("ZAP000001", at.replace(minute=10))
    False
    """
    stretch = int(now.timestamp() // QUIET_S)
    return f"knock-{hashlib.sha256(f'{stretch} {what}'.encode()).hexdigest()}"


class Knocks:
    """
    Remembers who has knocked lately.

    >>> knocks = Knocks()
    >>> knocks.admit("ZAP000001", 0.0), knocks.admit("ZAP000001", 599.0)
    (True, False)
    >>> knocks.admit("ZAP000001", 601.0)
    True
    """

    def __init__(self) -> None:
        self._lately: deque[tuple[float, str]] = deque()
        self._serials: set[str] = set()

    def admit(self, serial: str, now_s: float) -> bool:
        """Tell whether a knock is put on record; `now_s` is of a clock that never goes back."""
        while self._lately and now_s - self._lately[0][0] >= QUIET_S:
            self._serials.discard(self._lately.popleft()[1])
        if serial in self._serials or len(self._serials) >= KNOCKS_MAX:
            return False
        self._lately.append((now_s, serial))
        self._serials.add(serial)
        return True

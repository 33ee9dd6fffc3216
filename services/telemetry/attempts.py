"""
How often somebody may be wrong before nobody listens for a while.

Chargers of one building often share one address, so what one of them does wrong does not lock the others
out: each serial number has its own count at each address. The count of the whole address holds for serial
numbers that were never let in from there, so that nobody tries out one number after another.
"""

from collections import Counter, deque
from typing import Any, Final

WINDOW_S: Final = 60.0
"""How long a wrong attempt counts."""
OF_ONE_MAX: Final = 5
"""So often one serial number may be wrong at one address within that time."""
OF_ADDRESS_MAX: Final = 30
"""So often an address may be wrong with all serial numbers together."""
ATTEMPTS_MAX: Final = 10_000
"""So many wrong attempts are remembered; the oldest are forgotten first."""


class Attempts:
    """
    Remembers who was wrong lately.

    >>> attempts = Attempts()
    >>> for _ in range(OF_ONE_MAX):
    ...     attempts.wrong("203.0.113.7", "ZAP000123", 0.0)
    >>> attempts.exhausted("203.0.113.7", "ZAP000123", 59.0, known=True)
    True
    >>> attempts.exhausted("203.0.113.7", "ZAP000124", 59.0, known=False)
    False
    >>> attempts.exhausted("203.0.113.7", "ZAP000123", 61.0, known=True)
    False
    """

    def __init__(self) -> None:
        self._lately: deque[tuple[float, str, str]] = deque()
        self._of_one: Counter[tuple[str, str]] = Counter()
        self._of_address: Counter[str] = Counter()

    def wrong(self, remote: str, serial: str, now_s: float) -> None:
        """Take in a wrong attempt; `now_s` is of a clock that never goes back."""
        self._forget(now_s)
        self._lately.append((now_s, remote, serial))
        self._of_one[remote, serial] += 1
        self._of_address[remote] += 1

    def exhausted(self, remote: str, serial: str, now_s: float, *, known: bool) -> bool:
        """
        Tell whether a further attempt is not even looked at.

        Args:
            remote: the network address it comes from.
            serial: whom it says it is.
            now_s: of a clock that never goes back.
            known: this serial number was let in from there before.
        """
        self._forget(now_s)
        if self._of_one[remote, serial] >= OF_ONE_MAX:
            return True
        return not known and self._of_address[remote] >= OF_ADDRESS_MAX

    def _forget(self, now_s: float) -> None:
        while self._lately and (
            now_s - self._lately[0][0] >= WINDOW_S or len(self._lately) >= ATTEMPTS_MAX
        ):
            _, remote, serial = self._lately.popleft()
            _less(self._of_one, (remote, serial))
            _less(self._of_address, remote)


def _less(counter: "Counter[Any]", key: object) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]

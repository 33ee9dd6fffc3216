"""What is to happen when, and what has happened."""

import heapq
from collections import deque
from collections.abc import Iterator
from typing import Final

from cli.proving.moments import START_S
from cli.simulating.garage import Garage

TRAIL: Final = 60


class Agenda:
    """
    One thing after the other.

    Args:
        garage: where, and when it is now.
    """

    def __init__(self, garage: Garage) -> None:
        self._garage = garage
        self._planned: list[tuple[float, str]] = []
        self.trail: deque[str] = deque(maxlen=TRAIL)
        """What has happened last, in words."""

    @property
    def next_s(self) -> float:
        """When the next thing is to happen."""
        return self._planned[0][0]

    def plan(self, at_s: float, what: str) -> None:
        """Have something happen at a moment."""
        heapq.heappush(self._planned, (at_s, what))

    def plan_after(self, mean_s: int, what: str) -> None:
        """Have something happen after so many seconds, on average."""
        self.plan(self._garage.now_s + self._garage.chances.pick(range(1, 2 * mean_s)), what)

    def due(self) -> Iterator[str]:
        """Take what is due, and what becomes due by that."""
        while self._planned and self._planned[0][0] <= self._garage.now_s:
            yield heapq.heappop(self._planned)[1]

    def say(self, what: str) -> None:
        """Note that something has happened."""
        self.trail.append(f"{self._garage.now_s - START_S:8.0f} s  {what}")

"""
The rest of a building: load beside the cars, behind the same main breaker.

It is synthetic. No public record of the currents of a building was found that is fine enough, so it goes
in steps, as large appliances do: every so often each line gets another current, which may fall by any
amount and rise by a part of the highest at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

STEP_EVERY_S: Final = (15.0, 30.0)
RISE_SHARE_MAX: Final = 1 / 3
"""How much of its highest the load rises by in one step. Behind a breaker whose tenth this is at most, no
step alone comes near 1.13 times the rating, up to which no breaker trips."""
LEAST_SHARE: Final = 0.1


@dataclass(slots=True)
class House:
    """A load on some lines, in amperes; in a three-phase IT grid each stands for a pair of lines."""

    highest_a: float
    lines: int
    rng: Random
    load_a: list[float] = field(init=False)
    _left_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.load_a = [self.highest_a * LEAST_SHARE] * self.lines
        self._left_s = self.rng.uniform(*STEP_EVERY_S)

    def step(self, dt_s: float) -> Sequence[float]:
        """Let a while pass; name the load at its end."""
        self._left_s -= dt_s
        if self._left_s <= 0:
            self._left_s = self.rng.uniform(*STEP_EVERY_S)
            self.load_a = [self._next_a(it) for it in self.load_a]
        return self.load_a

    def _next_a(self, before_a: float) -> float:
        wished_a = self.highest_a * self.rng.uniform(LEAST_SHARE, 1.0)
        return min(wished_a, before_a + self.highest_a * RISE_SHARE_MAX)

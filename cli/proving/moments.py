"""Time and chance in a world of its own: the same seed, the same world."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

START_S: Final = 1_800_000_000.0
"""When every world begins, in seconds since 1970."""
T = TypeVar("T")


def moment(seconds: float) -> datetime:
    """Turn seconds since 1970 into a time."""
    return datetime.fromtimestamp(seconds, UTC)


class Chances:
    """Chance that can be repeated."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # a model of misfortune

    def pick(self, among: Sequence[T]) -> T:
        """Take one of several things, each as likely as another."""
        return self._random.choice(among)

    def one_in(self, times: int) -> bool:
        """Say yes once in so many times."""
        return self._random.randrange(times) == 0

    def shuffled(self, among: Sequence[T]) -> list[T]:
        """Put things into any order."""
        return self._random.sample(among, len(among))

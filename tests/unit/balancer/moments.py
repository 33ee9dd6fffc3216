"""Time and chance in the tests' own world."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

START_S = 1_800_000_000.0
T = TypeVar("T")


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Chances:
    """Chance that can be repeated: the same seed, the same world."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # a model of misfortune

    def pick(self, among: Sequence[T]) -> T:
        return self._random.choice(among)

    def one_in(self, times: int) -> bool:
        return self._random.randrange(times) == 0

    def shuffled(self, among: Sequence[T]) -> list[T]:
        return self._random.sample(among, len(among))

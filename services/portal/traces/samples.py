"""What is sampled of a charger or a breaker: one moment, and all moments of a minute put together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.ids import ChargerId, CircuitId, InstallationId
from shared.phases import PhaseCurrents

MINUTE_S: Final = 60
CHARGER: Final = "charger/"
BREAKER: Final = "breaker/"

Part = str
"""A charger or a breaker of an installation: `charger/bay-1`, `breaker/main`."""
Key = tuple[InstallationId, Part]


def charger_part(charger_id: ChargerId) -> Part:
    """Name a charger among all that is sampled."""
    return f"{CHARGER}{charger_id}"


def breaker_part(circuit_id: CircuitId) -> Part:
    """Name a breaker among all that is sampled."""
    return f"{BREAKER}{circuit_id}"


@dataclass(frozen=True, slots=True)
class Sample:
    """
    One moment.

    Args:
        at_s: when, in seconds of Unix time.
        current_a: what flows, in amperes on L1, L2 and L3.
        limit_a: a charger's limit in force, or a breaker's set value; none: it is not known.
        committed_a: what may be drawn behind a breaker under all limits; none of a charger.
    """

    at_s: float
    current_a: PhaseCurrents
    limit_a: float | None = None
    committed_a: PhaseCurrents | None = None


@dataclass(frozen=True, slots=True)
class Minute:
    """
    All moments of a minute.

    Args:
        at_s: its beginning, in seconds of Unix time.
        low_a, mean_a, high_a: the lowest, the mean and the highest current on each line.
        limit_a: the latest limit or set value.
        committed_a: the highest that was committed on each line.
    """

    at_s: float
    low_a: PhaseCurrents
    mean_a: PhaseCurrents
    high_a: PhaseCurrents
    limit_a: float | None = None
    committed_a: PhaseCurrents | None = None


def minute_of(at_s: float) -> int:
    """
    Name the minute that a moment is in, by its beginning.

    >>> minute_of(119.9)
    60
    """
    return int(at_s // MINUTE_S) * MINUTE_S


class Gathering:
    """A minute that is not over: what was heard of it so far."""

    __slots__ = ("_committed_a", "_count", "_high_a", "_limit_a", "_low_a", "_sum_a", "at_s")

    def __init__(self, at_s: float) -> None:
        self.at_s = at_s
        self._count = 0
        self._low_a = self._high_a = self._sum_a = (0.0, 0.0, 0.0)
        self._limit_a: float | None = None
        self._committed_a: PhaseCurrents | None = None

    def take(self, sample: Sample) -> None:
        """Take in one moment."""
        if self._count == 0:
            self._low_a = self._high_a = self._sum_a = sample.current_a
        else:
            self._low_a = _each(min, self._low_a, sample.current_a)
            self._high_a = _each(max, self._high_a, sample.current_a)
            self._sum_a = _each(lambda one, other: one + other, self._sum_a, sample.current_a)
        self._count += 1
        self._limit_a = sample.limit_a
        if sample.committed_a is not None:
            before_a = self._committed_a or sample.committed_a
            self._committed_a = _each(max, before_a, sample.committed_a)

    def so_far(self) -> Minute:
        """Put together what was heard; something was."""
        one, two, three = (it / self._count for it in self._sum_a)
        return Minute(
            self.at_s,
            self._low_a,
            (one, two, three),
            self._high_a,
            self._limit_a,
            self._committed_a,
        )


def _each(
    join: Callable[[float, float], float], one_a: PhaseCurrents, other_a: PhaseCurrents
) -> PhaseCurrents:
    first, second, third = (join(*it) for it in zip(one_a, other_a, strict=True))
    return first, second, third

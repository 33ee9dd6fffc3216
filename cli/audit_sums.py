"""The sums of an audit: what may flow at one breaker on one line, now and by what is known so far."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from shared.units import TOLERANCE_A

Steps = Sequence[tuple[float, float]]
"""A current that changes in steps: from when on (seconds since 1970), and how many amperes."""


def value_at(steps: Steps, at_s: float) -> float:
    """
    Name the current of a moment.

    >>> value_at([(10.0, 16.0), (20.0, 6.0)], 15.0)
    16.0
    """
    value = 0.0
    for from_s, a in steps:
        if from_s > at_s:
            break
        value = a
    return value


def highest(courses: Sequence[Steps]) -> Steps:
    """
    Take the highest of several courses at every moment.

    >>> highest([[(0.0, 16.0), (20.0, 0.0)], [(0.0, 6.0), (10.0, 32.0)]])
    [(0.0, 16.0), (10.0, 32.0)]
    """
    if len(courses) == 1:
        return courses[0]
    steps: list[tuple[float, float]] = []
    for at_s in sorted({from_s for course in courses for from_s, _ in course}):
        a = max(value_at(course, at_s) for course in courses)
        if not steps or steps[-1][1] != a:
            steps.append((at_s, a))
    return steps


@dataclass(frozen=True, slots=True)
class Excess:
    """More than may flow, for a time."""

    from_s: float
    to_s: float
    above_a: float

    @property
    def overload_as(self) -> float:
        """Amperes above, times seconds."""
        return self.above_a * (self.to_s - self.from_s)


@dataclass(slots=True)
class Sum:
    """What may flow at one breaker on one line."""

    may_a: Steps = ((-inf, inf),)
    """What it may carry."""
    at_s: float = -inf
    now_a: float = 0.0
    changes: dict[float, float] = field(default_factory=dict)
    """By how much the sum will change, and when."""
    overload_as: float = 0.0
    """What was above what it may carry until now, in amperes times seconds."""

    def until(self, at_s: float) -> None:
        """Let time pass."""
        if at_s <= self.at_s:
            return
        for from_s, to_s, sum_a in list(self._course((), at_s)):
            above_a = sum_a - value_at(self.may_a, from_s)
            if above_a > TOLERANCE_A:
                self.overload_as += above_a * (to_s - from_s)
        for change_s in sorted(it for it in self.changes if it <= at_s):
            self.now_a += self.changes.pop(change_s)
        self.at_s = at_s

    def replace(self, before: Steps, after: Steps) -> None:
        """Let one charger's part of the sum take another course, from now on."""
        for steps, sign in ((before, -1.0), (after, 1.0)):
            self.now_a += sign * value_at(steps, self.at_s)
            for (_, was_a), (from_s, a) in pairwise(steps):
                if from_s > self.at_s:
                    self._change(from_s, sign * (a - was_a))

    def _change(self, at_s: float, by_a: float) -> None:
        by_a += self.changes.pop(at_s, 0.0)
        if abs(by_a) > TOLERANCE_A / 1000:
            self.changes[at_s] = by_a

    def planned(self, before: Steps, after: Steps, end_s: float) -> Iterator[Excess]:
        """Name where another course of one charger makes the sum higher than may flow."""
        further = {at_s for at_s, _ in (*before, *after, *self.may_a) if at_s > self.at_s}
        for from_s, to_s, sum_a in self._course(further, end_s):
            more_a = value_at(after, from_s) - value_at(before, from_s)
            if more_a <= TOLERANCE_A:
                continue
            above_a = sum_a + more_a - max(value_at(self.may_a, from_s), sum_a)
            if above_a > TOLERANCE_A:
                yield Excess(from_s, to_s, above_a)

    def _course(
        self, further_s: Iterable[float], end_s: float
    ) -> Iterator[tuple[float, float, float]]:
        """Go through the times in which nothing changes, from now to an end."""
        limits_s = (at_s for at_s, _ in self.may_a)
        moments = {
            it for it in (*self.changes, *limits_s, *further_s) if self.at_s < it < end_s
        }
        sum_a = self.now_a
        for from_s, to_s in pairwise((self.at_s, *sorted(moments), end_s)):
            sum_a += self.changes.get(from_s, 0.0)
            if to_s > from_s:
                yield from_s, to_s, sum_a

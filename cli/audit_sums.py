"""The sums of an audit: what may flow at one breaker, now and by what is known so far."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from cli.audit_flows import NOTHING, Course, Flow, flow_at, line_currents, plus
from shared.phases import PHASES, Phase
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
    """What may flow at one breaker."""

    may_a: list[Steps] = field(default_factory=lambda: [((-inf, inf),) for _ in PHASES])
    """What it may carry on L1, L2 and L3."""
    at_s: float = -inf
    now: Flow = NOTHING
    changes: dict[float, Flow] = field(default_factory=dict)
    """By how much the sum will change, and when."""
    overload_as: float = 0.0
    """What was above what it may carry until now, in amperes times seconds."""

    def until(self, at_s: float) -> None:
        """Let time pass."""
        if at_s <= self.at_s:
            return
        for from_s, to_s, flow in list(self._course((), at_s)):
            for a, may_a in zip(line_currents(flow), self.may_a, strict=True):
                above_a = a - value_at(may_a, from_s)
                if above_a > TOLERANCE_A:
                    self.overload_as += above_a * (to_s - from_s)
        for change_s in sorted(it for it in self.changes if it <= at_s):
            self.now = plus(self.now, self.changes.pop(change_s))
        self.at_s = at_s

    def replace(self, before: Course, after: Course) -> None:
        """Let one charger's part of the sum take another course, from now on."""
        for course, sign in ((before, -1.0), (after, 1.0)):
            self.now = plus(self.now, flow_at(course, self.at_s), sign)
            for (_, was), (from_s, flow) in pairwise(course):
                if from_s > self.at_s:
                    self._change(from_s, plus(flow, was, -1.0), sign)

    def _change(self, at_s: float, by: Flow, sign: float) -> None:
        change = plus(self.changes.pop(at_s, NOTHING), by, sign)
        if max(map(abs, change)) > TOLERANCE_A / 1000:
            self.changes[at_s] = change

    def planned(
        self, before: Course, after: Course, end_s: float
    ) -> Iterator[tuple[Phase, Excess]]:
        """Name where another course of one charger makes a line's current higher than may flow."""
        limits = (it for may_a in self.may_a for it in may_a)
        further = {at_s for at_s, _ in (*before, *after, *limits) if at_s > self.at_s}
        for from_s, to_s, flow in self._course(further, end_s):
            now_more = plus(flow_at(after, from_s), flow_at(before, from_s), -1.0)
            if max(now_more) <= TOLERANCE_A:
                continue
            were_a, will_a = line_currents(flow), line_currents(plus(flow, now_more))
            for line, was_a, a, may_a in zip(PHASES, were_a, will_a, self.may_a, strict=True):
                above_a = a - max(value_at(may_a, from_s), was_a)
                if above_a > TOLERANCE_A:
                    yield line, Excess(from_s, to_s, above_a)

    def _course(
        self, further_s: Iterable[float], end_s: float
    ) -> Iterator[tuple[float, float, Flow]]:
        """Go through the times in which nothing changes, from now to an end."""
        limits_s = (at_s for may_a in self.may_a for at_s, _ in may_a)
        moments = {
            it for it in (*self.changes, *limits_s, *further_s) if self.at_s < it < end_s
        }
        flow = self.now
        for from_s, to_s in pairwise((self.at_s, *sorted(moments), end_s)):
            flow = plus(flow, self.changes.get(from_s, NOTHING))
            if to_s > from_s:
                yield from_s, to_s, flow

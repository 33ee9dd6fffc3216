"""
Commitments: the highest current that may still be in force, now and at any later moment.

For every charger these may be in force: the last confirmed limit until its lease ends, every limit sent
since, a superseded limit while the car is still following, and the fail-safe from the moment on at which
the confirmed lease may have ended: at first on the lines of the car that had the lease, then on all. After
a change of the layout they may be in force where it stood before as well, until they are over. The rule
that keeps breakers closed is

    before and after every message, at every later moment, the sum of commitments on every breaker and
    line stays within what it may carry

and `services.balancer.ledger` adds them up, as `services.balancer.forms` says how currents add.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf
from typing import Final

from services.balancer.forms import ADDING_LINES, Form, Ways, higher
from shared.phases import ALL_TERMINALS, Phase
from shared.units import CAR_FOLLOW_S

CLOCK_SKEW_S: Final = 5.0
"""How far a charger's clock may be off, in seconds: its lease may end earlier or later by this."""

OVER_AFTER_S: Final = CLOCK_SKEW_S + CAR_FOLLOW_S
"""How long after its end a lease may still be in force at a car."""

SAME_CAR_S: Final = 60.0
"""How long after its lease a car is taken to be the one that had it, so that what its charger falls back to
counts on the lines which that car uses, and not on all."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A limit that was announced: amperes on some lines, until a moment (seconds since 1970)."""

    limit_a: float
    lines: tuple[Phase, ...]
    valid_until_s: float
    sequence: int
    former: bool = False
    """It was decided for another place, or other wires: its lines say nothing of those here."""
    terminals: tuple[int, ...] | None = None
    """From which of its terminals the charger is to charge; none: from all that the car uses."""
    counts_a: float | None = None
    """What may flow on a line where that is more: watts do not say on which lines they are drawn."""

    @property
    def worst_a(self) -> float:
        """The most that may flow on each of its lines."""
        return self.limit_a if self.counts_a is None else self.counts_a

    def elsewhere(self) -> "Granted":
        """The same where its charger stood before: it holds the fail-safe off, and nothing is drawn."""
        return replace(self, limit_a=0.0, counts_a=None, former=True)


def counts_a(limit_a: float, spread: float, most_a: float) -> float | None:
    """
    Name what may flow on a line under a limit, where that is more than the limit.

    Args:
        limit_a: as it is told.
        spread: how many times that may flow on one line.
        most_a: what the charger offers at most.

    >>> counts_a(10.0, 1.0, 32.0), counts_a(6.0, 3.0, 32.0), counts_a(16.0, 3.0, 32.0)
    (None, 18.0, 32.0)
    """
    return None if spread <= 1.0 else max(limit_a, min(limit_a * spread, most_a))


@dataclass(frozen=True)
class Standing:
    """
    Everything that may be in force at one charger, at one place.

    A charger that never connected counts with its fail-safe, too: a gateway accepts it only once its
    fail-safe is in force, which may be any moment now.
    """

    fail_safe_a: float
    """The highest that it may fall back to."""
    all_lines: tuple[Phase, ...]
    granted: tuple[Granted, ...] = ()
    confirmed_at_s: Mapping[int, float] = field(default_factory=dict)
    """When each confirmed sequence number was confirmed."""
    fail_safe_low_a: float | None = None
    """The lowest that it may fall back to, when a change is not confirmed yet."""
    fail_safe_ends_s: float = inf
    """Until when its fail-safe is counted here at all."""
    fading_a: float = 0.0
    """The fail-safe of before, which its car may still follow."""
    fading_ends_s: float = -inf
    beyond_a: float = 0.0
    """What its own schedule allows at any moment, whatever it has confirmed."""

    @cached_property
    def confirmed(self) -> int:
        """The newest sequence number that the charger has confirmed; 0 for none."""
        return max(self.confirmed_at_s, default=0)

    @cached_property
    def newest(self) -> Granted | None:
        """The newest limit announced."""
        return self.granted[-1] if self.granted else None

    @property
    def unconfirmed(self) -> bool:
        """Whether the newest limit still waits for its confirmation."""
        return self.newest is not None and self.newest.sequence > self.confirmed

    @property
    def settled(self) -> bool:
        """Whether it is known what it falls back to."""
        return self.fail_safe_low_a is None or self.fail_safe_low_a == self.fail_safe_a

    @cached_property
    def fail_safe_from_s(self) -> float:
        """From when on the fail-safe may be in force again."""
        held = self._held()
        return held[-1][1] if held else -inf

    @cached_property
    def fail_safe_until_s(self) -> float:
        """Until when a car may still draw the fail-safe that a limit has put an end to."""
        held = self._held()
        if not held:
            return inf
        since_s, _ = held[-1]
        for from_s, to_s in reversed(held[:-1]):
            if to_s <= since_s:
                break
            since_s = from_s
        return since_s + CAR_FOLLOW_S

    @cached_property
    def _same_car_on(self) -> tuple[Phase, ...]:
        """The lines of the car that had the last lease. A charger that was told to use some terminals only
        falls back to all of them."""
        last = [it for it in self.granted if it.sequence >= self.confirmed]
        if any(it.former or it.terminals not in {None, ALL_TERMINALS} for it in last):
            return self.all_lines
        kinds = {frozenset(it.lines) for it in last}
        return last[-1].lines if len(kinds) == 1 else self.all_lines

    def _held(self) -> list[tuple[float, float]]:
        """The times in which a confirmed limit certainly held the fail-safe off, in order. A later one
        that was not confirmed may have taken its place, and have ended sooner."""
        held: list[tuple[float, float]] = []
        for it in self.granted:
            ends_s = it.valid_until_s - CLOCK_SKEW_S
            if it.sequence in self.confirmed_at_s:
                held.append((self.confirmed_at_s[it.sequence], ends_s))
            elif held:
                from_s, to_s = held[-1]
                held[-1] = (from_s, min(to_s, ends_s))
        return held

    @cached_property
    def over_s(self) -> tuple[float, ...]:
        """For each limit granted, when it is certainly out of force, and its car has followed."""
        over: list[float] = []
        confirmed = sorted(self.confirmed_at_s.items())
        superseded_s = inf
        for it in reversed(self.granted):
            while confirmed and confirmed[-1][0] > it.sequence:
                superseded_s = min(superseded_s, confirmed.pop()[1])
            over.append(min(it.valid_until_s + CLOCK_SKEW_S, superseded_s) + CAR_FOLLOW_S)
        return tuple(reversed(over))

    @property
    def ends_s(self) -> float:
        """From when on nothing may be in force here any more."""
        return max(self._fail_safe_ends_s, *self.over_s, -inf)

    @property
    def _fail_safe_ends_s(self) -> float:
        fades_s = self.fading_ends_s if self.fading_a > 0 else -inf
        lasting = max(self.fail_safe_a, self.beyond_a) > 0
        return min(self.fail_safe_ends_s, inf if lasting else fades_s)

    def worst_a(self, at_s: float, form: Form = ADDING_LINES) -> Ways:
        """Name the highest current that the car may draw at a moment, in each way of the grid."""
        worst = form.ways(self._falls_back_to_a(at_s), self._falls_back_on(at_s))
        beyond_a = self._beyond_a(at_s)
        if beyond_a > 0:
            worst = higher(worst, form.ways(beyond_a, self.all_lines))
        for grant, over_s in zip(self.granted, self.over_s, strict=True):
            if at_s < over_s and grant.worst_a > 0:
                worst = higher(worst, form.ways(grant.worst_a, grant.lines))
        return worst

    def course(self, moments_s: Sequence[float], form: Form = ADDING_LINES) -> list[Ways]:
        """Name the highest current that the car may draw at each of some moments, in their order."""
        changes_s, known = self._changes_s, self._known.setdefault(form, {})
        course: list[Ways] = []
        for at_s in moments_s:
            passed = bisect_right(changes_s, at_s)
            if passed not in known:
                known[passed] = self.worst_a(at_s, form)
            course.append(known[passed])
        return course

    @cached_property
    def _changes_s(self) -> list[float]:
        return sorted((*self.rises_s(), *self.falls_s()))

    @cached_property
    def _known(self) -> dict[Form, dict[int, Ways]]:
        """What was worked out for the time after so many changes, in a form."""
        return {}

    def _beyond_a(self, at_s: float) -> float:
        return self.beyond_a if at_s < self.fail_safe_ends_s else 0.0

    def _falls_back_to_a(self, at_s: float) -> float:
        highest_a = max(self.fail_safe_a, self.fading_a if at_s < self.fading_ends_s else 0.0)
        if highest_a == 0 or at_s >= self.fail_safe_ends_s:
            return 0.0
        free = at_s >= self.fail_safe_from_s or at_s < self.fail_safe_until_s
        return highest_a if free else 0.0

    def _falls_back_on(self, at_s: float) -> tuple[Phase, ...]:
        same_car = self.fail_safe_from_s <= at_s < self.fail_safe_from_s + SAME_CAR_S
        return (
            self._same_car_on if same_car and at_s >= self.fail_safe_until_s else self.all_lines
        )

    def rises_s(self) -> Iterable[float]:
        """Name the moments at which the commitment may become higher by itself."""
        if max(self.fail_safe_a, self.fading_a) <= 0:
            return ()
        if len(self._same_car_on) == len(self.all_lines):
            return (self.fail_safe_from_s,)
        return (self.fail_safe_from_s, self.fail_safe_from_s + SAME_CAR_S)

    def falls_s(self) -> Iterable[float]:
        """Name the moments at which the commitment becomes lower by itself."""
        ends_s = (self.fail_safe_until_s, self.fail_safe_ends_s, self.fading_ends_s)
        return (*self.over_s, *ends_s)

    def granting(self, grant: Granted) -> "Standing":
        """Add a limit that is about to be announced."""
        standing = replace(self, granted=(*self.granted, grant))
        # What is announced ends none of what was announced before: that is not worked out again.
        standing.__dict__["over_s"] = (*self.over_s, grant.valid_until_s + OVER_AFTER_S)
        return standing


@dataclass(frozen=True, slots=True)
class Place:
    """Where a charger's current may flow, and what of it may be in force there."""

    path: tuple[int, ...]
    """The breakers above it, by their indices."""
    standing: Standing
    follows: bool = False
    """It stood here before: limits of now hold its fail-safe off, and are drawn elsewhere."""

    def granting(self, grant: Granted) -> "Place":
        """Add a limit that is about to be announced to the charger where it stands now."""
        if self.follows:
            grant = grant.elsewhere()
        return replace(self, standing=self.standing.granting(grant))

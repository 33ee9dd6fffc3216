"""
In which ways chargers can be limited, and which one is to be tried next.

    STACKED          fail-safe on the lowest level without an end, limits above it that end (OCPP 1.6, 3.13)
    SCHEDULED        one profile: the limit, and from the end of its lease on the fail-safe
    FAIL_SAFE_ONLY   one profile, without an end
    FIXED            no profile

In every way the same holds at every moment, whatever is lost from then on: nothing above the limit until
its lease is over, nothing above the fail-safe afterwards. Each is tried and, where the charger tells what
it would hold, proven; what is not proven is the next one.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.messages.holding import Holds, Scope, Unit
from shared.phases import PHASES, GridType
from shared.units import (
    LINE_TO_NEUTRAL_V,
    PILOT_MIN_A,
    STEP_A,
    TOLERANCE_A,
    offerable,
    three_phase_line_w,
)

LOWEST_V: Final = 0.9 * LINE_TO_NEUTRAL_V
"""The least voltage a supply has (EN 50160: 10 % below nominal): a charger that divides watts by what it
measures draws most amperes then."""
CLOCK_SKEW_S: Final = 5.0
"""How far a charger's clock may be off: what it shows so close to the end of a lease proves nothing."""
NOT_HELD: Final = "NotHeld"
"""In place of a charger's answer: it can hold nothing but its fail-safe, so it was not asked."""


@dataclass(frozen=True, slots=True)
class Wired:
    """How a charger stands on the grid; watts are shared out over its terminals."""

    grid: GridType = GridType.TN_3_PHASE
    terminals: int = len(PHASES)

    @property
    def w_per_a(self) -> float:
        """The watts of an ampere on each line that it loads with all of its terminals."""
        if self.terminals == 1 or not self.grid.three_phase:
            return LINE_TO_NEUTRAL_V
        between = self.grid is GridType.IT_3_PHASE
        return len(PHASES) * three_phase_line_w(between_lines=between)


@dataclass(frozen=True, slots=True)
class Way:
    """How one charger is told what to hold."""

    holds: Holds = Holds.STACKED
    scope: Scope = Scope.SESSIONS
    unit: Unit = Unit.AMPERES
    whole: bool = False
    shows: bool = False
    """It says what it would hold when it is asked."""
    reason: str = ""
    firmware: str | None = None
    """With which it was found out."""

    @property
    def limits(self) -> bool:
        """Whether it can be told limits at all."""
        return self.holds in {Holds.STACKED, Holds.SCHEDULED}

    def spread(self, wired: Wired) -> float:
        """
        Name how many times what it is told may flow on one line: all of its watts on one phase, at the
        lowest voltage.

        >>> way = Way(unit=Unit.WATTS)
        >>> [round(way.spread(Wired(terminals=it)), 2) for it in (1, 3)]
        [1.11, 3.33]
        """
        return 1.0 if self.unit is Unit.AMPERES else wired.w_per_a / LOWEST_V


DEFAULT_WAY: Final = Way()


@dataclass(frozen=True, slots=True)
class Wording:
    """How amperes are said and heard in the profiles of one charger."""

    way: Way = DEFAULT_WAY
    wired: Wired = Wired()

    def sent_a(self, limit_a: float) -> float:
        """
        Name the amperes that stand in a limit: rounded down to what it takes; 0 below 6 A.

        >>> Wording().sent_a(16.07), Wording(Way(whole=True)).sent_a(16.9), Wording().sent_a(5.0)
        (16.0, 16.0, 0.0)
        """
        a = offerable(limit_a)
        whole = self.way.whole and self.way.unit is Unit.AMPERES
        return float(math.floor(a + TOLERANCE_A)) if whole else a

    def limit(self, limit_a: float) -> float:
        """Write a limit: amperes on each phase, or watts of all of them together."""
        a = self.sent_a(limit_a)
        if self.way.unit is Unit.AMPERES:
            return int(a) if self.way.whole else a
        # A car that is to have 6 A must not find a watt less than that.
        return math.ceil(a * self.wired.w_per_a - TOLERANCE_A)

    def fail_safe(self, fail_safe_a: float) -> float:
        """Write a fail-safe; in watts so that it holds on whichever lines are used, at any voltage."""
        a = self.sent_a(fail_safe_a)
        if self.way.unit is Unit.AMPERES:
            return int(a) if self.way.whole else a
        return math.floor(a * LOWEST_V)

    def limit_a(self, said: float) -> float:
        """Read what a charger says of a limit, in amperes as they were told."""
        return said if self.way.unit is Unit.AMPERES else said / self.wired.w_per_a

    def fail_safe_a(self, said: float) -> float:
        """Read what a charger says of a fail-safe, in amperes as they were told."""
        return said if self.way.unit is Unit.AMPERES else said / LOWEST_V


# --- What is tried ---


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a charger says of how it can be limited; none of what it does not say."""

    profiles: bool | None = None
    """It knows charging profiles."""
    level_max: int | None = None
    """Its highest level; 0: profiles do not lie on one another."""
    installed_max: int | None = None
    periods_max: int | None = None
    units: frozenset[Unit] = frozenset()
    scopes: tuple[Scope, ...] = tuple(Scope)
    """What its profiles may hold for, what is liked best first."""


def ways(said: Abilities) -> Iterator[Way]:
    """
    Name the ways that may be open to a charger, the best first; what it says it cannot is not tried.

    >>> [it.holds.value for it in ways(Abilities(level_max=0, units=frozenset({Unit.AMPERES})))]
    ['SCHEDULED', 'FAIL_SAFE_ONLY', 'SCHEDULED', 'FAIL_SAFE_ONLY']
    """
    if said.profiles is False:
        return
    stacked = said.level_max != 0 and said.installed_max != 1
    scheduled = said.periods_max is None or said.periods_max > 1
    units = [it for it in Unit if not said.units or it in said.units]
    for unit in units:
        for scope in said.scopes:
            if stacked:
                yield Way(Holds.STACKED, scope, unit)
            if scheduled:
                yield Way(Holds.SCHEDULED, scope, unit)
            yield Way(Holds.FAIL_SAFE_ONLY, scope, unit)


def lesser(way: Way, reason: str) -> Way:
    """Name the next way down for a charger that does not hold what it was told in one."""
    order = list(Holds)
    below = order[min(order.index(way.holds) + 1, order.index(Holds.FAIL_SAFE_ONLY))]
    return replace(way, holds=below, reason=reason)


# --- What is proven ---


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that a charger has taken, in amperes, until the end of its lease."""

    limit_a: float
    valid_until: datetime
    sequence: int = 0
    terminals: tuple[int, ...] | None = None

    def lives(self, now: datetime) -> bool:
        return self.valid_until > now


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a charger's schedule: so many seconds from now on, a number as the charger counts."""

    from_s: float
    said: float


@dataclass(frozen=True, slots=True)
class Shows:
    """What a charger's schedule allows at most, in amperes as they were told."""

    now_a: float | None
    """Until the lease is over; none where there is none."""
    later_a: float | None
    """Afterwards; none where it does not reach so far."""


def shows(
    schedule: Sequence[Span], duration_s: float, lease_s: float | None, wording: Wording
) -> Shows:
    """
    Read a schedule.

    Args:
        schedule: its pieces, in order.
        duration_s: how far it reaches.
        lease_s: in how many seconds the limit ends; none: there is none.
        wording: how the charger counts.

    >>> shows([Span(0, 16), Span(60, 6)], 90, 60, Wording())
    Shows(now_a=16, later_a=6)
    """
    now: list[float] = []
    later: list[float] = []
    over_s = 0.0 if lease_s is None else lease_s + CLOCK_SKEW_S
    held_s = 0.0 if lease_s is None else lease_s - CLOCK_SKEW_S
    ends = [*(it.from_s for it in schedule[1:]), duration_s]
    for span, end_s in zip(schedule, ends, strict=True):
        if span.from_s < held_s:
            now.append(wording.limit_a(span.said))
        if end_s > over_s:
            later.append(wording.fail_safe_a(span.said))
    return Shows(max(now, default=None), max(later, default=None))


def beyond(shown_a: float | None, told_a: float) -> bool:
    """
    Tell whether a schedule allows more than was told. A tenth of an ampere is a matter of rounding.

    >>> beyond(16.04, 16.0), beyond(32.0, 16.0), beyond(None, 16.0)
    (False, True, False)
    """
    return shown_a is not None and shown_a > told_a + STEP_A


def rounds_up(shown_a: float, told_a: float) -> bool:
    """
    Tell whether a charger has made a whole number of a limit, and the wrong one.

    >>> rounds_up(11.0, 10.6), rounds_up(32.0, 10.6), rounds_up(11.0, 10.0)
    (True, False, False)
    """
    return abs(
        shown_a - math.ceil(told_a - TOLERANCE_A)
    ) <= TOLERANCE_A < shown_a - told_a and (shown_a - told_a < 1.0)


def probe_a(fail_safe_a: float) -> float | None:
    """
    Name a limit with which a charger can be tried that holds it below its fail-safe; none where nothing is
    below. No car may be given more for the sake of a trial, and nothing between 0 and 6 A.

    >>> probe_a(6.0), probe_a(10.0), probe_a(0.0)
    (0.0, 6.0, None)
    """
    if fail_safe_a <= 0:
        return None
    return PILOT_MIN_A if fail_safe_a > PILOT_MIN_A + STEP_A else 0.0

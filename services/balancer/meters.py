"""
What a meter at a breaker tells of load that is not ours.

A meter that measures all of a breaker counts our cars as well, and what they draw is known only as far as
their own meters have told, seconds ago. So the load is known to lie between two bounds: the total without
the most, and without the least, that cars may be drawing. What was believed before is kept as long as it
lies between them; it rises at once when it must, and falls when it has been lower for `HOLD_S`. When the
total is above what the breaker may carry, nothing is explained by cars that are only about to draw more.

Nobody is given current on the strength of silence: the older the latest reading, the more is counted, up
to the most that the load may be. Before the first reading that is counted, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, isfinite, pi, sqrt
from typing import Final

from shared.ids import CircuitId, MeterId
from shared.messages.balancer import LoadBasis
from shared.messages.installation_terms import Measures, MeterKind
from shared.phases import PHASES, ZERO_A, GridType, Phase, PhaseCurrents

HOLD_S: Final = 20.0
"""How long a load must have been lower to be believed: two readings of a charger's meter (10 s apart),
so that a car that has stopped is not taken for a load that has risen less."""
LINES_APART: Final = cos(pi / 6)
"""Currents of cars on a line of an IT grid are at most 60 degrees apart: their sum is at least this part
of the sum of their amperes."""
FRESH_INTERVALS: Final = 1.5
FRESH_S_MIN: Final = 3.0
"""A reading is taken for the present for one and a half intervals, or so long."""
SILENT_INTERVALS: Final = 3.0
SILENT_S_MIN: Final = 10.0
"""After three intervals, or so long, without a reading a meter is silent."""
RECENT_MAX: Final = 128
NO_SOLAR_A: Final = 0.5
"""How far below 0 a current may be measured where nothing feeds the grid."""

Lines = tuple[float | None, float | None, float | None]
"""Amperes on L1, L2 and L3; none where nothing is known."""


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter at a breaker, as it was set up."""

    meter_id: MeterId
    circuit_id: CircuitId
    kind: MeterKind
    measures: Measures
    phases: tuple[Phase, ...]
    highest_a: float
    error_a: float = 0.5
    interval_s: float = 10.0

    @property
    def fresh_s(self) -> float:
        return max(FRESH_S_MIN, FRESH_INTERVALS * self.interval_s)

    @property
    def silent_s(self) -> float:
        return max(SILENT_S_MIN, SILENT_INTERVALS * self.interval_s)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What our cars behind a breaker draw: at least, as last read, and at most, on each line."""

    least_a: PhaseCurrents = ZERO_A
    read_a: PhaseCurrents = ZERO_A
    most_a: PhaseCurrents = ZERO_A


@dataclass(frozen=True, slots=True)
class Sample:
    """A reading as it came (times in seconds since 1970)."""

    current_a: Lines
    measured_at_s: float
    received_at_s: float


@dataclass(frozen=True, slots=True)
class Watch:
    """What a meter has told lately."""

    latest: Sample
    recent: tuple[tuple[float, Lines], ...]
    """When, and what the load was found to be: the latest last."""

    @property
    def load_a(self) -> Lines:
        """The load as it is believed: the highest of the last while."""
        return (self._line_a(0), self._line_a(1), self._line_a(2))

    def _line_a(self, line: int) -> float | None:
        latest_a = self.recent[-1][1][line]
        if latest_a is None:
            return None
        known = (lines[line] for _, lines in self.recent)
        return max(a for a in known if a is not None)

    def age_s(self, now_s: float) -> float:
        """How old the latest reading is, by whichever clock makes it older."""
        return now_s - min(self.latest.measured_at_s, self.latest.received_at_s)


def refused(before: Watch | None, sample: Sample) -> str | None:
    """Say why a reading tells nothing; none if it does."""
    known = [it for it in sample.current_a if it is not None]
    if not all(isfinite(it) for it in (*known, sample.measured_at_s, sample.received_at_s)):
        return "it is not made of finite numbers"
    if before is not None and sample.measured_at_s <= before.latest.measured_at_s:
        return "it was not measured after the one before it"
    return None


def observe(
    before: Watch | None,
    meter: Meter,
    sample: Sample,
    drawn: Drawn,
    grid: GridType,
    set_a: float,
    *,
    solar: bool = False,
) -> Watch | None:
    """
    Take a reading into account.

    Args:
        before: what was known; none before the first reading.
        meter: which one.
        sample: the reading.
        drawn: what our cars behind the breaker draw.
        grid: how the building is fed.
        set_a: what may be used of the breaker, in amperes.
        solar: whether panels behind the breaker are measured on their own, so that less than nothing
            may flow through it.

    Returns:
        What is known now: as before, if the reading is refused.
    """
    if refused(before, sample) is not None:
        return before
    believed = before.load_a if before is not None else (None, None, None)
    loads = [
        _load_a(meter, line, sample.current_a[line], believed[line], drawn, grid, set_a, solar)
        for line in range(len(PHASES))
    ]
    found: Lines = (loads[0], loads[1], loads[2])
    since_s = sample.received_at_s - HOLD_S
    kept = tuple(it for it in (before.recent if before else ()) if it[0] > since_s)
    recent = _bounded((*kept, (sample.received_at_s, found)))
    return Watch(sample, recent)


def _load_a(
    meter: Meter,
    line: int,
    measured_a: float | None,
    believed_a: float | None,
    drawn: Drawn,
    grid: GridType,
    set_a: float,
    solar: bool,  # private, and named where it matters
) -> float | None:
    """Find the load on one line; none: nothing can be told of it."""
    if PHASES[line] not in meter.phases or measured_a is None:
        return None
    if meter.kind is MeterKind.SOLAR:
        return max(0.0, -measured_a)
    if measured_a < -max(NO_SOLAR_A, meter.error_a) and not solar:
        return None  # it is mounted the wrong way round, or something feeds the grid that nobody entered
    if meter.measures is Measures.LOAD_ONLY:
        return max(0.0, measured_a)
    lowest_a = max(0.0, measured_a - drawn.most_a[line])
    highest_a = rest_a(measured_a, drawn.least_a[line], grid)
    load_a = highest_a if believed_a is None else min(max(believed_a, lowest_a), highest_a)
    if measured_a > set_a:
        load_a = max(load_a, rest_a(measured_a, drawn.read_a[line], grid))
    return load_a


def rest_a(total_a: float, own_a: float, grid: GridType) -> float:
    """
    Name the most that others may draw of a total, in amperes on one line.

    In a TN grid the difference will do: whatever the angle between the two, cars that draw more than now
    bring the total to the difference and what they draw then, at most. On a line of an IT grid currents
    are up to 60 degrees apart, and of `t^2 = u^2 + u d + d^2` the largest u is taken, with the least that
    d can be for its amperes.

    >>> rest_a(50.0, 30.0, GridType.TN_3_PHASE), round(rest_a(50.0, 30.0, GridType.IT_3_PHASE), 1)
    (20.0, 31.7)
    """
    if grid is not GridType.IT_3_PHASE:
        return max(0.0, total_a - own_a)
    own_a *= LINES_APART
    if total_a <= own_a:
        return 0.0
    return max(0.0, (sqrt(4 * total_a**2 - 3 * own_a**2) - own_a) / 2)


def _bounded(recent: tuple[tuple[float, Lines], ...]) -> tuple[tuple[float, Lines], ...]:
    """Keep so many; the oldest two become one that is as high as both."""
    if len(recent) <= RECENT_MAX:
        return recent
    (_, first), (at_s, second), *later = recent
    l1, l2, l3 = (
        max((it for it in pair if it is not None), default=None)
        for pair in zip(first, second, strict=True)
    )
    return ((at_s, (l1, l2, l3)), *later)


# --- What is counted ---


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that a load may be now, on each line, and what that rests on."""

    lines_a: PhaseCurrents
    basis: LoadBasis


def bound(meter: Meter, watch: Watch | None, grid: GridType, now_s: float) -> Bound:
    """Name the most that the load of a meter may be at a moment; it never falls while nothing comes."""
    if watch is None:
        return Bound(_on_grid([meter.highest_a] * len(PHASES), grid), LoadBasis.SILENT)
    age_s = watch.age_s(now_s)
    share = (age_s - meter.fresh_s) / (meter.silent_s - meter.fresh_s)
    basis = (
        LoadBasis.MEASURED
        if share <= 0
        else LoadBasis.SILENT
        if share >= 1
        else LoadBasis.AGEING
    )
    known = [
        None if it is None else _grown_a(it + meter.error_a, meter.highest_a, share)
        for it in watch.load_a
    ]
    filled = [
        _unknown_a(known, meter, grid, line) if it is None else it
        for line, it in enumerate(known)
    ]
    return Bound(_on_grid(filled, grid), basis)


def _grown_a(load_a: float, highest_a: float, share: float) -> float:
    return load_a + max(0.0, highest_a - load_a) * min(1.0, max(0.0, share))


def _unknown_a(known: Sequence[float | None], meter: Meter, grid: GridType, line: int) -> float:
    """Bound a line that is not measured: without a neutral it carries what the two others do together
    at most; otherwise it may be all that the load ever is."""
    others = [it for index, it in enumerate(known) if index != line and it is not None]
    metered = PHASES[line] in meter.phases
    if grid is GridType.IT_3_PHASE and len(others) == len(PHASES) - 1 and not metered:
        return sum(others)
    return max([meter.highest_a, *others])


def _on_grid(lines_a: Sequence[float], grid: GridType) -> PhaseCurrents:
    l1, l2, l3 = (
        a if line in grid.lines else 0.0 for line, a in zip(PHASES, lines_a, strict=True)
    )
    return (l1, l2, l3)

"""
Quarters of an hour: what all readings of one say together, and how energy is shared among them.

A `Summary` holds only what was read within its quarter, so that each can be put together by itself, and
again when a reading comes late. What a register moved between the last look in one quarter and the first
look in a later one is shared out when quarters are told (`told`): evenly over the time between, cut at
whole watt-hours, so that quarters always add up to what the register moved.

Quarters begin at full quarters of an hour in UTC, which are those of every clock on a wall: zones differ
from UTC by whole quarters, and clocks are changed by whole hours.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.registers import Movement, between

QUARTER: Final = timedelta(minutes=15)
GAP_MAX: Final = timedelta(minutes=5)
"""In a complete quarter there is no longer time without a reading. Chargers and meters are set to report
every ten seconds to a minute; after a reconnect it may take some minutes."""

Lines = tuple[float | None, float | None, float | None]
"""Amperes on L1, L2 and L3; none where there is no such line, or it is not measured."""

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NEARLY_A_QUARTER: Final = QUARTER - _MICROSECOND


@dataclass(frozen=True, slots=True)
class Look:
    """What one reading says: currents in amperes, the register in watt-hours, the power in watts."""

    at: datetime
    current_a: Lines
    register_wh: int | None = None
    power_w: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What a register showed within a quarter: at first, at last, and what it moved in between."""

    first_at: datetime
    first_wh: int
    last_at: datetime
    last_wh: int
    gained_wh: int = 0
    fell_wh: int = 0

    def then(self, at: datetime, register_wh: int) -> "Run":
        """Add a look that comes after."""
        moved = between(self.last_wh, register_wh)
        gained_wh, fell_wh = self.gained_wh + moved.gained_wh, self.fell_wh + moved.fell_wh
        return Run(self.first_at, self.first_wh, at, register_wh, gained_wh, fell_wh)

    def before(self, at: datetime, register_wh: int) -> "Run":
        """Add a look that comes in front."""
        moved = between(register_wh, self.first_wh)
        gained_wh, fell_wh = self.gained_wh + moved.gained_wh, self.fell_wh + moved.fell_wh
        return Run(at, register_wh, self.last_at, self.last_wh, gained_wh, fell_wh)


@dataclass(frozen=True, slots=True)
class Summary:
    """
    What all readings of one source in one quarter say together.

    Args:
        begins: the quarter.
        readings: how many there are.
        first_at, last_at: the moments of the first and the last one.
        gap_s: the longest time between two of them.
        sums_a, counts, highs_a: on each line, the sum of what was measured, how often, and the highest.
        power_sum_w, powers: of the power that was told, and how often.
        run: what the register showed; none if it was never told.
    """

    begins: datetime
    readings: int
    first_at: datetime
    last_at: datetime
    gap_s: float
    sums_a: tuple[float, float, float]
    counts: tuple[int, int, int]
    highs_a: Lines
    power_sum_w: float
    powers: int
    run: Run | None


@dataclass(frozen=True, slots=True)
class Quarter:
    """
    What is told of a quarter of an hour.

    Args:
        begins: its beginning.
        readings: how many there were; of a quarter without any, only its share of the energy is told.
        energy_wh: what went through the register; none where there is none.
        fell_wh: by how much the register went down: how much went through then is not known.
        mean_a, high_a: the mean and the highest of the readings on each line.
        mean_w: the mean of the powers that were told; none if there were none.
        complete: a reading at least every `GAP_MAX`, up to both borders, and the register never fell.
    """

    begins: datetime
    readings: int
    energy_wh: int | None
    fell_wh: int
    mean_a: Lines
    high_a: Lines
    mean_w: float | None
    complete: bool


def quarter_of(moment: datetime) -> datetime:
    """
    Name the quarter that a moment is in, by its beginning.

    >>> quarter_of(datetime(2026, 11, 28, 2, 29, 59, tzinfo=UTC)).isoformat()
    '2026-11-28T02:15:00+00:00'
    """
    return moment - (moment - _BEGINNING) % QUARTER


# --- Putting together ---


def summary_of(begins: datetime, looks: Sequence[Look]) -> Summary:
    """
    Put the readings of a quarter together.

    Args:
        begins: the quarter.
        looks: at least one, in the order of their time.
    """
    summary = _first(begins, looks[0])
    for look in looks[1:]:
        summary = _with(summary, look)
    return summary


def merged(summary: Summary | None, look: Look) -> Summary:
    """
    Add a reading to a quarter whose other readings are no longer kept.

    Where it lies between readings that are known, it says nothing more of the register: that has moved
    by the same amount whatever it showed in between.
    """
    if summary is None:
        return _first(quarter_of(look.at), look)
    if look.at >= summary.last_at:
        return _with(summary, look)
    taken = _taken(summary, look)
    if look.at <= summary.first_at:
        gap_s = max(summary.gap_s, (summary.first_at - look.at).total_seconds())
        taken = replace(taken, first_at=look.at, gap_s=gap_s)
    return replace(taken, run=_run_with(summary.run, look))


def _run_with(run: Run | None, look: Look) -> Run | None:
    if look.register_wh is None:
        return run
    if run is None:
        return Run(look.at, look.register_wh, look.at, look.register_wh)
    if look.at >= run.last_at:
        return run.then(look.at, look.register_wh)
    return run.before(look.at, look.register_wh) if look.at <= run.first_at else run


def _first(begins: datetime, look: Look) -> Summary:
    empty = Summary(
        begins,
        0,
        look.at,
        look.at,
        0.0,
        (0.0, 0.0, 0.0),
        (0, 0, 0),
        (None, None, None),
        0.0,
        0,
        None,
    )
    return _with(empty, look)


def _with(summary: Summary, look: Look) -> Summary:
    """Add a reading that comes after all others."""
    gap_s = max(summary.gap_s, (look.at - summary.last_at).total_seconds())
    taken = _taken(summary, look)
    return replace(taken, last_at=look.at, gap_s=gap_s, run=_run_with(summary.run, look))


def _taken(summary: Summary, look: Look) -> Summary:
    """Count what does not depend on the order."""
    one, two, three = (
        _counted(*it)
        for it in zip(
            summary.sums_a, summary.counts, summary.highs_a, look.current_a, strict=True
        )
    )
    powered = look.power_w is not None
    return replace(
        summary,
        readings=summary.readings + 1,
        sums_a=(one[0], two[0], three[0]),
        counts=(one[1], two[1], three[1]),
        highs_a=(one[2], two[2], three[2]),
        power_sum_w=summary.power_sum_w + (look.power_w or 0.0),
        powers=summary.powers + powered,
    )


def _counted(
    sum_a: float, count: int, high_a: float | None, current_a: float | None
) -> tuple[float, int, float | None]:
    if current_a is None:
        return sum_a, count, high_a
    high_a = current_a if high_a is None else max(high_a, current_a)
    return sum_a + current_a, count + 1, high_a


# --- Telling ---


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From the last look at a register in one quarter to the first one in a later quarter."""

    begins: datetime
    ends: datetime
    moved: Movement

    def share_wh(self, quarter: datetime) -> int:
        """Tell how much of what was gained belongs to a quarter."""
        return self._by(quarter + QUARTER) - self._by(quarter)

    def next_after(self, quarter: datetime) -> datetime | None:
        """Name the next quarter to which something of it belongs: there may be years without."""
        by_then_wh = self._by(quarter + QUARTER)
        if by_then_wh >= self.moved.gained_wh:
            return None
        until = -(-(by_then_wh + 1) * self._whole // self.moved.gained_wh)
        return quarter_of(self.begins + (until - 1) * _MICROSECOND)

    def _by(self, moment: datetime) -> int:
        if moment >= self.ends:
            return self.moved.gained_wh
        passed = max(0, (moment - self.begins) // _MICROSECOND)
        return self.moved.gained_wh * passed // self._whole

    @property
    def _whole(self) -> int:
        return (self.ends - self.begins) // _MICROSECOND


_NO_STRETCH: Final = _Stretch(_BEGINNING, _BEGINNING, Movement(0, 0))


def told(summaries: Sequence[Summary], since: datetime | None = None) -> Iterator[Quarter]:
    """
    Tell of quarters what there is to tell, in their order, those between them that have energy included.

    The first and the last one are told as far as they are known: what the register moved before the first
    look and after the last one is in none of them.

    Args:
        summaries: of one source, in the order of their quarters.
        since: those that begin before are left out; none: none of them.
    """
    since = since or _BEGINNING
    into = _NO_STRETCH
    for index, summary in enumerate(summaries):
        before = summaries[index - 1] if index else None
        after = summaries[index + 1] if index + 1 < len(summaries) else None
        out = into
        if summary.run is not None:
            out = _stretch_after(summary.run, summaries[index + 1 :])
        if summary.begins >= since:
            yield _quarter(summary, before, after, into, out)
        into = out
        if after is not None:
            first = max(summary.begins + QUARTER, quarter_of(since + _NEARLY_A_QUARTER))
            yield from _between(first, after.begins, out)


def _stretch_after(run: Run, later: Iterable[Summary]) -> _Stretch:
    following = next((it.run for it in later if it.run is not None), None)
    if following is None:
        return _NO_STRETCH
    moved = between(run.last_wh, following.first_wh)
    return _Stretch(run.last_at, following.first_at, moved)


def _between(first: datetime, ends: datetime, stretch: _Stretch) -> Iterator[Quarter]:
    """Tell of quarters without readings what of the energy falls to them, if anything does."""
    at: datetime | None = first
    while at is not None and at < ends:
        if share_wh := stretch.share_wh(at):
            none: Lines = (None, None, None)
            yield Quarter(at, 0, share_wh, 0, none, none, None, complete=False)
        at = stretch.next_after(at)


def _quarter(
    summary: Summary,
    before: Summary | None,
    after: Summary | None,
    into: _Stretch,
    out: _Stretch,
) -> Quarter:
    begins, run = summary.begins, summary.run
    energy_wh: int | None = None
    fell_wh = 0
    if run is not None:
        energy_wh = run.gained_wh + into.share_wh(begins) + out.share_wh(begins)
        fell_wh = run.fell_wh + into.moved.fell_wh
    elif out is not _NO_STRETCH:
        energy_wh = out.share_wh(begins)
    return Quarter(
        begins,
        summary.readings,
        energy_wh,
        fell_wh,
        _means(summary),
        summary.highs_a,
        summary.power_sum_w / summary.powers if summary.powers else None,
        complete=not fell_wh and _is_covered(summary, before, after),
    )


def _means(summary: Summary) -> Lines:
    pairs = zip(summary.sums_a, summary.counts, strict=True)
    one, two, three = (total / count if count else None for total, count in pairs)
    return one, two, three


def _is_covered(summary: Summary, before: Summary | None, after: Summary | None) -> bool:
    if before is None or after is None or summary.gap_s > GAP_MAX.total_seconds():
        return False
    return (
        summary.first_at - before.last_at <= GAP_MAX
        and after.first_at - summary.last_at <= GAP_MAX
    )

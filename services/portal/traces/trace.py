"""A trace as it is told: columns of numbers, so that a day of minutes is small. Pure."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from services.portal.traces.samples import MINUTE_S, Minute, Sample
from shared.phases import PHASES, Phase


class Line(BaseModel):
    """What flowed on one line, in amperes, moment by moment."""

    model_config = ConfigDict(frozen=True)

    phase: Phase
    low_a: list[float]
    mean_a: list[float]
    high_a: list[float]
    committed_a: list[float] | None = None
    """Of a breaker: the most that may be drawn behind it under all limits."""


class Trace(BaseModel):
    """How a charger or a breaker went; all lists are as long as `at_s`."""

    model_config = ConfigDict(frozen=True)

    step_s: int
    """How long a step is at most; a longer gap is a time of which nothing is known."""
    at_s: list[float]
    """Seconds of Unix time: the beginning of a minute, or a moment as it was heard."""
    lines: list[Line]
    limit_a: list[float | None]
    """A charger's limit in force, or a breaker's set value."""


def trace_of(
    minutes: Sequence[Minute],
    moments: Iterable[Sample] = (),
    lines: Sequence[Phase] = PHASES,
    step_s: int = MINUTE_S,
) -> Trace:
    """
    Lay minutes out, and after them moments; a minute from which there are moments is told by these.

    Args:
        minutes: in their order.
        moments: in their order.
        lines: those that there are in the grid.
        step_s: how long minutes are, if they were put together.
    """
    fine = [_as_minute(it) for it in moments]
    begins_s = fine[0].at_s if fine else float("inf")
    shown = [*(it for it in minutes if it.at_s + step_s <= begins_s), *fine]
    return Trace(
        step_s=step_s,
        at_s=[round(it.at_s, 1) for it in shown],
        lines=[_line(it, shown) for it in lines],
        limit_a=[None if it.limit_a is None else _tenths(it.limit_a) for it in shown],
    )


def coarser(minutes: Sequence[Minute], step_s: int) -> list[Minute]:
    """
    Put minutes together to longer spans, each named by its beginning.

    >>> one, two = (Minute(it, (a,) * 3, (a,) * 3, (a,) * 3) for it, a in ((0, 1.0), (60, 3.0)))
    >>> coarser([one, two], 900)[0].mean_a
    (2.0, 2.0, 2.0)
    """
    spans: dict[int, list[Minute]] = {}
    for it in minutes:
        spans.setdefault(int(it.at_s // step_s) * step_s, []).append(it)
    return [_together(at_s, it) for at_s, it in spans.items()]


def _together(at_s: float, minutes: Sequence[Minute]) -> Minute:
    committed = [it.committed_a for it in minutes if it.committed_a is not None]
    return Minute(
        at_s,
        _three(min(it.low_a[line] for it in minutes) for line in range(3)),
        _three(sum(it.mean_a[line] for it in minutes) / len(minutes) for line in range(3)),
        _three(max(it.high_a[line] for it in minutes) for line in range(3)),
        minutes[-1].limit_a,
        _three(max(it[line] for it in committed) for line in range(3)) if committed else None,
    )


def _three(numbers: Iterable[float]) -> tuple[float, float, float]:
    one, two, three = numbers
    return one, two, three


def _as_minute(moment: Sample) -> Minute:
    drawn_a = moment.current_a
    return Minute(moment.at_s, drawn_a, drawn_a, drawn_a, moment.limit_a, moment.committed_a)


def _line(phase: Phase, shown: Sequence[Minute]) -> Line:
    index = PHASES.index(phase)
    committed = [it.committed_a for it in shown]
    known = bool(shown) and all(it is not None for it in committed)
    return Line(
        phase=phase,
        low_a=[_tenths(it.low_a[index]) for it in shown],
        mean_a=[_tenths(it.mean_a[index]) for it in shown],
        high_a=[_tenths(it.high_a[index]) for it in shown],
        committed_a=[_tenths(it[index]) for it in committed if it is not None]
        if known
        else None,
    )


def _tenths(a: float) -> float:
    return round(a, 1)

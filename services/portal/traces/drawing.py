"""
A trace drawn by the server, as paths of an SVG and as rows of a table: for whoever has no script, or no
eyes for a chart. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.traces.samples import Minute
from services.portal.wording import UNKNOWN, amperes
from shared.phases import PHASES, Phase

WIDTH: Final = 720
HEIGHT: Final = 200
TICKS: Final = 4
LEAST_A: Final = 8.0
"""What the axis shows at least, so that small currents look small."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of the chart."""

    phase: Phase
    path: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis, at a place in the units of the picture."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: when, each line's current, and the limit."""

    time: str
    utc: str
    currents: tuple[str, ...]
    limit: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, in a picture of `WIDTH` by `HEIGHT`."""

    curves: tuple[Curve, ...]
    limit: str
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]
    rows: tuple[Row, ...]


def drawing(
    minutes: Sequence[Minute],
    begins: datetime,
    ends: datetime,
    step_s: int,
    zone: ZoneInfo,
    lines: Sequence[Phase] = PHASES,
) -> Drawing:
    """
    Draw minutes, or longer steps.

    Args:
        minutes: in their order.
        begins: where the picture begins.
        ends: where it ends.
        step_s: how far they are apart; what is further apart is not joined.
        zone: of the times.
        lines: those that there are in the grid.
    """
    frame = _Frame(begins.timestamp(), ends.timestamp(), _top_a(minutes))
    indices = [PHASES.index(it) for it in lines]
    return Drawing(
        curves=tuple(
            Curve(
                PHASES[index],
                frame.path([(it.at_s, it.mean_a[index]) for it in minutes], step_s),
            )
            for index in indices
        ),
        limit=frame.steps([(it.at_s, it.limit_a) for it in minutes], step_s),
        across=tuple(_across(frame, zone)),
        upwards=tuple(_upwards(frame)),
        rows=tuple(_row(it, indices, zone) for it in reversed(minutes)),
    )


def _top_a(minutes: Sequence[Minute]) -> float:
    shown = [a for it in minutes for a in (*it.mean_a, it.limit_a or 0.0)]
    return 1.1 * max([LEAST_A, *shown])


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where in the picture a moment and a current are."""

    begins_s: float
    ends_s: float
    top_a: float

    def x(self, at_s: float) -> float:
        span_s = max(1.0, self.ends_s - self.begins_s)
        return round(WIDTH * (at_s - self.begins_s) / span_s, 1)

    def y(self, a: float) -> float:
        return round(HEIGHT * (1 - a / self.top_a), 1)

    def path(self, points: Sequence[tuple[float, float]], step_s: int) -> str:
        """Join points, except over a time of which nothing is known."""
        told: list[str] = []
        last_s = float("-inf")
        for at_s, a in points:
            joined = at_s - last_s <= 1.5 * step_s
            told.append(f"{'L' if joined else 'M'}{self.x(at_s):g} {self.y(a):g}")
            last_s = at_s
        return "".join(told)

    def steps(self, points: Sequence[tuple[float, float | None]], step_s: int) -> str:
        """Draw every value until the next one."""
        told: list[str] = []
        for at_s, a in points:
            if a is not None:
                right = self.x(min(self.ends_s, at_s + step_s))
                told.append(f"M{self.x(at_s):g} {self.y(a):g}H{right:g}")
        return "".join(told)


def _across(frame: _Frame, zone: ZoneInfo) -> Iterator[Tick]:
    for part in range(TICKS + 1):
        at_s = frame.begins_s + (frame.ends_s - frame.begins_s) * part / TICKS
        yield Tick(frame.x(at_s), f"{datetime.fromtimestamp(at_s, zone):%H:%M}")


def _upwards(frame: _Frame) -> Iterator[Tick]:
    step_a = next(
        it for it in (2, 4, 8, 10, 20, 50, 100, 200, 500, 1000, 2000) if frame.top_a / it <= 5
    )
    a = 0
    while a < frame.top_a:
        yield Tick(frame.y(a), f"{a} A")
        a += step_a


def _row(minute: Minute, indices: Sequence[int], zone: ZoneInfo) -> Row:
    at = datetime.fromtimestamp(minute.at_s, UTC)
    return Row(
        time=f"{at.astimezone(zone):%H:%M}",
        utc=f"{at:%Y-%m-%d %H:%M:%S} UTC",
        currents=tuple(amperes(minute.mean_a[it]) for it in indices),
        limit=UNKNOWN if minute.limit_a is None else amperes(minute.limit_a),
    )

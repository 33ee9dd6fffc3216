"""The picture of a running stack, for a terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.support.output import escape
from cli.top.nearest import BreakerRow
from cli.top.reckoning import Picture, ProcessRow
from shared.subjects import PARTITIONS

LATE_S: float = 5.0
"""What waits for longer is shown in red."""
NEAR_RATIO: float = 0.95


def shown(picture: Picture, nearest: Sequence[BreakerRow]) -> RenderableType:
    """Draw all of it."""
    return Group(_promise(picture), _processes(picture.processes), _breakers(nearest))


def _promise(it: Picture) -> RenderableType:
    above, planned = it.breakers_above_limit, it.breakers_planned_above_limit
    table = Table.grid(padding=(0, 3))
    table.add_row(
        f"[b]{it.chargers_connected}[/] chargers, {it.cars_charging} charge",
        f"[b]{it.readings_per_s:.1f}[/] readings/s",
        f"[b]{it.limits_per_s:.1f}[/] limits/s",
        f"decision {seconds(it.decision_p99_s)} (p99)",
        f"reading to limit {seconds(it.reading_to_limit_p99_s)} (p99)",
    )
    table.add_row(
        _bad(f"{it.chargers_silent} silent", bad=it.chargers_silent > 0),
        _bad(f"{above} breakers above their limit", bad=above > 0),
        _bad(f"{planned} promised too much", bad=planned > 0),
        _bad(f"{it.partitions} of {PARTITIONS} partitions", bad=it.partitions < PARTITIONS),
        f"{it.requests_per_s:.1f} requests/s to the portal",
    )
    return table


def _processes(rows: Sequence[ProcessRow]) -> RenderableType:
    table = Table("process", "state", "processor", "memory", "waits", "late (p99)", "restarts")
    for it in rows:
        name = Text(it.name)
        restarts = "" if it.restarts is None else str(it.restarts)
        if not it.answers:
            table.add_row(name, _bad("no answer", bad=True), "", "", "", "", restarts)
            continue
        table.add_row(
            name,
            _bad("ready" if it.ready else "not ready", bad=not it.ready),
            f"{it.processor_ratio:.0%}",
            f"{it.memory_bytes / 1024**2:.0f} MiB",
            _bad(seconds(it.lag_s), bad=it.lag_s > LATE_S),
            seconds(it.late_s),
            restarts,
        )
    return table


def _breakers(rows: Sequence[BreakerRow]) -> RenderableType:
    table = Table("breakers nearest to their limit", "carries", "promised", "of", "share")
    for it in rows:
        table.add_row(
            escape(f"{it.installation_id} / {it.circuit_id}"),
            f"{it.measured_a:.1f} A",
            f"{it.committed_a:.1f} A",
            f"{it.set_a:.0f} A",
            _bad(f"{it.load_ratio:.0%}", bad=it.load_ratio > NEAR_RATIO),
        )
    return table


def _bad(text: str, *, bad: bool) -> str:
    return f"[red]{text}[/]" if bad else text


def seconds(value: float | None) -> str:
    """
    Write a time.

    >>> seconds(0.0123), seconds(2.5), seconds(None)
    ('12 ms', '2.5 s', '–')
    """
    if value is None:
        return "–"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"

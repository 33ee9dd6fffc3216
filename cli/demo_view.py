"""What the demo shows in the terminal: a few lines that change in place, and a table at the end."""

from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.figures import Figures
from cli.states import Happening, ProcessEvent
from shared.messages.balancer import BreakerLoad, SiteBalance
from shared.phases import PHASES

BAR: Final = 30
EVENTS_SHOWN: Final = 3


@dataclass(slots=True)
class Scoreboard:
    """Everything that the terminal shows of a running demo."""

    world: dict[str, Any] = field(default_factory=dict)
    balance: SiteBalance | None = None
    decisions: int = 0
    left_s: float | None = None
    events: list[ProcessEvent] = field(default_factory=list)


def picture(board: Scoreboard) -> RenderableType:
    """Draw the scoreboard."""
    lines: list[RenderableType] = [_headline(board)]
    if board.balance is not None:
        lines.append(_breakers(board.balance))
    lines += [Text(f"  {_said(it)}", style="yellow") for it in _recent(board)]
    lines.append(Text("  Ctrl-C ends it.", style="dim"))
    return Group(*lines)


def _recent(board: Scoreboard) -> list[ProcessEvent]:
    return [it for it in board.events if it.what is Happening.ENDED][-EVENTS_SHOWN:]


def _said(event: ProcessEvent) -> str:
    again = (
        "" if event.restart_in_s is None else f", starts again in {event.restart_in_s:.1f} s"
    )
    return f"{event.name} ended: {event.reason}{again} ({event.log})"


def _headline(board: Scoreboard) -> Text:
    world = board.world
    if not world:
        return Text("  The chargers are connecting …")
    left = "" if board.left_s is None else f"   {max(board.left_s, 0):.0f} s left"
    tripped = sum(1 for it in world["breakers"] if it["tripped"])
    share = world.get("used_share_now")
    used = "" if share is None else f"   {share:.0%} of the breaker used"
    return Text.assemble(
        f"  {world['cars_charging']} cars charge, ",
        f"{max(world['cars_wanting'] - world['cars_charging'], 0)} wait, ",
        f"{world['online']} chargers online",
        used,
        f"   {world['energy_kwh']:.1f} kWh   {board.decisions} decisions",
        (f"   {tripped} BREAKERS TRIPPED", "bold red") if tripped else "   no breaker tripped",
        left,
    )


def _breakers(balance: SiteBalance) -> Table:
    table = Table.grid(padding=(0, 2))
    for breaker in balance.breakers:
        table.add_row(
            f"  {breaker.circuit_id}", *(_bar(breaker, i) for i in range(len(PHASES)))
        )
    return table


def _bar(breaker: BreakerLoad, line: int) -> Text:
    measured_a, committed_a = breaker.measured_a[line], breaker.committed_a[line]
    full = min(BAR // 2, round(measured_a / breaker.set_a * BAR / 2))
    kept = min(BAR // 2, round(committed_a / breaker.set_a * BAR / 2))
    return Text.assemble(
        f"{PHASES[line]} ",
        ("█" * full, "green"),
        ("▒" * max(0, kept - full), "cyan"),
        "·" * (BAR // 2 - max(full, kept)),
        f" {measured_a:5.1f} of {breaker.set_a:g} A",
    )


def final_table(figures: Figures) -> Table:
    """Print a report as a table."""
    table = Table(title="What it came to", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("held against", style="dim")
    for name, it in figures.items():
        value = "–" if it["value"] is None else f"{it['value']:,g}"
        table.add_row(name, value, it["unit"], it["reference"])
    return table

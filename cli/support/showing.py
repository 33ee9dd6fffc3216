"""How the past looks in a terminal, however narrow."""

from collections.abc import Iterable, Sequence
from datetime import date, tzinfo
from typing import Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from shared.history.states import Installation
from shared.history.timeline import Act, Entry, Routine
from shared.history.wording import amperes, each_phase, local, why
from shared.ids import ChargerId, CircuitId
from shared.messages.balancer import MAIN

INDENT = 10
"""As wide as a time of day and the gap behind it."""


# --- A timeline ---


def show_timeline(console: Console, entries: Iterable[Entry], *, references: bool) -> None:
    """Print entries under the day, in local time, on which they were recorded."""
    day: tuple[date, str] | None = None
    zone: tzinfo | None = None
    for entry in entries:
        zone = entry.zone if isinstance(entry, Act) else zone
        at = entry.recorded_at if isinstance(entry, Act) else entry.from_at
        there = at.astimezone(zone)
        today = (there.date(), str(zone or there.tzname()))
        if today != day:
            day = today
            console.print(Text(f"{there:%A, %d %B %Y} ({today[1]})", style="bold underline"))
        if isinstance(entry, Routine):
            _show_routine(console, entry, f"{there:%H:%M:%S}")
        else:
            _show_act(console, entry, f"{there:%H:%M:%S}", references=references)


def _show_routine(console: Console, entry: Routine, time: str) -> None:
    told = ", ".join(_counted(kind, count) for kind, count in entry.counts.items())
    console.print(Text.assemble((f"{time}  ", "cyan"), (f"… {told}", "dim italic")))


_COUNTED: Final = {
    "CurrentLimitAllocated": ("limit allotted", "limits allotted"),
    "LeasesRenewed": ("extension of limits", "extensions of limits"),
    "ChargerQueued": ("car queued", "cars queued"),
    "CurrentLimitApplied": ("limit confirmed", "limits confirmed"),
    "ChargerStatusChanged": ("status reported", "statuses reported"),
}


def _counted(kind: str, count: int) -> str:
    """
    Name a type of event as something that is counted.

    >>> _counted("CurrentLimitAllocated", 1), _counted("LeasesRenewed", 3)
    ('1 limit allotted', '3 extensions of limits')
    """
    one, many = _COUNTED.get(kind, (kind, kind))
    return f"{count} {one if count == 1 else many}"


def _show_act(console: Console, act: Act, time: str, *, references: bool) -> None:
    positions = [it.told.recorded.position for it in act.facts]
    first, last = positions[0], positions[-1]
    where = f"{act.service}:{first}" + (f"–{last}" if last > first else "")
    head = Text.assemble((f"{time}  ", "cyan"), (act.actor, "bold"), (f"  {where}", "dim"))
    if act.ticket:
        head.append(f"  ticket {act.ticket}", style="magenta")
    console.print(head)
    for fact in act.facts:
        console.print(_indented(Text(fact.text)))
        for change in fact.changes:
            console.print(_indented(Text(f"· {change}", style="green"), 2))
    if references:
        told = f"command {act.command_id}, correlation {act.correlation_id}"
        cause = f", caused by {act.causation_id}" if act.causation_id else ""
        console.print(_indented(Text(told + cause, style="dim")))


def _indented(text: RenderableType, more: int = 0) -> Padding:
    return Padding(text, (0, 0, 0, INDENT + more), expand=False)


# --- A state ---


def tree_of(state: Installation, zone: tzinfo | None) -> Tree:
    """Draw an installation: circuits beneath the main breaker, chargers on their circuits."""
    tree = Tree(_building(state, zone), guide_style="dim")
    _hang(tree, state, MAIN)
    return tree


def _building(state: Installation, zone: tzinfo | None) -> Text:
    building = state.building
    if building is None:
        return Text(f"{state.installation_id}: not created yet", style="yellow")
    text = Text.assemble(
        (building.name, "bold"), f"  main breaker {amperes(building.breaker_a)}"
    )
    if building.available_a is not None:
        until = (
            f" until {local(building.available_until, zone)}"
            if building.available_until
            else ""
        )
        text.append(f", all chargers together {each_phase(building.available_a)}{until}")
    if not building.in_use:
        text.append("  out of use", style="bold red")
    return text


def _hang(tree: Tree, state: Installation, circuit_id: CircuitId) -> None:
    for charger_id in state.chargers_on(circuit_id):
        tree.add(charger_line(state, charger_id))
    for beneath in state.beneath(circuit_id):
        circuit = state.circuits[beneath]
        of = "" if circuit.set_a == circuit.breaker_a else f" of {amperes(circuit.breaker_a)}"
        line = Text.assemble((circuit.name, "bold"), f"  {amperes(circuit.set_a)}{of}")
        if not circuit.in_use:
            line.append("  deactivated", style="bold red")
        elif state.out_of_use(beneath):
            line.append("  out of use", style="red")
        _hang(tree.add(line), state, beneath)


def charger_line(state: Installation, charger_id: ChargerId) -> Text:
    """Say all of a charger in one line."""
    charger = state.chargers[charger_id]
    line = Text.assemble(
        charger.name,
        (f"  {charger.serial}", "cyan"),
        f"  {' '.join(charger.wiring)}, up to {amperes(charger.max_a)}, "
        f"fail-safe {amperes(charger.fail_safe_a)}",
    )
    if charger.priority:
        line.append(f", priority {charger.priority}")
    if charger.locked:
        line.append("  locked", style="bold red")
    reported = state.reported.get(charger_id)
    if reported is not None:
        style = "green" if reported.online else "yellow"
        line.append("  online" if reported.online else "  offline", style=style)
        if reported.session_id is not None:
            line.append(", a car is there")
    allotted = state.allotted.get(charger_id)
    if allotted is not None and allotted.limit_a is not None:
        because = "" if allotted.limited_by is None else f" ({why(allotted.limited_by, state)})"
        line.append(f", may draw {amperes(allotted.limit_a)}{because}", style="dim")
    return line


def show_lines(console: Console, lines: Sequence[str], style: str = "") -> None:
    """Print sentences, one beneath the other; rich reads nothing into them."""
    for line in lines:
        console.print(Text(line, style=style))

"""An installation as a tree: its breakers, their set values, and the chargers on them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.text import Text
from rich.tree import Tree

from services.portal.available import available_text
from services.portal.documents import Charger, Circuit, Layout, Removed
from services.portal.layouts import LAYOUT_EVENTS, LayoutEvent, fold_layout
from services.portal.out_of_use import deactivated_text, locked_text, why_removed
from services.portal.wording import GRIDS, SWITCHING
from shared.messages.balancer import MAIN
from shared.recorded import Recorded
from shared.speech import counted


def layouts_of(log: Iterable[Recorded]) -> dict[str, Layout]:
    """Fold every installation's layout from the log, by its id."""
    layouts: dict[str, Layout] = {}
    for recorded in log:
        if recorded.type not in LAYOUT_EVENTS:
            continue
        event = recorded.event
        assert isinstance(event, LayoutEvent)  # noqa: S101  # its name says so
        before = layouts.get(event.installation_id)
        layouts[event.installation_id] = fold_layout(
            before, event, recorded.position, recorded.recorded_at
        )
    return layouts


def in_use(layout: Layout) -> Layout:
    """Leave out what is deactivated, locked or removed."""
    return layout.model_copy(
        update={
            "circuits": tuple(it for it in layout.circuits if layout.in_use(it.circuit_id)),
            "chargers": tuple(
                it for it in layout.chargers if it.lock is None and layout.in_use(it.circuit_id)
            ),
            "removed": (),
        }
    )


def left_out(layout: Layout) -> str:
    """Say how much `in_use` leaves out; nothing when it leaves out nothing."""
    kept = in_use(layout)
    gone = len(layout.chargers) + len(layout.removed) - len(kept.chargers)
    circuits = len(layout.circuits) - len(kept.circuits)
    parts = [
        counted(circuits, "%(n)s circuit", "%(n)s circuits") if circuits else "",
        counted(gone, "%(n)s charger", "%(n)s chargers") if gone else "",
    ]
    return " and ".join(it for it in parts if it)


def tree_of(layout: Layout, now: datetime) -> Tree:
    """Draw an installation, with everything that is in its layout."""
    zone = ZoneInfo(layout.time_zone)
    tree = Tree(_head(layout, now, zone))
    _grow(tree, MAIN, layout, now, zone)
    return tree


def _head(layout: Layout, now: datetime, zone: ZoneInfo) -> Text:
    about = [
        GRIDS[layout.grid_type],
        f"main breaker {layout.breaker_a:g} A",
        available_text(layout, now, zone),
    ]
    if layout.switch_current_a is not None:
        about.append(f"one phase below {layout.switch_current_a:g} A")
    if layout.imbalance_a is not None:
        about.append(f"phases within {layout.imbalance_a:g} A of each other")
    if layout.deactivated is not None:
        about.append(deactivated_text(layout.deactivated, now, zone))
    return _label(layout.name, layout.installation_id, about)


def _grow(tree: Tree, circuit_id: str, layout: Layout, now: datetime, zone: ZoneInfo) -> None:
    for charger in layout.chargers:
        if charger.circuit_id == circuit_id:
            tree.add(_charger(charger, layout))
    for removed in layout.removed:
        if removed.charger.circuit_id == circuit_id:
            tree.add(_removed(removed, now, zone))
    for circuit in layout.circuits:
        if (circuit.parent_id or MAIN) == circuit_id:
            branch = tree.add(_circuit(circuit, now, zone))
            _grow(branch, circuit.circuit_id, layout, now, zone)


def _circuit(circuit: Circuit, now: datetime, zone: ZoneInfo) -> Text:
    breaker = f"{circuit.breaker_a:g} A"
    if circuit.set_a < circuit.breaker_a:
        breaker += f", set to {circuit.set_a:g} A"
    about = [breaker]
    if circuit.deactivated is not None:
        about.append(deactivated_text(circuit.deactivated, now, zone))
    return _label(circuit.name, circuit.circuit_id, about)


def _charger(charger: Charger, layout: Layout) -> Text:
    about = [*_settings(charger)]
    if charger.lock is not None:
        about = [locked_text(charger, charger.lock, layout)]
    return _label(charger.name, _known_as(charger), about, bold=False)


def _removed(removed: Removed, now: datetime, zone: ZoneInfo) -> Text:
    text = why_removed(removed, now, zone)
    about = [text[0].lower() + text[1:]]
    return _label(removed.charger.name, _known_as(removed.charger), about, bold=False)


def _known_as(charger: Charger) -> str:
    same = charger.charger_id == charger.serial
    return charger.serial if same else f"{charger.serial}, {charger.charger_id}"


def _settings(charger: Charger) -> Iterator[str]:
    yield f"{charger.min_a:g} to {charger.max_a:g} A"
    yield f"wired {' '.join(charger.wiring)}"
    yield SWITCHING[charger.phase_switching]
    yield f"fail-safe {charger.fail_safe_a:g} A" + (" as wished" * charger.fail_safe_wished)
    if charger.breaker_a is not None:
        yield f"own breaker {charger.breaker_a:g} A"
    if charger.priority:
        yield f"priority {charger.priority}"


def _label(name: str, known_as: str, about: Iterable[str], *, bold: bool = True) -> Text:
    text = Text(name, style="bold" if bold else "")
    text.append(f" ({known_as})", style="not bold")
    for it in about:
        if it:
            text.append(f" · {it}", style="not bold dim")
    return text

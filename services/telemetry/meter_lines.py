"""
What flows on each line, by what a meter shows: its currents, or its power where it gives no current.

A current without a sign has that of its line's power, for a line whose power is below 0 feeds the grid. It
is never taken for less than its power over its voltage, since many meters cut amperes to whole ones.

The power of all lines together says what flows in a one-phase grid. Elsewhere it does not say which line
carries it, so every line is taken to carry all of it, or, within `FULL_LASTS` of a list that had currents
too, all of what has come on top since. That is too much rather than too little, for as long as nothing
feeds the grid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import copysign, hypot
from typing import Final

from services.telemetry.meter_shapes.shown import LineShown, Shown, Unreadable
from shared.phases import PHASES, GridType, Phase
from shared.units import LINE_TO_NEUTRAL_V

FULL_LASTS: Final = timedelta(seconds=30)
"""How long a list with currents counts for those without: Norwegian HAN ports give one every 10 s."""
VOLTAGE_V_MIN: Final = 100.0
"""A voltage below is that of a line that is not there, and makes no current of a power."""

LinesA = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class FullList:
    """The latest list of a meter that had currents and the power of all lines."""

    measured_at: datetime
    current_a: LinesA
    power_w: float


def currents_of(
    shown: Shown,
    phases: tuple[Phase, ...],
    grid_type: GridType,
    full: FullList | None,
    measured_at: datetime,
) -> LinesA:
    """
    Say what flows on each line that the meter was entered for; none on the others.

    Args:
        shown: what it shows.
        phases: the lines it was entered for.
        grid_type: of the installation.
        full: its latest list with currents; none yet.
        measured_at: when this was measured.

    Raises:
        Unreadable: it shows nothing of a line that it was entered for, or of one that it was not.
    """
    delta = grid_type is GridType.IT_3_PHASE
    given = {
        line: current_a
        for line, it in zip(PHASES, shown.lines, strict=True)
        if (current_a := _current_of(it, delta=delta)) is not None
    }
    if not given and shown.power_w is not None:
        lately = full is not None and measured_at - full.measured_at <= FULL_LASTS
        return _by_power(shown, phases, grid_type, full if lately else None)
    if not grid_type.three_phase and given and (shown.power_w or 0.0) < 0:
        given = {line: -abs(it) for line, it in given.items()}
    wrong = set(given) != set(phases) if shown.exact_lines else not set(phases) <= set(given)
    if wrong:
        raise Unreadable(
            f"the meter was entered as measuring {', '.join(phases)}, and a number came for "
            f"{', '.join(sorted(given)) or 'no phase'}; send numbers for what it measures and null for "
            "the rest, or change the meter: ampledger meter change --phases",
            "WrongPhases",
        )
    return _on(phases, given)


def _current_of(line: LineShown, *, delta: bool) -> float | None:
    """Say what flows on a line; in a delta its power over its voltage is no current of a line."""
    voltage_v = line.voltage_v or LINE_TO_NEUTRAL_V
    by_power_a = None
    if line.power_w is not None and not delta and voltage_v >= VOLTAGE_V_MIN:
        by_power_a = line.power_w / voltage_v
    if line.current_a is None:
        return by_power_a
    if line.feeds or (line.power_w or 0.0) < 0:
        return -abs(line.current_a)
    if line.power_w is None:
        return line.current_a
    return max(abs(line.current_a), by_power_a or 0.0)


def _by_power(
    shown: Shown, phases: tuple[Phase, ...], grid_type: GridType, full: FullList | None
) -> LinesA:
    power_w = shown.power_w or 0.0
    voltage_v = next(
        (it.voltage_v for it in shown.lines if (it.voltage_v or 0.0) >= VOLTAGE_V_MIN), None
    )
    apparent_va = copysign(hypot(power_w, shown.reactive_var or 0.0), power_w)
    all_a = apparent_va / (voltage_v or LINE_TO_NEUTRAL_V)
    if not grid_type.three_phase:
        return _on(phases, dict.fromkeys(phases, all_a))
    if full is not None:
        more_a = max(0.0, power_w - full.power_w) / (voltage_v or LINE_TO_NEUTRAL_V)
        known = zip(PHASES, full.current_a, strict=True)
        return _on(phases, {line: it + more_a for line, it in known if it is not None})
    if power_w < 0:
        raise Unreadable(
            "the building feeds the grid, and the power of all lines together does not say what each "
            "of them carries; have the meter send currents, or the power of each line",
            "PowerTellsNoLines",
        )
    return _on(phases, dict.fromkeys(phases, all_a))


def _on(phases: tuple[Phase, ...], given: Mapping[Phase, float]) -> LinesA:
    lines = [given.get(it) if it in phases else None for it in PHASES]
    return lines[0], lines[1], lines[2]

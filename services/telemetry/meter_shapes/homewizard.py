"""
JSON of a HomeWizard P1 or kWh meter, as its local API gives it, versions 1 and 2.

    {"active_current_l1_a": 31.2, "active_power_l1_w": 7190, "total_power_import_kwh": 48211.3, …}
    {"current_l1_a": 31.2, "power_l1_w": 7190, "energy_import_kwh": 48211.3,
     "timestamp": "2026-11-27T16:05:00", …}

Power is below 0 where a line feeds the grid. Version 1 has no time, version 2 the local one.
"""

from collections.abc import Mapping
from typing import Final

from services.telemetry.meter_shapes.shown import LineShown, Shown
from services.telemetry.meter_shapes.values import moment, number, scaled

NAME: Final = "homewizard"
_KILO: Final = 1000.0
_PREFIXES: Final = ("active_", "")
_ONE_PHASE: Final = ("current_a", "power_w", "voltage_v")


def recognises(content: object) -> bool:
    """Tell whether there are powers by those names."""
    return isinstance(content, Mapping) and _prefix(content) is not None


def read(content: Mapping[str, object]) -> Shown:
    """
    Read it.

    Raises:
        Unreadable: something is no number, or no time.
    """
    prefix = _prefix(content) or ""
    lines = [_line(content, prefix, it) for it in ("l1_", "l2_", "l3_")]
    if all(it.current_a is None for it in lines) and not lines[1].says_a_current:
        lines[0] = _line(content, prefix, "")  # a meter of one phase names no line
    version_1 = prefix == "active_"
    imported, exported = (
        number(content, f"total_power_{it}_kwh" if version_1 else f"energy_{it}_kwh")
        for it in ("import", "export")
    )
    return Shown(
        NAME,
        (lines[0], lines[1], lines[2]),
        power_w=number(content, f"{prefix}power_w"),
        measured_at=moment(content.get("timestamp"), "timestamp"),
        import_wh=scaled(imported, _KILO),
        export_wh=scaled(exported, _KILO),
    )


def _prefix(content: Mapping[str, object]) -> str | None:
    names = ("power_w", "power_l1_w", "current_l1_a")
    return next(
        (it for it in _PREFIXES if any(f"{it}{name}" in content for name in names)), None
    )


def _line(content: Mapping[str, object], prefix: str, line: str) -> LineShown:
    current, power, voltage = (
        number(content, f"{prefix}{name.replace('_', f'_{line}', 1)}") for name in _ONE_PHASE
    )
    return LineShown(current, power, voltage)

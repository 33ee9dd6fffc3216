"""
JSON with the names of DSMR-reader, which passes on what it has read at a P1 port.

    {"timestamp": "2026-11-27T16:05:00+01:00", "phase_power_current_l1": 31, "phase_currently_delivered_l1":
     "7.190", "phase_currently_returned_l1": "0.000", "phase_voltage_l1": "231.0", …}

"Delivered" is delivered to the building, in kW; numbers may be texts.
"""

from collections.abc import Mapping
from typing import Final

from services.telemetry.meter_shapes.shown import LineShown, Shown
from services.telemetry.meter_shapes.values import moment, net, number, scaled, total

NAME: Final = "dsmr_reader"
_CURRENT, _TAKEN = "phase_power_current_l", "phase_currently_delivered_l"
_KILO: Final = 1000.0


def recognises(content: object) -> bool:
    """Tell whether there are currents or powers by those names."""
    if not isinstance(content, Mapping):
        return False
    return any(f"{name}{it}" in content for name in (_CURRENT, _TAKEN) for it in (1, 2, 3))


def read(content: Mapping[str, object]) -> Shown:
    """
    Read it.

    Raises:
        Unreadable: something is no number, or no time.
    """
    lines = tuple(_line(content, it) for it in (1, 2, 3))
    taken, fed = (
        _kilo(content, f"electricity_currently_{it}") for it in ("delivered", "returned")
    )
    return Shown(
        NAME,
        (lines[0], lines[1], lines[2]),
        power_w=net(taken, fed),
        measured_at=moment(content.get("timestamp"), "timestamp"),
        import_wh=total(*(_kilo(content, f"electricity_delivered_{it}") for it in (1, 2))),
        export_wh=total(*(_kilo(content, f"electricity_returned_{it}") for it in (1, 2))),
    )


def _line(content: Mapping[str, object], line: int) -> LineShown:
    taken, fed = (
        _kilo(content, f"{name}{line}") for name in (_TAKEN, "phase_currently_returned_l")
    )
    return LineShown(
        number(content, f"{_CURRENT}{line}"),
        net(taken, fed),
        number(content, f"phase_voltage_l{line}"),
    )


def _kilo(content: Mapping[str, object], name: str) -> float | None:
    return scaled(number(content, name), _KILO)

"""
JSON of the bridges at HAN ports of Norwegian and Swedish meters (Aidon, Kaifa, Kamstrup).

    {"t": 1795795500, "data": {"lv": "KFM_001", "P": 7190, "PO": 0, "I1": 18.2, "I2": 0.0, "I3": 17.6,
     "U1": 231.4, "U3": 230.9, "tPI": 48211.3, "tPO": 0.0}}

The shortest list comes every 2 or 2.5 s and has the power of all lines together only; the next one, every
10 s, has currents. They have no sign. In an IT grid the meter measures no L2, and gives null or 0 for it.
"""

from collections.abc import Mapping
from typing import Final

from services.telemetry.meter_shapes.shown import LineShown, Shown
from services.telemetry.meter_shapes.values import moment, net, number, scaled

NAME: Final = "ams"
_KILO: Final = 1000.0


def recognises(content: object) -> bool:
    """Tell whether there is the power or the currents of a list, by their short names."""
    return isinstance(content, Mapping) and not {"P", "I1"}.isdisjoint(_list_in(content))


def read(content: Mapping[str, object]) -> Shown:
    """
    Read it.

    Raises:
        Unreadable: something is no number, or no time.
    """
    given = _list_in(content)
    lines = tuple(_line(given, it) for it in (1, 2, 3))
    return Shown(
        NAME,
        (lines[0], lines[1], lines[2]),
        power_w=net(number(given, "P"), number(given, "PO")),
        reactive_var=net(number(given, "Q"), number(given, "QO")),
        measured_at=moment(content.get("t") or None, "t"),
        import_wh=scaled(number(given, "tPI"), _KILO),
        export_wh=scaled(number(given, "tPO"), _KILO),
    )


def _list_in(content: Mapping[str, object]) -> Mapping[str, object]:
    inner = content.get("data")
    return inner if isinstance(inner, Mapping) else content


def _line(given: Mapping[str, object], line: int) -> LineShown:
    power = net(number(given, f"P{line}"), number(given, f"PO{line}"))
    return LineShown(number(given, f"I{line}"), power, number(given, f"U{line}"))

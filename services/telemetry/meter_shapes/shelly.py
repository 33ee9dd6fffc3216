"""
JSON of a Shelly 3EM (`/status`), and of a Pro 3EM or 3EM-63: `EM.GetStatus`, `Shelly.GetStatus`, the topic
`status/em:0`, and the messages `NotifyStatus` and `NotifyFullStatus`.

    {"emeters": [{"power": 7190.0, "current": 31.2, "voltage": 231.0, "is_valid": true,
      "total": 48211300.0, …}, …]}
    {"a_current": 31.2, "a_act_power": 7190.0, "a_voltage": 231.0, "b_current": …, "c_current": …}

Currents have no sign; power is below 0 where a line feeds the grid.
"""

from collections.abc import Mapping
from typing import Final

from services.telemetry.meter_shapes.shown import NOTHING, LineShown, Shown, Unreadable
from services.telemetry.meter_shapes.values import moment, number, total

NAME: Final = "shelly"
_PHASES: Final = ("a", "b", "c")
_STATUS, _REGISTERS = "em:0", "emdata:0"


def recognises(content: object) -> bool:
    """Tell whether it comes from a Shelly that measures three lines."""
    if not isinstance(content, Mapping):
        return False
    return isinstance(content.get("emeters"), list) or bool(_status(content))


def read(content: Mapping[str, object]) -> Shown:
    """
    Read it.

    Raises:
        Unreadable: something is no number or no time, or the device says itself that it is off.
    """
    emeters = content.get("emeters")
    if isinstance(emeters, list):
        return _first_generation(content, emeters)
    status, around = _status(content), _around(content)
    registers = around.get(_REGISTERS)
    given = registers if isinstance(registers, Mapping) else {}
    lines = tuple(_pro_line(status, it) for it in _PHASES)
    return Shown(
        NAME,
        (lines[0], lines[1], lines[2]),
        power_w=number(status, "total_act_power"),
        measured_at=moment(around.get("ts") or _clock(around), "ts"),
        import_wh=number(given, "total_act"),
        export_wh=number(given, "total_act_ret"),
    )


def _around(content: Mapping[str, object]) -> Mapping[str, object]:
    """Find what is around the status of the meter: a message's parameters, a result, or the whole."""
    inner = (content.get(it) for it in ("params", "result"))
    return next((it for it in inner if isinstance(it, Mapping)), content)


def _status(content: Mapping[str, object]) -> Mapping[str, object]:
    around = _around(content)
    inner = around.get(_STATUS, around)
    if isinstance(inner, Mapping) and any(f"{it}_act_power" in inner for it in _PHASES):
        return inner
    return {}


def _clock(around: Mapping[str, object]) -> object:
    system = around.get("sys")
    return system.get("unixtime") if isinstance(system, Mapping) else None


def _pro_line(status: Mapping[str, object], phase: str) -> LineShown:
    if errors := status.get(f"{phase}_errors"):
        raise Unreadable(
            f"the Shelly says of phase {phase} that it is wrong: {str(errors)[:80]}; see to its clamps and "
            "its range",
            "MeterFaulty",
        )
    return LineShown(
        number(status, f"{phase}_current"),
        number(status, f"{phase}_act_power"),
        number(status, f"{phase}_voltage"),
    )


def _first_generation(content: Mapping[str, object], emeters: list[object]) -> Shown:
    given = [it for it in emeters if isinstance(it, Mapping)]
    if len(given) != len(emeters) or not 1 <= len(given) <= len(_PHASES):
        raise Unreadable("emeters has to have an object for each line, three at most")
    lines = [*(_emeter(it) for it in given), NOTHING, NOTHING]
    return Shown(
        NAME,
        (lines[0], lines[1], lines[2]),
        power_w=number(content, "total_power"),
        measured_at=moment(content.get("unixtime") or None, "unixtime"),
        import_wh=total(*(number(it, "total") for it in given)),
        export_wh=total(*(number(it, "total_returned") for it in given)),
    )


def _emeter(given: Mapping[str, object]) -> LineShown:
    if given.get("is_valid") is False:
        raise Unreadable(
            "the Shelly says of a line that what it measures is not valid; see to its clamps",
            "MeterFaulty",
        )
    return LineShown(number(given, "current"), number(given, "power"), number(given, "voltage"))

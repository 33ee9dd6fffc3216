"""
JSON with OBIS codes (IEC 62056-6-1) for names, as bridges of P1 and HAN ports give it.

    {"1-0:31.7.0": {"value": 31.2, "unit": "A"}, "1.0.71.7.0.255": 28.4, "1-0:21.7.0": "07.190*kW", …}

Codes may be written in full, reduced, or with the 255 at the end. A current without a unit is in amperes
and a voltage in volts, as all lists have them. A power or a register without one could be in units or in
thousands, so its value counts for nothing: of a power only its direction does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.telemetry.meter_shapes.shown import LineShown, Shown, Unreadable
from services.telemetry.meter_shapes.values import finite, moment, net, total

NAME: Final = "obis"

_CODE: Final = re.compile(
    r"(?:\d+-\d+:|\d+\.\d+\.(?=\d+\.\d+\.\d+))?(\d+\.\d+\.\d+)(?:[.*]255)?"
)
_KNOWN_BY: Final = frozenset(
    {"31.7.0", "51.7.0", "71.7.0", "21.7.0", "41.7.0", "61.7.0", "1.7.0"}
)
_UNITS: Final = {
    "A": ("A", 1.0),
    "mA": ("A", 1e-3),
    "V": ("V", 1.0),
    "W": ("W", 1.0),
    "kW": ("W", 1e3),
    "Wh": ("Wh", 1.0),
    "kWh": ("Wh", 1e3),
    "var": ("var", 1.0),
    "VAr": ("var", 1.0),
    "kvar": ("var", 1e3),
    "kVAr": ("var", 1e3),
}
_OWN_UNIT: Final = {"A", "V"}
"""What is never given in thousands, so that it may go without its unit."""
_TIMES: Final = ("1.0.0", "timestamp", "time")


@dataclass(frozen=True, slots=True)
class _Value:
    """A number in base units; without a unit only its sign is known."""

    number: float
    known: bool


def recognises(content: object) -> bool:
    """Tell whether there are codes of currents or powers."""
    return isinstance(content, Mapping) and not _KNOWN_BY.isdisjoint(_by_code(content))


def read(content: Mapping[str, object]) -> Shown:
    """
    Read it.

    Raises:
        Unreadable: a value is no number, or in a unit that it cannot be in.
    """
    by_code = _by_code(content)
    at = next((by_code[it] for it in _TIMES if it in by_code), None)
    lines = tuple(_line(by_code, first) for first in (20, 40, 60))
    return Shown(
        NAME,
        (lines[0], lines[1], lines[2]),
        power_w=_net(by_code, "1.7.0", "2.7.0", "W"),
        reactive_var=_net(by_code, "3.7.0", "4.7.0", "var"),
        measured_at=moment(
            at["value"] if isinstance(at, Mapping) and "value" in at else at, "time"
        ),
        import_wh=_register(by_code, 1),
        export_wh=_register(by_code, 2),
    )


def _by_code(content: Mapping[str, object]) -> dict[str, object]:
    """Name everything by its reduced code; other names stay."""
    codes = ((_CODE.fullmatch(name), name) for name in content)
    return {(code[1] if code else name): content[name] for code, name in codes}


def _line(given: Mapping[str, object], first: int) -> LineShown:
    taken, fed = _value(given, f"{first + 1}.7.0", "W"), _value(given, f"{first + 2}.7.0", "W")
    current = _known(given, f"{first + 11}.7.0", "A")
    return LineShown(
        current,
        _net(given, f"{first + 1}.7.0", f"{first + 2}.7.0", "W"),
        _known(given, f"{first + 12}.7.0", "V"),
        feeds=(fed.number if fed else 0.0) > (taken.number if taken else 0.0),
    )


def _net(given: Mapping[str, object], taken: str, fed: str, unit: str) -> float | None:
    return net(_known(given, taken, unit), _known(given, fed, unit))


def _register(given: Mapping[str, object], number: int) -> float | None:
    whole = _known(given, f"{number}.8.0", "Wh")
    if whole is not None:
        return whole
    return total(*(_known(given, f"{number}.8.{tariff}", "Wh") for tariff in (1, 2)))


def _known(given: Mapping[str, object], code: str, unit: str) -> float | None:
    value = _value(given, code, unit)
    return value.number if value is not None and value.known else None


def _value(given: Mapping[str, object], code: str, unit: str) -> _Value | None:
    value, said = _parted(given.get(code))
    if value is None or value == "":
        return None
    read = finite(value, code)
    if said is None or said == "":
        return _Value(read, unit in _OWN_UNIT)
    base, factor = _UNITS.get(str(said), ("", 0.0))
    if base != unit:
        raise Unreadable(
            f"{code} is in {said!s:.20}; send it in {unit}, or in thousands of that"
        )
    return _Value(read * factor, True)


def _parted(value: object) -> tuple[object, object]:
    """Part a value from its unit; none where it is given without one."""
    if isinstance(value, Mapping):
        return value.get("value"), value.get("unit")
    if isinstance(value, str):
        number, _, unit = value.partition("*")
        return number, unit or None
    return value, None

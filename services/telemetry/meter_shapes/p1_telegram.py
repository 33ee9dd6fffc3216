r"""
The text of a P1 port: DSMR 4 and 5 (Netherlands), eMUCS (Belgium), and what Sweden has made of it.

    /XMX5LGBBFG10\r\n\r\n0-0:1.0.0(261127160500W)\r\n … 1-0:31.7.0(031*A)\r\n … !E47C\r\n

From `/` to the checksum. Currents have no sign there; a line whose power is exported feeds the grid. Dutch
meters give whole amperes, so enter them with `--error-a 1`. Line ends may have been turned into bare
line feeds on the way: the checksum is made over those that the port gave.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from dsmr_parser import obis_references as obis
from dsmr_parser.exceptions import InvalidChecksumError, ParseError
from dsmr_parser.parsers import CosemParser, TelegramParser, ValueParser

from services.telemetry.meter_shapes.shown import LineShown, Shown, Unreadable
from services.telemetry.meter_shapes.values import finite, moment, net, total

NAME: Final = "p1_telegram"
TIME: Final = "TIME"
_KILO: Final = 1000.0
_TEXT, _NUMBER = CosemParser(ValueParser(str)), CosemParser(ValueParser(Decimal))

_NUMBERS: Final[Mapping[str, str]] = {
    "1.8.0": obis.ELECTRICITY_IMPORTED_TOTAL,
    "1.8.1": obis.ELECTRICITY_USED_TARIFF_1,
    "1.8.2": obis.ELECTRICITY_USED_TARIFF_2,
    "2.8.0": obis.ELECTRICITY_EXPORTED_TOTAL,
    "2.8.1": obis.ELECTRICITY_DELIVERED_TARIFF_1,
    "2.8.2": obis.ELECTRICITY_DELIVERED_TARIFF_2,
    "31.7.0": obis.INSTANTANEOUS_CURRENT_L1,
    "51.7.0": obis.INSTANTANEOUS_CURRENT_L2,
    "71.7.0": obis.INSTANTANEOUS_CURRENT_L3,
    "21.7.0": obis.INSTANTANEOUS_ACTIVE_POWER_L1_POSITIVE,
    "41.7.0": obis.INSTANTANEOUS_ACTIVE_POWER_L2_POSITIVE,
    "61.7.0": obis.INSTANTANEOUS_ACTIVE_POWER_L3_POSITIVE,
    "22.7.0": obis.INSTANTANEOUS_ACTIVE_POWER_L1_NEGATIVE,
    "42.7.0": obis.INSTANTANEOUS_ACTIVE_POWER_L2_NEGATIVE,
    "62.7.0": obis.INSTANTANEOUS_ACTIVE_POWER_L3_NEGATIVE,
    "32.7.0": obis.INSTANTANEOUS_VOLTAGE_L1,
    "52.7.0": obis.INSTANTANEOUS_VOLTAGE_L2,
    "72.7.0": obis.INSTANTANEOUS_VOLTAGE_L3,
    "1.7.0": obis.CURRENT_ELECTRICITY_USAGE,
    "2.7.0": obis.CURRENT_ELECTRICITY_DELIVERY,
}
_LINES: Final = (
    ("31.7.0", "21.7.0", "22.7.0", "32.7.0"),
    ("51.7.0", "41.7.0", "42.7.0", "52.7.0"),
    ("71.7.0", "61.7.0", "62.7.0", "72.7.0"),
)
"""Current, power taken, power fed and voltage of each line."""

_PARSER: Final = TelegramParser(
    {
        "checksum_support": True,
        "objects": [
            {"obis_reference": it, "value_parser": _NUMBER, "value_name": name}
            for name, it in _NUMBERS.items()
        ]
        + [
            {
                "obis_reference": obis.P1_MESSAGE_TIMESTAMP,
                "value_parser": _TEXT,
                "value_name": TIME,
            }
        ],
    }
)


def recognises(content: object) -> bool:
    """Tell whether it is a telegram."""
    return isinstance(content, str) and content.lstrip().startswith("/")


def read(content: str) -> Shown:
    """
    Read a telegram.

    Raises:
        Unreadable: its checksum is missing or wrong, or a line cannot be read.
    """
    text = content.strip()
    if "\r" not in text:
        text = text.replace("\n", "\r\n")
    try:
        telegram = _PARSER.parse(f"{text}\r\n", throw_ex=True)
    except InvalidChecksumError as fault:
        raise Unreadable(
            "the telegram has another checksum than it says, so something was lost or changed on the "
            "way; send it from / to the four digits after ! as the port gives it",
            "ChecksumWrong",
        ) from fault
    except (ParseError, ValueError, ArithmeticError, LookupError) as fault:
        raise Unreadable(
            "the telegram cannot be read, or has no checksum; send it from / to the four digits after "
            "! as the port gives it"
        ) from fault
    given = {name: _number(telegram, name) for name in _NUMBERS}
    lines = tuple(_line(given, *names) for names in _LINES)
    at = getattr(telegram, TIME, None)
    return Shown(
        NAME,
        (lines[0], lines[1], lines[2]),
        power_w=net(given["1.7.0"], given["2.7.0"]),
        measured_at=moment(None if at is None else at.value, "0-0:1.0.0"),
        import_wh=_register(given, "1.8"),
        export_wh=_register(given, "2.8"),
    )


def _number(telegram: Any, name: str) -> float | None:  # noqa: ANN401  # the library has no types
    """Read a number in base units: W and Wh, whether a meter gives kW or W."""
    found = getattr(telegram, name, None)
    if found is None or found.value is None:
        return None
    value = finite(float(found.value), name)
    return value * _KILO if (found.unit or "").startswith("k") else value


def _line(
    given: Mapping[str, float | None], current: str, taken: str, fed: str, voltage: str
) -> LineShown:
    return LineShown(given[current], net(given[taken], given[fed]), given[voltage])


def _register(given: Mapping[str, float | None], name: str) -> float | None:
    whole = given[f"{name}.0"]
    return whole if whole is not None else total(given[f"{name}.1"], given[f"{name}.2"])

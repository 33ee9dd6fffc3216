"""Numbers, units and times, as payloads have them."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from services.telemetry.meter_shapes.shown import Unreadable

NUMBER_MAX: Final = 1e12
"""No register, power or time of a meter is higher, in any unit."""
MILLISECONDS: Final = 1e11
"""A Unix time above this is in milliseconds: in seconds it would be in the year 5138."""

_DSMR: Final = re.compile(r"(\d{12})([WS])")
_SUMMER, _WINTER = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))


def number(content: Mapping[str, object], name: str) -> float | None:
    """
    Read a number, or a text that is one; none where there is none, or null.

    Raises:
        Unreadable: it is something else, or not finite.

    >>> number({"a": "3.5"}, "a"), number({"a": None}, "a"), number({}, "a")
    (3.5, None, None)
    """
    value = content.get(name)
    if value is None or value == "":
        return None
    return finite(value, name)


def finite(value: object, name: str) -> float:
    """
    Read a value that has to be a number.

    Raises:
        Unreadable: it is none, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unreadable(f"{name} is {type(value).__name__}; send a number")
    try:
        read = float(value)
    except (ValueError, OverflowError) as fault:
        raise Unreadable(f"{name} is no number; send a number") from fault
    if not math.isfinite(read) or abs(read) > NUMBER_MAX:
        raise Unreadable(f"{name} is not a finite number that a meter shows")
    return read


def scaled(value: float | None, factor: float) -> float | None:
    """Bring a value into another unit."""
    return None if value is None else value * factor


def net(imported: float | None, exported: float | None) -> float | None:
    """
    Say what is taken from the grid, below 0 where more is fed into it; none where nothing is given.

    >>> net(0.0, 1.5), net(2.0, None), net(None, None)
    (-1.5, 2.0, None)
    """
    if imported is None and exported is None:
        return None
    return (imported or 0.0) - (exported or 0.0)


def total(*parts: float | None) -> float | None:
    """Add registers; none where one is missing, for a sum of some is no register."""
    given = [it for it in parts if it is not None]
    return sum(given) if len(given) == len(parts) else None


def moment(value: object, name: str) -> datetime | None:
    """
    Read a time: ISO 8601, a Unix time in seconds or milliseconds, or that of a P1 port.

    Returns:
        The time, without a zone where none is given; none where there is no time.

    Raises:
        Unreadable: it is no time.

    >>> moment("101209113020W", "t").isoformat(), moment("260701120000S", "t").isoformat()
    ('2010-12-09T11:30:20+01:00', '2026-07-01T12:00:00+02:00')
    >>> moment(1795795200, "t").isoformat(), moment("2026-11-27T16:00:00", "t").tzinfo
    ('2026-11-27T16:00:00+00:00', None)
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and (dsmr := _DSMR.fullmatch(value)):
            return _of_dsmr(*dsmr.groups())
        if isinstance(value, str) and not value.replace(".", "", 1).isdecimal():
            return datetime.fromisoformat(value)
        seconds = finite(value, name)
        return datetime.fromtimestamp(seconds / (1000 if seconds > MILLISECONDS else 1), UTC)
    except (ValueError, OverflowError, OSError) as fault:
        raise Unreadable(
            f"{name} is no time; send ISO 8601 with the offset from UTC, such as "
            "2026-11-27T16:05:00+01:00, or seconds since 1970"
        ) from fault


def _of_dsmr(digits: str, season: str) -> datetime:
    """Read the time of a P1 port: summer (S) and winter (W) in Central Europe, whatever the date."""
    zone = _SUMMER if season == "S" else _WINTER
    return datetime.strptime(digits, "%y%m%d%H%M%S").replace(tzinfo=zone)

"""
Words and figures: how the portal says amperes, energy, times and phases.

Pages and the live picture show the same texts, because both get them from here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from shared.history.why import tenths
from shared.phases import PHASES, GridType, Phase, PhaseSwitching
from shared.rights.table import Standing
from shared.speech import counted, marked
from shared.spelling import decimal, short_date

UNKNOWN: Final = "–"

GRIDS: Final = {
    GridType.TN_3_PHASE: marked("TN grid, three phases"),
    GridType.TN_1_PHASE: marked("TN grid, one phase"),
    GridType.IT_3_PHASE: marked("IT grid, three phases"),
    GridType.IT_1_PHASE: marked("IT grid, one phase"),
}

SWITCHING: Final = {
    PhaseSwitching.NONE: "",
    PhaseSwitching.FIRST_TERMINAL: marked("switches to one phase, on its first terminal"),
    PhaseSwitching.ANY_TERMINAL: marked("switches to one phase, on any terminal"),
}

STANDINGS: Final = {
    Standing.USER: marked("user"),
    Standing.CHARGER_OWNER: marked("owner of charger"),
    Standing.INSTALLATION_OWNER: marked("owner of installation"),
    Standing.SERVICE: marked("service"),
    Standing.SUPPORT: marked("support"),
}
"""What somebody has to be."""


def amperes(a: float | None) -> str:
    """
    Spell a current with one decimal; nothing is nothing.

    >>> amperes(11.96), amperes(0.04), amperes(None)
    ('12.0', '0', '–')
    """
    return UNKNOWN if a is None else tenths(a)


def kilowatt_hours(wh: float) -> str:
    """
    Spell an energy.

    >>> kilowatt_hours(8412), kilowatt_hours(214_300)
    ('8.4 kWh', '214 kWh')
    """
    return f"{decimal(wh / 1000, 1 if wh < 99_950 else 0)} kWh"


def duration(seconds: float) -> str:
    """
    Spell how long ago something was, in its largest unit.

    >>> duration(12.9), duration(150), duration(7300), duration(200_000)
    ('12 s', '2 min', '2 h', '2 days')
    """
    whole = int(seconds)
    if whole >= 2 * 86_400:
        return counted(whole // 86_400, "%(n)s day", "%(n)s days")
    for unit_s, unit in ((3600, "h"), (60, "min")):
        if whole >= 2 * unit_s:
            return f"{whole // unit_s} {unit}"
    return f"{whole} s"


def clock_time(moment: datetime, now: datetime, zone: ZoneInfo | None) -> str:
    """
    Spell a time of day, with the date when it was another day.

    Args:
        moment: what to spell.
        now: the present moment.
        zone: where the reader is; none stands for this machine's own time zone.
    """
    there, here = moment.astimezone(zone), now.astimezone(zone)
    same_day = there.date() == here.date()
    return f"{there:%H:%M}" if same_day else f"{short_date(there)} {there:%H:%M}"


def lines_text(lines: Sequence[Phase], grid: GridType) -> str:
    """
    Name the lines a car stands on.

    >>> lines_text((Phase.L2,), GridType.TN_3_PHASE)
    'L2'
    >>> lines_text((Phase.L1, Phase.L3), GridType.IT_3_PHASE)  # one car between two lines
    'L1–L3'
    >>> lines_text((Phase.L3, Phase.L1, Phase.L2), GridType.TN_3_PHASE)
    'L1 L2 L3'
    """
    names = [line for line in PHASES if line in lines]
    between = grid is GridType.IT_3_PHASE and len(names) == 2
    return ("–" if between else " ").join(names)

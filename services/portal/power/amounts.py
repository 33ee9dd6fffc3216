"""Currents and moments as people write them in forms, and as they are shown."""

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.phases import PHASES, GridType, PhaseCurrents
from shared.speech import _
from shared.spelling import plain


class Unclear(ValueError):
    """What was filled in means nothing; the text says what would."""


def currents_of(text: str) -> tuple[float, float, float]:
    """
    Read one current for every phase, or three of them.

    Raises:
        Unclear: it is neither.

    >>> currents_of("80"), currents_of("80 / 63,5 / 80 A")
    ((80.0, 80.0, 80.0), (80.0, 63.5, 80.0))
    """
    parts = re.sub(r"\s*[aA]$", "", text.strip()).replace(",", ".")
    try:
        values = [float(it) for it in re.split(r"[/;\s]+", parts)]
    except ValueError:
        values = []
    if len(values) not in {1, len(PHASES)}:
        raise Unclear(
            _("Enter one current for every phase, or three of them such as 80 / 80 / 63.")
        )
    first, second, third = values * (len(PHASES) // len(values))
    return first, second, third


def written(currents_a: Sequence[float] | None) -> str:
    """
    Write currents so that they can be read again.

    >>> written((80.0, 80.0, 80.0)), written((80.0, 63.5, 80.0)), written(None)
    ('80', '80 / 63.5 / 80', '')
    """
    if currents_a is None:
        return ""
    if len(set(currents_a)) == 1:
        return f"{currents_a[0]:g}"
    return " / ".join(f"{it:g}" for it in currents_a)


def told(currents_a: PhaseCurrents, grid: GridType) -> str:
    """
    Say currents on the lines that a grid has.

    >>> told((80.0, 80.0, 80.0), GridType.TN_3_PHASE), told((80.0, 0.0, 0.0), GridType.TN_1_PHASE)
    ('80 A', '80 A')
    >>> told((80.0, 63.5, 80.0), GridType.TN_3_PHASE)
    'L1 80 A, L2 63.5 A, L3 80 A'
    """
    lines = grid.lines
    values = [currents_a[PHASES.index(line)] for line in lines]
    if len(set(values)) == 1:
        return f"{plain(values[0])} A"
    return ", ".join(f"{line} {plain(a)} A" for line, a in zip(lines, values, strict=True))


def moment_of(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """
    Read a moment to come, by the clock of the place.

    Raises:
        Unclear: it is none, or has passed.
    """
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError as error:
        raise Unclear(_("Enter a date and a time such as 2026-12-01T18:00.")) from error
    if moment <= now:
        raise Unclear(_("This time has passed."))
    return moment

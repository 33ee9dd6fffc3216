"""What may be used of an installation's main breaker at present."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.portal.documents import Layout
from services.portal.wording import clock_time
from shared.phases import PHASES, PhaseCurrents
from shared.speech import _
from shared.spelling import plain


def available_a_of(layout: Layout, now: datetime) -> PhaseCurrents | None:
    """Name what all chargers together may draw at present; none: as much as the breakers allow."""
    until = layout.available_until
    return None if until is not None and until <= now else layout.available_a


def available_text(
    layout: Layout,
    available_a: PhaseCurrents | None,
    now: datetime,
    zone: ZoneInfo | None,
) -> str:
    """Say what all chargers together may draw, and until when; nothing when there is no limit."""
    if available_a is None:
        return ""
    lines = layout.grid_type.lines
    values = [available_a[PHASES.index(line)] for line in lines]
    if len(set(values)) == 1:
        currents = f"{plain(values[0])} A"
    else:
        each = (f"{line} {plain(a)} A" for line, a in zip(lines, values, strict=True))
        currents = ", ".join(each)
    until = layout.available_until
    if until is None:
        return _("available %(currents)s", currents=currents)
    time = clock_time(until, now, zone)
    return _("available %(currents)s until %(time)s", currents=currents, time=time)

"""A charging wish as people fill it in: ready by a time of the clock, with so many kilowatt-hours."""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.documents import Charger
from services.portal.wording import clock_time
from shared.speech import _
from shared.spelling import plain

KWH_MAX: Final = 1000.0
"""1 MWh is more than the largest lorry's battery holds; the command has the same bound."""


class WishUnclear(Exception):
    """What was filled in is no wish; `field` is where, and the text says what to write there."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def wish_of(clock: str, kwh: str, now: datetime, zone: ZoneInfo) -> dict[str, object]:
    """
    Make the fields of a `SetChargingWish`; nothing filled in means that there is no wish any more.

    Args:
        clock: hours and minutes, such as 07:00; the next time that the clock shows it is meant.
        kwh: energy of the whole session.
        now: the present moment.
        zone: where the charger is.

    Raises:
        WishUnclear: it is no time, or no energy; or one of them is missing.
    """
    if bool(clock) is not bool(kwh):
        missing = "kwh" if clock else "ready_by"
        raise WishUnclear(missing, _("Fill in both, or neither for no wish."))
    return {
        "departure_at": departure_of(clock, now, zone) if clock else None,
        "energy_wh": _energy_wh(kwh) if kwh else None,
    }


def wish_text(charger: Charger, now: datetime, zone: ZoneInfo) -> str:
    """Say what is wished at a charger; empty if nothing is, or its time has passed."""
    wish = charger.wish
    if wish is None or wish.departure_at <= now:
        return ""
    return _(
        "%(energy)s until %(time)s",
        energy=f"{plain(wish.energy_wh / 1000)} kWh",
        time=clock_time(wish.departure_at, now, zone),
    )


def departure_of(clock: str, now: datetime, zone: ZoneInfo) -> datetime:
    """
    Find the next moment at which the clock shows a time.

    >>> from datetime import UTC
    >>> evening = datetime(2026, 11, 27, 21, 0, tzinfo=UTC)
    >>> str(departure_of("07:00", evening, ZoneInfo("Europe/Oslo")))
    '2026-11-28 07:00:00+01:00'

    Raises:
        WishUnclear: it is no time.
    """
    try:
        wanted = time.fromisoformat(clock)
    except ValueError:
        raise WishUnclear("ready_by", _("Write a time such as 07:00.")) from None
    here = now.astimezone(zone)
    today = datetime.combine(here.date(), wanted.replace(tzinfo=None), zone)
    return today if today > here else today + timedelta(days=1)


def _energy_wh(kwh: str) -> int:
    try:
        value = float(kwh.replace(",", "."))
    except ValueError:
        raise WishUnclear("kwh", _("This is no number.")) from None
    if not 0 < value <= KWH_MAX:
        raise WishUnclear("kwh", _("Between 0.1 and %(most)s kWh.", most=f"{KWH_MAX:g}"))
    return max(1, round(value * 1000))

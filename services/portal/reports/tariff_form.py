"""A tariff as people fill it in: numbers as they write them, times of the week a line each; pure."""

import re
from typing import Any, Final

from services.portal.doing import Filled, Wrong
from shared.messages.installation_terms import WEEK, PriceWindow, Tariff, Weekday
from shared.speech import _

_LINE: Final = re.compile(
    r"(?:([A-Za-z, -]+?)\s+)?(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})\s*=\s*(\d+(?:[.,]\d+)?)"
)


def fields_of(filled: Filled) -> dict[str, Any] | Wrong:
    """
    Read a tariff from a form.

    Returns:
        The fields of `SetTariff`; or what is wrong with which field.
    """
    numbers = {
        it: filled.one(it).replace(",", ".").replace(" ", "")
        for it in ("price_per_kwh", "price_per_session", "vat_percent")
        if filled.one(it)
    }
    windows: list[dict[str, Any]] = []
    for line in filled.one("windows").splitlines():
        if line.strip():
            window = window_of(line)
            if window is None:
                text = _(
                    "“%(line)s” is no time of the week with a price; write MON-FRI 22:00-06:00 = 0.85",
                    line=line.strip(),
                )
                return Wrong(422, _("Some fields need another look."), {"windows": text})
            windows.append(window)
    return {
        **filled.some("valid_from"),
        "currency": filled.one("currency").upper(),
        **numbers,
        "windows": windows,
    }


def window_of(line: str) -> dict[str, Any] | None:
    """
    Read a time of the week with its price; none if it is none.

    >>> window_of("MON-FRI 22:00-6:00 = 0,85")["ends"], window_of("at night")
    ('06:00', None)
    """
    found = _LINE.fullmatch(line.strip())
    if found is None:
        return None
    days, begins, ends, price = found.groups()
    try:
        named = _days(days or "")
    except ValueError:
        return None
    return {
        "days": named,
        "begins": _clock(begins),
        "ends": _clock(ends),
        "price_per_kwh": price.replace(",", "."),
    }


def _days(text: str) -> tuple[Weekday, ...]:
    if not text.strip():
        return WEEK
    days: list[Weekday] = []
    for part in text.upper().replace(" ", "").split(","):
        first, _dash, last = part.partition("-")
        begin, end = WEEK.index(Weekday(first)), WEEK.index(Weekday(last or first))
        days += (WEEK[(begin + it) % len(WEEK)] for it in range((end - begin) % len(WEEK) + 1))
    return tuple(days)


def _clock(text: str) -> str:
    hours, minutes = text.split(":")
    return f"{int(hours) % 24:02}:{minutes}"


def windows_text(tariff: Tariff) -> str:
    """Spell a tariff's times of the week as they are filled in."""
    return "\n".join(_spelled(it) for it in tariff.windows)


def _spelled(window: PriceWindow) -> str:
    days = "" if len(window.days) == len(WEEK) else f"{','.join(window.days)} "
    return f"{days}{window.begins}-{window.ends} = {window.price_per_kwh.normalize():f}"

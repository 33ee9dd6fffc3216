"""
How figures and dates are spelled in the language that is spoken: “11,4” and “7. november” in Norwegian.

Clock times have 24 hours in every language.
"""

from datetime import date, datetime
from functools import cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton

from shared.speech import spoken

_LOCALES: Final = {"en": "en_GB"}
"""English is spoken as in Europe: the day before the month."""


def decimal(value: float, places: int) -> str:
    """
    Spell a figure with so many places behind the point.

    >>> decimal(11.96, 1), decimal(1234.5, 0)
    ('12.0', '1234')
    """
    return f"{value:.{places}f}".replace(".", _point(spoken()))


def plain(value: float) -> str:
    """
    Spell a figure with no more places than it needs.

    >>> plain(63.0), plain(12.5)
    ('63', '12.5')
    """
    return f"{value:g}".replace(".", _point(spoken()))


def weekday_and_date(day: date) -> str:
    """
    Spell a day in full.

    >>> weekday_and_date(date(2026, 11, 7))
    'Saturday, 7 November 2026'
    """
    return format_date(day, "full", _locale(spoken()))


def long_date(day: date) -> str:
    """
    Spell a day with its month and year.

    >>> long_date(date(2026, 11, 7))
    '7 November 2026'
    """
    return format_date(day, "long", _locale(spoken()))


def short_date(day: date) -> str:
    """
    Spell a day of a year that goes without saying.

    >>> short_date(date(2026, 11, 7))
    '7 Nov'
    """
    at_midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # a day has no zone
    return format_skeleton("MMMd", at_midnight, locale=_locale(spoken()))


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES.get(language, language))


@cache
def _point(language: str) -> str:
    return str(_locale(language).number_symbols["latn"]["decimal"])

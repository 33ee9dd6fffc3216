"""Countries by their names, and the time zones that their clocks show (CLDR, ISO 3166-1)."""

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global

from shared.speech import SOURCE

OF_CAPITALS: Final = {
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "PT": "Europe/Lisbon",
    "UA": "Europe/Kyiv",
    "CY": "Asia/Nicosia",
    "GL": "America/Nuuk",
}
"""Of countries whose other zones are far from where most people live; everywhere else with more than one,
somebody has to choose."""


@cache
def zones_of(country: str) -> tuple[str, ...]:
    """
    Name the time zones of a country.

    >>> zones_of("NO"), zones_of("PT")
    (('Europe/Oslo',), ('Atlantic/Azores', 'Atlantic/Madeira', 'Europe/Lisbon'))
    """
    there = get_global("zone_territories").items()
    known = available_timezones()
    return tuple(sorted(zone for zone, it in there if it == country and zone in known))


def zone_of(country: str) -> str | None:
    """
    Name the time zone that a country's clocks show; none where there are several.

    >>> zone_of("SE"), zone_of("DE"), zone_of("US")
    ('Europe/Stockholm', 'Europe/Berlin', None)
    """
    zones = zones_of(country)
    return zones[0] if len(zones) == 1 else OF_CAPITALS.get(country)


@cache
def all_zones() -> tuple[str, ...]:
    """Name every time zone that clocks of some country show."""
    return tuple(sorted({"Etc/UTC", *(it for code in _codes() for it in zones_of(code))}))


@cache
def _codes() -> frozenset[str]:
    return frozenset(get_global("zone_territories").values()) - {"001"}


@cache
def countries(language: str) -> Sequence[tuple[str, str]]:
    """Name all countries: code and name in a language, by name."""
    names = Locale.parse(language).territories
    english = Locale.parse(SOURCE).territories
    told = [(it, names.get(it) or english.get(it, it)) for it in _codes()]
    return tuple(sorted(told, key=lambda it: _plain(it[1])))


def _plain(name: str) -> str:
    """
    Leave marks out of letters, so that Åland stands with A.

    >>> _plain("Åland")
    'aland'
    """
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(it for it in parts if not unicodedata.combining(it))

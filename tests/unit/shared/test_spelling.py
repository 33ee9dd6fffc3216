"""Figures and days as people of each language write them."""

from datetime import date

import pytest

from shared.speech import speaking
from shared.spelling import decimal, long_date, plain, short_date, weekday_and_date

DAY = date(2026, 11, 7)


@pytest.mark.parametrize(
    ("language", "current", "in_full", "short"),
    [
        ("en", "11.5", "Saturday, 7 November 2026", "7 Nov"),
        ("nb", "11,5", "lørdag 7. november 2026", "7. nov."),
        ("sv", "11,5", "lördag 7 november 2026", "7 nov."),
        ("da", "11,5", "lørdag den 7. november 2026", "7. nov."),
        ("de", "11,5", "Samstag, 7. November 2026", "7. Nov."),
    ],
)
def test_figures_and_days(language: str, current: str, in_full: str, short: str) -> None:
    with speaking(language):
        assert (decimal(11.46, 1), plain(11.5)) == (current, current)
        assert (weekday_and_date(DAY), short_date(DAY)) == (in_full, short)


def test_a_month_is_written_out_in_a_long_date() -> None:
    with speaking("nb"):
        assert long_date(DAY) == "7. november 2026"

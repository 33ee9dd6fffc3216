"""How energy, money and months are spelled, in the language that is spoken."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from services.portal.billing.lines import WH_PER_KWH
from services.portal.billing.months import CalendarMonth
from shared.messages.installation_terms import Tariff
from shared.speech import _, counted, spoken


def kwh(energy_wh: int) -> str:
    """
    Spell an energy to the watt-hour.

    >>> kwh(1_234_567), kwh(90)
    ('1,234.567', '0.090')
    """
    return format_decimal(Decimal(energy_wh) / WH_PER_KWH, "#,##0.000", locale=spoken())


def money(amount: Decimal, currency: str) -> str:
    """
    Spell an amount; nothing, where there is no currency.

    >>> money(Decimal("15.4"), "EUR"), money(Decimal(0), "")
    ('€15.40', '')
    """
    return format_currency(amount, currency, locale=spoken()) if currency else ""


def price(amount: Decimal, currency: str) -> str:
    """
    Spell a price: with as many figures as it has, two at least.

    >>> price(Decimal("0.8525"), "EUR")
    '0.8525 EUR'
    """
    return f"{format_decimal(amount, '#,##0.00##', locale=spoken())} {currency}"


def month_named(month: CalendarMonth) -> str:
    """
    Spell a month.

    >>> month_named(CalendarMonth(2026, 11))
    'November 2026'
    """
    return format_date(month.first_day, "LLLL y", locale=spoken())


def day_named(day: date) -> str:
    """
    Spell a day.

    >>> day_named(date(2026, 11, 27))
    '27 Nov 2026'
    """
    return format_date(day, "d MMM y", locale=spoken())


def percent(value: Decimal) -> str:
    """
    Spell a number of per cent.

    >>> percent(Decimal("25.00"))
    '25'
    """
    return format_decimal(value, "#,##0.##", locale=spoken())


def tariff_told(tariff: Tariff) -> str:
    """Say what charging costs by a tariff."""
    parts = [
        _("%(price)s per kWh", price=price(tariff.price_per_kwh, tariff.currency)),
        *(
            _window(tariff, it.days, it.begins, it.ends, it.price_per_kwh)
            for it in tariff.windows
        ),
    ]
    if tariff.price_per_session:
        parts.append(
            _("%(price)s per session", price=price(tariff.price_per_session, tariff.currency))
        )
    vat = _("and %(percent)s %% VAT on top", percent=percent(tariff.vat_percent))
    return f"{'; '.join(parts)}; {vat}"


def _window(
    tariff: Tariff, days: Iterable[str], begins: str, ends: str, amount: Decimal
) -> str:
    return _(
        "%(price)s on %(days)s from %(begins)s to %(ends)s",
        price=price(amount, tariff.currency),
        days=days_named(days),
        begins=begins,
        ends=ends,
    )


def days_named(days: Iterable[str]) -> str:
    """
    Spell days of the week.

    >>> days_named(["MON", "SUN"]), days_named(WEEK_TAGS)
    ('Mon, Sun', 'all days')
    """
    told = list(days)
    if len(told) == len(WEEK_TAGS):
        return _("all days")
    # 2024 began on a Monday.
    dates = (date(2024, 1, 1 + WEEK_TAGS.index(it)) for it in told)
    return ", ".join(format_date(it, "EEE", locale=spoken()) for it in dates)


WEEK_TAGS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def sessions_counted(count: int) -> str:
    """
    Spell a number of sessions.

    >>> sessions_counted(1), sessions_counted(1200)
    ('1 session', '1200 sessions')
    """
    return counted(count, "%(n)s session", "%(n)s sessions")

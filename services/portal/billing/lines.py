"""
One session as a line of a bill.

The tariff that is valid when a session begins holds for all of it; its prices by the time at which energy
was drawn. Each line is rounded once, to what its currency has coins of, halves up; so is its VAT. Sums of
lines are sums of rounded amounts, so that they always add up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import pairwise
from math import ceil
from typing import Final

from babel.numbers import get_currency_precision

from services.portal.billing.curves import Curve
from services.portal.billing.prices import SLOT_S, Prices
from services.portal.charging import ChargingSession, Measured
from shared.messages.installation_terms import Tariff

WH_PER_KWH: Final = 1000
NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs, rounded to what the currency has coins of."""

    currency: str
    net: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat


@dataclass(frozen=True, slots=True)
class Line:
    """A session, and what it costs."""

    session: ChargingSession
    cost: Cost | None
    """None: there was no tariff when it began, or it goes on."""
    by_price_wh: Mapping[Decimal, int]
    """Its energy, by the price of a kilowatt-hour; together, all of it."""
    estimated: bool
    """How much of it was drawn at which price is an estimate: nobody looked at the register in between."""

    @property
    def energy_wh(self) -> int:
        return self.session.energy_wh or 0


def line_of(measured: Measured, prices: Prices) -> Line:
    """
    Make a line of a session.

    Args:
        measured: a session, with what its register showed meanwhile; one that goes on has no cost yet.
        prices: of the installation.
    """
    session = measured.session
    tariff = prices.tariff_at(session.started_at)
    if tariff is None or session.ended_at is None:
        return Line(session, None, {}, estimated=False)
    by_price_wh, estimated = _shared_out(measured, tariff, prices)
    return Line(session, _cost(tariff, by_price_wh), by_price_wh, estimated=estimated)


def _shared_out(
    measured: Measured, tariff: Tariff, prices: Prices
) -> tuple[dict[Decimal, int], bool]:
    """Share a session's energy out over prices: cut it wherever the price changes."""
    energy_wh = measured.session.energy_wh or 0
    if not tariff.windows:
        return {tariff.price_per_kwh: energy_wh}, False
    cuts = list(_changes(measured.session, tariff, prices))
    if len(cuts) == 1:
        return {cuts[0][1]: energy_wh}, False
    curve, estimated = Curve(measured), False
    by_price_wh: dict[Decimal, int] = {}
    told_wh = 0
    for (_, price), (cut_s, _) in pairwise([*cuts, (curve.end_s, NOTHING)]):
        reached_wh = curve.at(cut_s)
        by_price_wh[price] = by_price_wh.get(price, 0) + reached_wh - told_wh
        estimated = estimated or curve.estimated_at(cut_s)
        told_wh = reached_wh
    return by_price_wh, estimated


def _changes(
    session: ChargingSession, tariff: Tariff, prices: Prices
) -> Iterator[tuple[float, Decimal]]:
    """Name from when on which price holds during a session (seconds since 1970)."""
    assert session.ended_at is not None  # noqa: S101  # only what is over has a cost
    begin_s, end_s = session.started_at.timestamp(), session.ended_at.timestamp()
    price = prices.price_at(tariff, begin_s)
    yield begin_s, price
    first = int(begin_s) // SLOT_S + 1
    for slot in range(first, ceil(end_s / SLOT_S)):
        cut_s = slot * SLOT_S
        if (next_price := prices.price_at(tariff, cut_s)) != price:
            price = next_price
            yield cut_s, price


def _cost(tariff: Tariff, by_price_wh: Mapping[Decimal, int]) -> Cost:
    exact = sum((price * wh / WH_PER_KWH for price, wh in by_price_wh.items()), NOTHING)
    if any(by_price_wh.values()):
        exact += tariff.price_per_session
    net = rounded(exact, tariff.currency)
    return Cost(tariff.currency, net, rounded(net * tariff.vat_percent / 100, tariff.currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """
    Round an amount to what its currency has coins of, halves up.

    >>> rounded(Decimal("8.885"), "NOK"), rounded(Decimal("8.5"), "JPY")
    (Decimal('8.89'), Decimal('9'))
    """
    return amount.quantize(_coin(currency), ROUND_HALF_UP)


@cache
def _coin(currency: str) -> Decimal:
    return Decimal(1).scaleb(-get_currency_precision(currency))

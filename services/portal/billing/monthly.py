"""What a month's report says: who charged how much and owes what, in somebody's language; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.portal.billing.columns import Names
from services.portal.billing.months import CalendarMonth
from services.portal.billing.prices import Prices
from services.portal.billing.totals import NO_CURRENCY, Sum, Totals
from services.portal.billing.wording import (
    day_named,
    kwh,
    money,
    month_named,
    sessions_counted,
    tariff_told,
)
from services.portal.documents import Layout
from shared.speech import _, counted


@dataclass(frozen=True, slots=True)
class Share:
    """What somebody, or a charger, had of the whole, in one currency."""

    id: str
    """Empty for those that nobody knows."""
    name: str
    currency: str
    sessions: int
    energy_wh: int
    net: Decimal
    vat: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Monthly:
    """A report on a month."""

    month: CalendarMonth
    title: str
    place: str
    address: str
    people: Sequence[Share]
    chargers: Sequence[Share]
    totals: Sequence[Share]
    """One for each currency; one at least."""
    days: Sequence[tuple[date, int]]
    """Every day of the month, with the watt-hours of the sessions that ended on it."""
    before_wh: int
    """What went through meters in no session."""
    before_by_charger: Sequence[tuple[str, str, int]]
    """By charger: its id, its name, watt-hours."""
    tariffs: Sequence[str]
    notes: Sequence[str]

    @property
    def priced(self) -> bool:
        """Tell whether anything has a price."""
        return any(it.currency for it in self.totals)

    @property
    def lines(self) -> tuple[str, ...]:
        """Say the gist of it in sentences."""
        told = [
            _(
                "%(sessions)s, %(kwh)s kWh in %(month)s at %(place)s.",
                sessions=sessions_counted(sum(it.sessions for it in self.totals)),
                kwh=kwh(sum(it.energy_wh for it in self.totals)),
                month=month_named(self.month),
                place=self.place,
            )
        ]
        told += (
            _(
                "%(net)s without VAT, %(gross)s with it.",
                net=money(it.net, it.currency),
                gross=money(it.gross, it.currency),
            )
            for it in self.totals
            if it.currency
        )
        return (*told, *self.notes)


def monthly_of(layout: Layout, month: CalendarMonth, totals: Totals, names: Names) -> Monthly:
    """Put a report together."""
    prices = Prices(layout.tariffs, totals.zone)
    valid = {
        it.valid_from: it for day in month.days if (it := prices.tariff_on(day)) is not None
    }
    nobody = _("Nobody that is known")
    return Monthly(
        month=month,
        title=_("Charging in %(month)s", month=month_named(month)),
        place=layout.name,
        address=layout.address,
        people=_shares(
            (who or "", nobody if who is None else names.person(who), currency, it)
            for (who, currency), it in totals.by_person.items()
        ),
        chargers=_shares(
            (at, names.charger(at), currency, it)
            for (at, currency), it in totals.by_charger.items()
        ),
        totals=_shares(("", _("Total"), it, sums) for it, sums in totals.by_currency.items())
        or [_share("", _("Total"), NO_CURRENCY, Sum())],
        days=[(it, totals.by_day_wh.get(it, 0)) for it in month.days],
        before_wh=totals.before_wh,
        before_by_charger=sorted(
            ((at, names.charger(at), wh) for at, wh in totals.before_by_charger_wh.items()),
            key=lambda it: (it[1].casefold(), it[0]),
        ),
        tariffs=[
            _("From %(day)s: %(prices)s.", day=day_named(it.valid_from), prices=tariff_told(it))
            for it in valid.values()
        ],
        notes=_notes(totals, names),
    )


def _shares(found: Iterable[tuple[str, str, str, Sum]]) -> list[Share]:
    shares = [_share(*it) for it in found]
    return sorted(shares, key=lambda it: (not it.id, it.name.casefold(), it.id, it.currency))


def _share(id_: str, name: str, currency: str, it: Sum) -> Share:
    amounts = (it.net, it.vat, it.gross)
    return Share(id_, name, currency, it.sessions, it.energy_wh, *amounts)


def _notes(totals: Totals, names: Names) -> list[str]:
    """Say what is not as plain as a sum."""
    notes = []
    if totals.before_wh:
        notes.append(
            _(
                "%(kwh)s kWh went through meters between sessions: they are in no session, and in "
                "nobody's sum.",
                kwh=kwh(totals.before_wh),
            )
        )
    notes += (
        _(
            "The register of %(charger)s went down by %(kwh)s kWh, as told on %(day)s: what was "
            "charged meanwhile is not known, and counts as nothing.",
            charger=names.charger(it.charger_id),
            kwh=kwh(it.fell_wh),
            day=day_named(it.day),
        )
        for it in totals.losses
    )
    further = totals.lost - len(totals.losses)
    if further:
        notes.append(
            counted(
                further,
                "Once more a register went down.",
                "%(n)s more times a register went down.",
            )
        )
    if totals.estimated:
        notes.append(
            counted(
                totals.estimated,
                "In one session, how much was charged at which price is estimated: nobody could "
                "read the meter in between.",
                "In %(n)s sessions, how much was charged at which price is estimated: nobody could "
                "read the meter in between.",
            )
        )
    return notes


def how_counted() -> str:
    """Say how sessions are counted and amounts rounded."""
    return _(
        "A session counts on the day on which it ended, at the tariff that was valid when it began. "
        "Its energy is the difference of its charger's register. Amounts are rounded session by "
        "session, halves up; sums are sums of rounded amounts."
    )

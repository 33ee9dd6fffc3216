"""Sessions as the page lists them; pure."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.portal.billing.columns import Names
from services.portal.billing.lines import Line
from services.portal.billing.wording import kwh, money, price
from services.portal.when import When, when
from shared.speech import _


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session, in words."""

    session_id: str
    began: When
    ended: When | None
    """None: it goes on."""
    charger: str
    who: str
    energy: str
    registers: str
    """Behind the energy: from where to where the register moved."""
    cost: str
    parts: tuple[str, ...]
    """Of the cost: how much at which price, if there are several."""
    notes: tuple[str, ...]


def row_of(line: Line, names: Names, zone: ZoneInfo) -> SessionRow:
    """Word one session."""
    it, cost = line.session, line.cost
    over = it.ended_at is not None
    by_price = line.by_price_wh if cost is not None and len(line.by_price_wh) > 1 else {}
    return SessionRow(
        session_id=it.session_id,
        began=when(it.started_at, zone),
        ended=None if it.ended_at is None else when(it.ended_at, zone),
        charger=names.charger(it.charger_id),
        who=names.person(it.person_id) or _("nobody that is known"),
        energy=kwh(line.energy_wh) if over else "",
        registers=(
            _(
                "register %(from)s to %(to)s kWh",
                **{"from": kwh(it.start_wh), "to": kwh(it.end_wh)},
            )
            if it.end_wh is not None
            else _("register from %(from)s kWh", **{"from": kwh(it.start_wh)})
        ),
        cost=money(cost.gross, cost.currency) if cost is not None and over else "",
        parts=tuple(
            _("%(kwh)s kWh at %(price)s", kwh=kwh(wh), price=price(per_kwh, cost.currency))
            for per_kwh, wh in by_price.items()
            if cost is not None and over
        ),
        notes=_notes(line),
    )


def _notes(line: Line) -> tuple[str, ...]:
    it, notes = line.session, []
    if it.before_wh:
        notes.append(_("%(kwh)s kWh before it are in no session", kwh=kwh(it.before_wh)))
    if it.fell_wh:
        notes.append(_("the register went down: what it took is not known"))
    elif it.before_fell_wh:
        notes.append(_("the register had gone down before it"))
    if line.estimated:
        notes.append(_("how much at which price is estimated"))
    return tuple(notes)

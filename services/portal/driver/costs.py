"""
What a driver's sessions cost, with VAT: as reports count it, without looks at the register in between.

Where prices change during a session its energy is taken to have flowed evenly: the bill is the report's.
"""

from datetime import datetime

from services.portal.billing.lines import line_of
from services.portal.billing.prices import Prices
from services.portal.billing.wording import money
from services.portal.charging import ChargingSession, Measured
from services.portal.documents import Layout
from services.portal.one_charger.picture import zone_of


def cost_of(session: ChargingSession, layout: Layout) -> str:
    """Say what a session has cost; nothing while it goes on, or where there was no tariff."""
    if session.ended_at is None:
        return ""
    line = line_of(Measured(session), Prices(layout.tariffs, zone_of(layout)))
    return "" if line.cost is None else money(line.cost.gross, line.cost.currency)


def cost_so_far(
    session: ChargingSession, energy_wh: int | None, layout: Layout, now: datetime
) -> str:
    """
    Say what a session that goes on has cost until now.

    Args:
        session: which.
        energy_wh: what has gone into the car; none: nobody knows, and nothing is said.
        layout: of its installation, with the tariffs.
        now: the present moment.
    """
    if energy_wh is None:
        return ""
    until_now = {"ended_at": max(now, session.started_at), "energy_wh": energy_wh}
    return cost_of(session.model_copy(update=until_now), layout)

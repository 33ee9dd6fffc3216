"""Sessions, readings and tariffs for the tests of bills."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from services.portal.charging import ChargingSession, Mark, Measured
from shared.messages.installation_terms import PriceWindow, Tariff

OSLO = ZoneInfo("Europe/Oslo")
BEGAN = datetime(2026, 11, 20, 20, 0, tzinfo=OSLO)


def session(
    began: datetime = BEGAN,
    ended: datetime | None = None,
    energy_wh: int = 10_000,
    **more: Any,
) -> ChargingSession:
    """A session that ended, at the harbour's first bay."""
    known: dict[str, Any] = {
        "session_id": "s-1",
        "installation_id": "harbour",
        "charger_id": "bay-1",
        "start_wh": 500_000,
        "end_wh": 500_000 + energy_wh,
    }
    return ChargingSession(
        started_at=began, ended_at=ended or began, energy_wh=energy_wh, **(known | more)
    )


def measured(of: ChargingSession, *marks: tuple[datetime, int]) -> Measured:
    """A session with looks at its register, told by what had gone into the car."""
    looks: Sequence[Mark] = [(at, of.start_wh + wh) for at, wh in marks]
    return Measured(of, looks)


def tariff(**changes: Any) -> Tariff:
    """1.20 by day, 0.80 by night from ten to six, five for the session, a quarter of VAT."""
    night = PriceWindow(begins="22:00", ends="06:00", price_per_kwh=Decimal("0.80"))
    given: dict[str, Any] = {
        "valid_from": date(2026, 11, 1),
        "currency": "NOK",
        "price_per_kwh": Decimal("1.20"),
        "windows": (night,),
        "price_per_session": Decimal(5),
        "vat_percent": Decimal(25),
    }
    return Tariff(**(given | changes))

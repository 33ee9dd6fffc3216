"""The example of docs/reports.md is counted as it says."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from services.portal.billing.lines import line_of
from services.portal.billing.prices import Prices
from services.portal.charging import ChargingSession, Measured
from tests.unit.portal.billing.facts import OSLO, tariff

PAGE = Path(__file__).parents[3] / "docs" / "reports.md"
DAY = datetime(2026, 11, 20, tzinfo=OSLO)


def wh(kwh: str) -> int:
    return int(Decimal(kwh) * 1000)


def test_the_example_is_what_the_code_counts() -> None:
    example = PAGE.read_text().partition("## An example")[2].partition("\n## ")[0]
    looks = [
        (DAY + timedelta(hours=int(hours), minutes=int(minutes)), wh(kwh))
        for hours, minutes, kwh in re.findall(r"\| (\d\d):(\d\d) \| ([\d.]+) \|", example)
    ]
    told = {
        name: (kwh, amount)
        for name, kwh, amount in re.findall(
            r"\| ([a-zV][\w ]+) \| ([\d.]*) ?\| ([\d.]*) ?\|", example
        )
    }
    (began, start_wh), *marks, (ended, end_wh) = looks
    session = ChargingSession(
        session_id="example",
        installation_id="harbour",
        charger_id="bay-1",
        started_at=began,
        start_wh=start_wh,
        ended_at=ended,
        end_wh=end_wh,
        energy_wh=end_wh - start_wh,
    )

    line = line_of(Measured(session, marks), Prices([tariff()], OSLO))

    assert line.cost is not None
    assert not line.estimated
    assert line.by_price_wh == {
        Decimal("1.20"): wh(told["by day"][0]),
        Decimal("0.80"): wh(told["at night"][0]),
    }
    assert line.energy_wh == wh(told["without VAT"][0])
    assert (str(line.cost.net), str(line.cost.vat), str(line.cost.gross)) == (
        told["without VAT"][1],
        told["VAT"][1],
        told["with VAT"][1],
    )

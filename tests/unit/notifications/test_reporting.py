"""Reports are owed from their day on, once for each month and recipient."""

from datetime import UTC, datetime
from typing import Any

from services.notifications.knowledge import Knowledge
from services.notifications.ledger import Ledger
from services.notifications.outbox import Outbox
from services.notifications.reporting import Reporting
from services.notifications.settings_state import Choices
from shared.messages.notifications import ReportOrdered
from shared.messages.reports import ReportFormat
from tests.unit.notifications.facts import GARAGE

ORDER = ReportOrdered(
    installation_id=GARAGE,
    order_id="monthly",
    day=3,
    formats=(ReportFormat.PDF,),
    recipients=("ada", "bo"),
)


def reporting() -> Reporting:
    ledger = Ledger(
        choices={GARAGE: Choices(orders={"monthly": ORDER})},
        ordered_at={"monthly": datetime(2026, 10, 1, tzinfo=UTC)},
    )
    nothing: Any = None
    return Reporting(Knowledge(), ledger, Outbox(nothing))


def test_each_recipient_is_owed_the_report_of_the_month_before_once() -> None:
    due = list(reporting().owed(datetime(2026, 11, 3, 9, tzinfo=UTC)))
    later = list(reporting().owed(datetime(2026, 11, 20, 9, tzinfo=UTC)))

    assert [(it.target, it.body) for it in due] == [("ada", "2026-10"), ("bo", "2026-10")]
    assert [it.cause for it in due] == [it.cause for it in later]


def test_before_its_day_nothing_is_owed() -> None:
    assert list(reporting().owed(datetime(2026, 11, 3, 7, tzinfo=UTC))) == []

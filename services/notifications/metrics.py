"""The figures of telling people and programs."""

from typing import Final

from prometheus_client import Counter

DELIVERIES: Final = Counter(
    "ampledger_notifications_deliveries_total",
    "Attempts to deliver, by way and by what became of them: delivered, to be tried again, given up.",
    ["way", "outcome"],
)

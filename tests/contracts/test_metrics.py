"""Figures keep to the conventions of Prometheus, and are as many however many chargers there are."""

import re

from tests.contracts.exported import declared

LABELS = {
    "action",
    "by",
    "certificate",
    "command",
    "consumer",
    "kind",
    "log",
    "method",
    "outcome",
    "python",
    "reason",
    "route",
    "state",
    "status",
    "verdict",
    "version",
    "way",
}
"""What figures may be told apart by: each has few values, and none names a charger, a person or a place."""
SHORT = re.compile(r"_(ms|s|min|h|a|kw|kwh|wh|pct|percent|milliseconds|total)(_|$)")
"""What no name holds: figures have base units in full, and `_total` is added to what is counted."""


def test_every_figure_says_whose_it_is_and_in_what_unit() -> None:
    for name, (kind, _) in declared().items():
        assert re.fullmatch(r"ampledger(_[a-z]+)+", name), name
        assert not SHORT.search(name), name
        assert kind != "histogram" or name.endswith("_seconds"), name


def test_no_label_grows_with_chargers_people_or_places() -> None:
    for name, (_, labels) in declared().items():
        assert set(labels) <= LABELS, name


def test_every_service_that_has_figures_of_its_own_is_looked_at() -> None:
    assert {"ampledger_gateway_sockets", "ampledger_portal_requests"} <= set(declared())
    assert {"ampledger_notifications_deliveries", "ampledger_balancer_partitions"} <= set(
        declared()
    )

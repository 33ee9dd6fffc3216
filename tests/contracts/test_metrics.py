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
UNITS = ("_seconds", "_ratio", "_bytes", "_amperes", "_info")
COUNTED = re.compile(r"(s|_up|_ready|_halted|_anew|_away|_lost|_limit|_ended|_open|_waiting)$")
"""How figures end that have no unit: they count something, or are a yes or no."""


def test_every_figure_says_whose_it_is_and_in_what_unit() -> None:
    for name, (kind, _) in declared().items():
        assert re.fullmatch(r"ampledger(_[a-z]+)+", name), name
        assert name.endswith(UNITS) or COUNTED.search(name), name
        assert kind != "histogram" or name.endswith("_seconds"), name


def test_no_label_grows_with_chargers_people_or_places() -> None:
    for name, (_, labels) in declared().items():
        assert set(labels) <= LABELS, name


def test_every_service_that_has_figures_of_its_own_is_looked_at() -> None:
    assert {"ampledger_gateway_sockets", "ampledger_portal_requests"} <= set(declared())
    assert {"ampledger_notifications_deliveries", "ampledger_balancer_partitions"} <= set(
        declared()
    )

"""Readings of a charger that never heard the number of its session belong to the one that runs."""

import pytest

from tests.unit.telemetry.facts import heard

VALUES = {
    "connectorId": 1,
    "meterValue": [
        {
            "timestamp": "2026-11-22T08:00:00Z",
            "sampledValue": [{"value": "10", "measurand": "Current.Import"}],
        }
    ],
}


@pytest.mark.parametrize(("number", "name"), [(-1, None), (0, None), (41, "41")])
def test_only_a_number_we_gave_names_a_session(number: int, name: str | None) -> None:
    assert heard("MeterValues", VALUES | {"transactionId": number}).transaction == name

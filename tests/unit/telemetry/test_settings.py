"""What the telemetry service refuses to be told."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.telemetry.settings import Settings

BASE: dict[str, Any] = {
    "nats_url": "nats://127.0.0.1:1",
    "database_url": "postgresql://127.0.0.1:1/x",
    "TELEMETRY_OCPP_PORT": 9000,
}
TLS = {"TELEMETRY_TLS_CERT": "server.pem", "TELEMETRY_TLS_KEY": "server.key"}
OPEN = {"TELEMETRY_OCPP_HOST": "0.0.0.0"}  # noqa: S104  # nobody listens there in this test


METERS = {"TELEMETRY_METER_HOST": "0.0.0.0", "TELEMETRY_METER_PORT": 9181}  # noqa: S104  # as above


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"TELEMETRY_TLS_CERT": "server.pem"}, "set both"),
        ({**TLS, "TELEMETRY_CA_KEY": "ca.key"}, "set both"),
        ({"TELEMETRY_CLIENT_CA": "ca.pem"}, "TELEMETRY_TLS_CERT"),
        ({**OPEN, "TELEMETRY_CHARGER_CREDENTIALS": "required"}, "in the open"),
        (METERS, "TELEMETRY_METER_TOKENS=required"),
        ({**METERS, "TELEMETRY_METER_TOKENS": "required"}, "in the open"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_what_to_set(
    told: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings(**BASE, **told)


@pytest.mark.parametrize(
    ("told", "safe"),
    [
        ({}, True),
        (OPEN, False),
        ({**OPEN, **TLS}, True),
        ({**OPEN, "TELEMETRY_PLAIN_PASSWORDS": "allowed"}, True),
        ({"TELEMETRY_OCPP_HOST": "::1"}, True),
        ({"TELEMETRY_OCPP_HOST": "chargers.example"}, False),
    ],
)
def test_passwords_are_taken_where_nobody_else_reads_them(
    told: dict[str, Any], *, safe: bool
) -> None:
    assert Settings(**BASE, **told).passwords_are_safe is safe


def test_meters_elsewhere_show_tokens_by_tls() -> None:
    told = {**METERS, **TLS, "TELEMETRY_METER_TOKENS": "required"}

    assert Settings(**BASE, **told).meter_tokens == "required"

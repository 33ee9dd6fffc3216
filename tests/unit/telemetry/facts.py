"""What the tests of the telemetry service speak of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.telemetry.authorising import Shown
from services.telemetry.charger import AssignedCharger
from shared.messages.telemetry import (
    ChargerConnected,
    FailSafeApplied,
    SessionStarted,
)
from shared.phases import GridType, Phase

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
GATEWAY = "gateway-1"
BAY_12 = {"installation_id": "garage", "charger_id": "bay-12"}

ASSIGNED = AssignedCharger(
    **BAY_12,
    serial="ZAP000012",
    wiring=(Phase.L2, Phase.L3, Phase.L1),
    grid_type=GridType.TN_3_PHASE,
    fail_safe_a=6.0,
)

fail_safe_applied = FailSafeApplied(**BAY_12, fail_safe_a=6.0)
connected = ChargerConnected(
    remote="10.0.0.1",
    **BAY_12,
    serial="ZAP000012",
    vendor="V",
    model="M",
    firmware="1",
    gateway_id=GATEWAY,
)
SHOWN = Shown("a" * 64, "ada")
session_started = SessionStarted(
    **BAY_12,
    session_id="s-1",
    transaction_id=41,
    started_at=AT,
    register_wh=1000,
    person_id="ada",
    card_mark="a" * 64,
)


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def start(**changes: Any) -> dict[str, Any]:
    payload = {
        "connectorId": 1,
        "idTag": "04A1B2C3",
        "meterStart": 1000,
        "timestamp": "2026-11-22T08:00:00Z",
    }
    return payload | changes


def stop(**changes: Any) -> dict[str, Any]:
    payload = {"transactionId": 41, "meterStop": 8000, "timestamp": "2026-11-22T09:00:00Z"}
    return payload | changes

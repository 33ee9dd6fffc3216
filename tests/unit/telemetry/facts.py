"""What the tests of the telemetry service speak of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.telemetry.authorising import Shown
from services.telemetry.charger import AssignedCharger
from services.telemetry.ocpp16 import OCPP_16
from services.telemetry.said import Began, Ended
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


def heard(action: str, payload: dict[str, Any]) -> Any:
    """Read what a charger says by OCPP 1.6."""
    said = OCPP_16.hear(action, payload)
    assert said is not None
    return said[0]


def start(**changes: Any) -> Began:
    payload = {
        "connectorId": 1,
        "idTag": "04A1B2C3",
        "meterStart": 1000,
        "timestamp": "2026-11-22T08:00:00Z",
    }
    began: Began = heard("StartTransaction", payload | changes)
    return began


def stop(**changes: Any) -> Ended:
    payload = {"transactionId": 41, "meterStop": 8000, "timestamp": "2026-11-22T09:00:00Z"}
    ended: Ended = heard("StopTransaction", payload | changes)
    return ended

"""What the measured chargers say, as a charger on three phases in the field does."""

from typing import Any, Final

from shared.clock import utc_now
from shared.phases import PHASES

Payload = dict[str, Any]

BOOT: Final[Payload] = {
    "chargePointVendor": "Bench",
    "chargePointModel": "Socket",
    "firmwareVersion": "1.0.0",
}
CARD: Final = "04A1B2C3D4E5F6"
VOLTS: Final = 230.0


def now_written() -> str:
    """Write this moment as chargers do."""
    return f"{utc_now():%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def meter_values(current_a: float, register_wh: int, transaction_id: int | None) -> Payload:
    """Make a reading of typical size: register, power, three currents, three voltages."""
    values = [
        _value("Energy.Active.Import.Register", "Wh", str(register_wh)),
        _value("Power.Active.Import", "W", f"{3 * VOLTS * current_a:.1f}"),
        *(_value("Current.Import", "A", f"{current_a:.2f}", str(it)) for it in PHASES),
        *(_value("Voltage", "V", f"{VOLTS:.1f}", f"{it}-N") for it in PHASES),
    ]
    payload: Payload = {
        "connectorId": 1,
        "meterValue": [{"timestamp": now_written(), "sampledValue": values}],
    }
    return payload if transaction_id is None else payload | {"transactionId": transaction_id}


def _value(measurand: str, unit: str, value: str, phase: str | None = None) -> Payload:
    return {
        "value": value,
        "context": "Sample.Periodic",
        "measurand": measurand,
        "unit": unit,
        "location": "Outlet",
        **({} if phase is None else {"phase": phase}),
    }


def status_notification() -> Payload:
    """Say that a charger is there and well."""
    return {
        "connectorId": 1,
        "errorCode": "NoError",
        "status": "Available",
        "timestamp": now_written(),
    }


def start_transaction(register_wh: int) -> Payload:
    """Begin a session."""
    return {
        "connectorId": 1,
        "idTag": CARD,
        "meterStart": register_wh,
        "timestamp": now_written(),
    }

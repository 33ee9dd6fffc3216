"""
The words of OCPP 2.0.1 and 2.1, and the ones that are used here for the same.

Inside, states, reasons and errors have the words of OCPP 1.6, which says with one word what 2.x says in two
places: whether something stands at the connector, and how a transaction goes.
"""

from collections.abc import Mapping
from typing import Final

NO_ERROR: Final = "NoError"
OTHER_ERROR: Final = "OtherError"

AVAILABLE: Final = "Available"
CHARGING: Final = "Charging"
FAULTED: Final = "Faulted"
FINISHING: Final = "Finishing"
OCCUPIED: Final = "Occupied"
PREPARING: Final = "Preparing"

GOES_ON: Final = frozenset({CHARGING, "SuspendedEV", "SuspendedEVSE"})
"""States of a transaction whose driver was let in (2.x ChargingStateEnumType), the same as in 1.6."""
CONNECTED: Final = frozenset({"EVConnected", "Idle"})
"""States before that, and after."""

LET_OUT: Final = frozenset({"StopAuthorized", "Deauthorized", "RemoteStop"})
"""What makes a transaction go on without current (2.x TriggerReasonEnumType) until its car leaves."""

_REASONS: Final[Mapping[str, str]] = {
    "DeAuthorized": "DeAuthorized",
    "EmergencyStop": "EmergencyStop",
    "EVDisconnected": "EVDisconnected",
    "ImmediateReset": "HardReset",
    "Local": "Local",
    "LocalOutOfCredit": "Local",
    "MasterPass": "Local",
    "PowerLoss": "PowerLoss",
    "Reboot": "Reboot",
    "Remote": "Remote",
}
"""2.x ReasonEnumType; OCPP 1.6 has no word for the others."""

_PROBLEMS: Final[Mapping[str, str]] = {
    "ConnectorPlugRetentionLock": "ConnectorLockFailure",
    "EVRetentionLock": "ConnectorLockFailure",
    "ConnectedEV": "EVCommunicationError",
    "CPPWMController": "EVCommunicationError",
    "GroundIsolationProtection": "GroundFailure",
    "RCD": "GroundFailure",
    "TemperatureSensor": "HighTemperature",
    "ExternalTemperatureSensor": "HighTemperature",
    "Controller": "InternalError",
    "OverCurrentProtection": "OverCurrentFailure",
    "ControlMetering": "PowerMeterFailure",
    "FiscalMetering": "PowerMeterFailure",
    "AcPhaseSelector": "PowerSwitchFailure",
    "PowerContactor": "PowerSwitchFailure",
    "TokenReader": "ReaderFailure",
    "DataLink": "WeakSignal",
}
"""Components of 2.x that can have a problem, and OCPP 1.6 ChargePointErrorCode."""


def reason_of(stopped: str | None, trigger: str) -> str:
    """
    Name why a transaction ended.

    Args:
        stopped: its stoppedReason; none: Local (2.0.1, part 2, section 2.55).
        trigger: why the charger tells of it.

    >>> reason_of("ImmediateReset", "ResetCommand"), reason_of(None, "StopAuthorized")
    ('HardReset', 'Local')
    >>> reason_of("StoppedByEV", "ChargingStateChanged"), reason_of("Local", "UnlockCommand")
    ('Other', 'UnlockCommand')
    """
    if trigger == "UnlockCommand":
        return "UnlockCommand"
    return "Local" if stopped is None else _REASONS.get(stopped, "Other")


def problem_of(component: str) -> str:
    """
    Name the problem of a component.

    >>> problem_of("RCD"), problem_of("Display")
    ('GroundFailure', 'OtherError')
    """
    return _PROBLEMS.get(component, OTHER_ERROR)


def connector_status(said: str, known: str | None, *, session: bool) -> str | None:
    """
    Name how a connector is (2.x ConnectorStatusEnumType), in one word of OCPP 1.6.

    Args:
        said: what the charger says of it.
        known: what is known of it.
        session: one runs; then its transaction tells more than that something is plugged in.

    Returns:
        None if that is no news.

    >>> connector_status("Occupied", "Available", session=False)
    'Preparing'
    >>> connector_status("Occupied", "Charging", session=False)
    'Finishing'
    >>> connector_status("Occupied", "SuspendedEV", session=True)
    """
    if said != OCCUPIED:
        return said
    if session:
        return None if known in GOES_ON | {PREPARING, FINISHING} else PREPARING
    return FINISHING if known in GOES_ON | {FINISHING} else PREPARING


def charging_status(state: str, trigger: str, *, session: bool) -> str:
    """
    Name how a transaction goes, in one word of OCPP 1.6.

    Args:
        state: 2.x ChargingStateEnumType.
        trigger: why the charger tells of it.
        session: its driver was let in before.

    >>> charging_status("SuspendedEVSE", "ChargingStateChanged", session=True)
    'SuspendedEVSE'
    >>> charging_status("EVConnected", "CablePluggedIn", session=False)
    'Preparing'
    >>> charging_status("EVConnected", "StopAuthorized", session=True)
    'Finishing'
    """
    if trigger in LET_OUT and session:
        return FINISHING
    if state in GOES_ON:
        return state
    return PREPARING

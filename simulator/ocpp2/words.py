"""What OCPP 2.x calls otherwise than 1.6."""

from collections.abc import Mapping
from typing import Final

from simulator.payloads import Payload

CONNECTOR_STATUS: Final[Mapping[str, str]] = {
    "Preparing": "Occupied",
    "Charging": "Occupied",
    "SuspendedEV": "Occupied",
    "SuspendedEVSE": "Occupied",
    "Finishing": "Occupied",
}
"""ConnectorStatusEnumType; the other words are the same."""

CHARGING_STATES: Final = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE"})

STOPPED: Final[Mapping[str, tuple[str, str]]] = {
    "DeAuthorized": ("DeAuthorized", "Deauthorized"),
    "EVDisconnected": ("EVDisconnected", "EVCommunicationLost"),
    "HardReset": ("ImmediateReset", "ResetCommand"),
    "Local": ("Local", "StopAuthorized"),
    "PowerLoss": ("PowerLoss", "AbnormalCondition"),
    "Remote": ("Remote", "RemoteStop"),
    "SoftReset": ("Reboot", "ResetCommand"),
    "UnlockCommand": ("Other", "UnlockCommand"),
}
"""ReasonEnumType and TriggerReasonEnumType, by the reason that 1.6 has."""

CODES: Final[Mapping[str, str]] = {
    "FormationViolation": "FormatViolation",
    "OccurenceConstraintViolation": "OccurrenceConstraintViolation",
}
"""Error codes that are spelled otherwise."""

CARD: Final = "ISO14443"
EVSE: Final = {"id": 1, "connectorId": 1}


def token(id_tag: str) -> Payload:
    """Write what a driver shows."""
    return {"idToken": id_tag, "type": CARD}


def tag_info(info: Payload | None) -> Payload:
    """Read what a server says of a driver; one that says nothing has nothing against them."""
    status = "Accepted" if info is None else info.get("status", "Invalid")
    return {"status": status}

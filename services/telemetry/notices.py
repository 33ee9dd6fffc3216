"""What a charger says of its hardware means: events."""

import hashlib
from typing import Final

from services.telemetry.charger import AssignedCharger
from services.telemetry.said import DataSent, DiagnosticsSaid, SecuritySaid
from shared.ids import ChargerId
from shared.messages.upkeep import (
    DataReceived,
    DiagnosticsStatusReported,
    SecurityEventReported,
)

UNKNOWN_VENDOR: Final = "UnknownVendorId"
"""No vendor's own words are understood here (OCPP 1.6 DataTransferStatus)."""

ALARMING: Final = frozenset(
    {
        "AttemptedReplayAttacks",
        "InvalidCentralSystemCertificate",
        "InvalidCsmsCertificate",
        "InvalidFirmwareSigningCertificate",
        "InvalidFirmwareSignature",
        "MaintenanceLoginFailed",
        "MemoryExhaustion",
        "SecurityLogWasCleared",
        "TamperDetectionActivated",
    }
)
"""What somebody has to look at, of the security events of OCPP 1.6 (security whitepaper, appendix) and 2.x.

The standard calls others critical as well, such as a start or a clock that was set: that only says that
they are told at once, and they happen every day."""


def stream_of(charger_id: ChargerId) -> str:
    """Name the stream of what a charger was asked of its hardware, and says of it."""
    return f"upkeep-{charger_id}"


def security_reported(assigned: AssignedCharger, said: SecuritySaid) -> SecurityEventReported:
    """Something has happened that concerns a charger's security."""
    return SecurityEventReported(
        installation_id=assigned.installation_id,
        charger_id=assigned.charger_id,
        kind=said.kind,
        alarming=said.kind in ALARMING,
        reported_at=said.at,
        info=said.info,
    )


def security_mark(assigned: AssignedCharger, said: SecuritySaid) -> str:
    """Name it so that its repetitions have the same name."""
    whose = (assigned.installation_id, assigned.charger_id, assigned.serial)
    content = "\n".join((*whose, said.kind, said.at.isoformat(), said.info or ""))
    return f"security-{hashlib.sha256(content.encode()).hexdigest()}"


def records_reported(
    assigned: AssignedCharger, said: DiagnosticsSaid
) -> DiagnosticsStatusReported:
    """A charger says how far it is with sending its records."""
    return DiagnosticsStatusReported(
        installation_id=assigned.installation_id,
        charger_id=assigned.charger_id,
        status=said.status,
    )


def data_received(assigned: AssignedCharger, said: DataSent, status: str) -> DataReceived:
    """A charger has said something that only its vendor understands; how much, and not what: it may be
    personal.
    """
    return DataReceived(
        installation_id=assigned.installation_id,
        charger_id=assigned.charger_id,
        vendor=said.vendor,
        message=said.message,
        characters=len(said.data or ""),
        status=status,
    )

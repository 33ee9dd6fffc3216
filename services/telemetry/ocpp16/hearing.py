"""What chargers say by OCPP 1.6, and what they are answered."""

from collections.abc import Callable
from typing import Final

from services.telemetry.frames import Payload
from services.telemetry.ocpp16.meter_values import samples, transaction_of
from services.telemetry.payloads import moment_of, whole_of, written
from services.telemetry.said import (
    Alive,
    Began,
    Begun,
    Booted,
    CardShown,
    CertificateAsked,
    DataSent,
    DiagnosticsSaid,
    Ended,
    FirmwareSaid,
    Handled,
    Metered,
    Replies,
    Reply,
    Said,
    SecuritySaid,
    Standing,
    StatusSaid,
    Time,
    Welcomed,
)


def hear(action: str, payload: Payload) -> tuple[Said, ...] | None:
    """
    Read a request that fits its schema; none if nothing here can do anything with it.

    Raises:
        CallRefused: a field is impossible.
    """
    read = _READ.get(action)
    return None if read is None else (read(payload),)


def answer(_: str, replies: Replies) -> Payload:
    """Write the answer to a request, from the replies to what it said."""
    payload: Payload = {}
    for reply in replies:
        payload |= _written(reply)
    return payload


# --- Requests ---


def _booted(payload: Payload) -> Booted:
    return Booted(
        payload["chargePointVendor"],
        payload["chargePointModel"],
        payload.get("firmwareVersion"),
    )


def _alive(_: Payload) -> Alive:
    return Alive()


def _status(payload: Payload) -> StatusSaid:
    return StatusSaid(
        connector=payload["connectorId"],
        status=payload["status"],
        error_code=payload["errorCode"],
        info=payload.get("info"),
        at=moment_of(payload) if "timestamp" in payload else None,
    )


def _card(payload: Payload) -> CardShown:
    return CardShown(payload["idTag"])


def _began(payload: Payload) -> Began:
    return Began(
        connector=payload["connectorId"],
        at=moment_of(payload),
        register_wh=whole_of(payload, "meterStart"),
        card=payload["idTag"],
        reservation=payload.get("reservationId"),
    )


def _metered(payload: Payload) -> Metered:
    return Metered(
        connector=payload["connectorId"],
        transaction=transaction_of(payload.get("transactionId")),
        samples=samples(payload["meterValue"], "meterValue"),
    )


def _ended(payload: Payload) -> Ended:
    return Ended(
        transaction=transaction_of(payload["transactionId"]),
        at=moment_of(payload),
        register_wh=whole_of(payload, "meterStop"),
        reason=payload.get("reason", "Local"),  # section 6.49: left out, it is Local
        card=payload.get("idTag"),
        samples=samples(payload.get("transactionData", ()), "transactionData"),
    )


def _firmware(payload: Payload) -> FirmwareSaid:
    return FirmwareSaid(payload["status"])


def _diagnostics(payload: Payload) -> DiagnosticsSaid:
    return DiagnosticsSaid(payload["status"])


def _security(payload: Payload) -> SecuritySaid:
    return SecuritySaid(payload["type"], moment_of(payload), payload.get("techInfo"))


def _certificate(payload: Payload) -> CertificateAsked:
    return CertificateAsked(payload["csr"])


def _data(payload: Payload) -> DataSent:
    return DataSent(payload["vendorId"], payload.get("messageId"), payload.get("data"))


_READ: Final[dict[str, Callable[[Payload], Said]]] = {
    "BootNotification": _booted,
    "Heartbeat": _alive,
    "StatusNotification": _status,
    "Authorize": _card,
    "StartTransaction": _began,
    "MeterValues": _metered,
    "StopTransaction": _ended,
    "FirmwareStatusNotification": _firmware,
    "SignedFirmwareStatusNotification": _firmware,
    "DiagnosticsStatusNotification": _diagnostics,
    "LogStatusNotification": _diagnostics,
    "SecurityEventNotification": _security,
    "SignCertificate": _certificate,
    "DataTransfer": _data,
}

# --- Answers ---


def id_tag_info(standing: Standing) -> Payload:
    """Write an IdTagInfo."""
    told: Payload = {"status": standing.status}
    if standing.until is not None:
        told["expiryDate"] = written(standing.until)
    if standing.parent is not None:
        told["parentIdTag"] = standing.parent
    return told


def _written(reply: Reply) -> Payload:
    match reply:
        case Welcomed(status, interval_s, now):
            return {"status": status, "currentTime": written(now), "interval": interval_s}
        case Time(now):
            return {"currentTime": written(now)}
        case Standing():
            return {"idTagInfo": id_tag_info(reply)}
        case Begun(standing, transaction_id):
            return {"idTagInfo": id_tag_info(standing), "transactionId": transaction_id}
        case Handled(status):
            return {"status": status}
        case None:
            return {}

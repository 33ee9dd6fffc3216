"""
What a server may ask of a charger's hardware (OCPP 1.6 and its security whitepaper), and what it answers:
reservations, diagnostics, certificates, signed firmware, vendors' own data.
"""

from collections.abc import Callable, Mapping
from typing import Final

from simulator import roots
from simulator.charger import VENDOR, Charger
from simulator.outbox import Message
from simulator.payloads import CallRefused, Payload, moment, needed, optional
from simulator.reservations import parse_reservation

SIGNED_STEPS: Final = (
    "Downloading",
    "Downloaded",
    "SignatureVerified",
    "Installing",
    "Installed",
)
UPLOAD_STEPS: Final = ("Uploading", "Uploaded")
"""What a charger tells of records that arrive; they are not really sent."""
ECHO: Final = "Echo"
"""The one message of its vendor that it understands."""

Answer = Callable[[Charger, Payload, float], Payload]


# --- Reservations ---


def _reserve_now(charger: Charger, payload: Payload, now_s: float) -> Payload:
    if needed(payload, "connectorId", int) not in {0, 1}:
        raise CallRefused("PropertyConstraintViolation", "there is no such connector")
    return {"status": charger.reserve(parse_reservation(payload), now_s)}


def _cancel_reservation(charger: Charger, payload: Payload, now_s: float) -> Payload:
    cancelled = charger.end_reservation(needed(payload, "reservationId", int), now_s)
    return {"status": "Accepted" if cancelled else "Rejected"}


# --- Diagnostics ---


def _get_diagnostics(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    needed(payload, "location", str)
    for status in UPLOAD_STEPS:
        charger.tell(Message("DiagnosticsStatusNotification", {"status": status}))
    return {"fileName": f"{charger.serial}-diagnostics.zip"}


def _get_log(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    kind, request_id = needed(payload, "logType", str), needed(payload, "requestId", int)
    needed(needed(payload, "log", dict), "remoteLocation", str)
    if kind not in {"DiagnosticsLog", "SecurityLog"}:
        raise CallRefused("PropertyConstraintViolation", f"there is no log {kind!r}")
    for status in UPLOAD_STEPS:
        told = {"status": status, "requestId": request_id}
        charger.tell(Message("LogStatusNotification", told))
    return {"status": "Accepted", "filename": f"{charger.serial}-{kind}.txt"}


# --- Certificates ---


def _use(payload: Payload) -> str:
    use = needed(payload, "certificateType", str)
    if use not in roots.USES:
        raise CallRefused("PropertyConstraintViolation", f"there is no use {use!r}")
    return use


def _install_certificate(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    return {"status": charger.roots.install(_use(payload), needed(payload, "certificate", str))}


def _get_installed(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    found = charger.roots.listed(_use(payload))
    if not found:
        return {"status": "NotFound"}
    return {"status": "Accepted", "certificateHashData": found}


def _delete_certificate(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    return {"status": charger.roots.delete(needed(payload, "certificateHashData", dict))}


# --- Firmware ---


def _signed_update_firmware(charger: Charger, payload: Payload, now_s: float) -> Payload:
    """It is fetched, checked and installed in no time, and is the same as before."""
    request_id, firmware = needed(payload, "requestId", int), needed(payload, "firmware", dict)
    location, signature = needed(firmware, "location", str), needed(firmware, "signature", str)
    certificate = needed(firmware, "signingCertificate", str)
    if moment(firmware, "retrieveDateTime") is None:
        raise CallRefused("OccurenceConstraintViolation", "retrieveDateTime is missing")
    if not charger.roots.knows(certificate):
        charger.tell_security("InvalidFirmwareSigningCertificate", now_s)
        return {"status": "InvalidCertificate"}
    good = roots.signed_by(certificate, signature, location)
    for status in SIGNED_STEPS if good else (*SIGNED_STEPS[:2], "InvalidSignature"):
        told = {"status": status, "requestId": request_id}
        charger.tell(Message("SignedFirmwareStatusNotification", told))
    if not good:
        charger.tell_security("InvalidFirmwareSignature", now_s)
    return {"status": "Accepted"}


# --- Its vendor's own ---


def _data_transfer(_charger: Charger, payload: Payload, _now_s: float) -> Payload:
    if needed(payload, "vendorId", str) != VENDOR:
        return {"status": "UnknownVendorId"}
    if optional(payload, "messageId", str) != ECHO:
        return {"status": "UnknownMessageId"}
    return {"status": "Accepted", "data": optional(payload, "data", str) or ""}


def _clear_cache(_charger: Charger, _payload: Payload, _now_s: float) -> Payload:
    return {
        "status": "Accepted"
    }  # it asks about every card, so that there is nothing to forget


UPKEEP_ANSWERS: Final[Mapping[str, Answer]] = {
    "CancelReservation": _cancel_reservation,
    "ClearCache": _clear_cache,
    "DataTransfer": _data_transfer,
    "DeleteCertificate": _delete_certificate,
    "GetDiagnostics": _get_diagnostics,
    "GetInstalledCertificateIds": _get_installed,
    "GetLog": _get_log,
    "InstallCertificate": _install_certificate,
    "ReserveNow": _reserve_now,
    "SignedUpdateFirmware": _signed_update_firmware,
}

"""What a charger's message means: events, none when it is already so."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.telemetry.authorising import Shown
from services.telemetry.charger import (
    NO_ERROR,
    AssignedCharger,
    Charger,
    Session,
)
from services.telemetry.frames import Payload
from services.telemetry.payloads import CONNECTOR, moment_of, only_connector, whole_of
from services.telemetry.remotes import place_of
from shared.ids import Serial, SessionId
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerRefused,
    ChargerStatusChanged,
    FaultReported,
    FirmwareStatusReported,
    SessionEnded,
    SessionStarted,
)
from shared.registers import between

FIRMWARE_IDLE: Final = "Idle"
"""OCPP 1.6 FirmwareStatus of a charger that is about no other firmware."""

# --- Connections ---


@dataclass(frozen=True, slots=True)
class Hello:
    """How a charger introduces itself."""

    vendor: str
    model: str
    firmware: str | None

    @classmethod
    def of(cls, payload: Payload) -> "Hello":
        """Read it from a BootNotification."""
        return cls(
            payload["chargePointVendor"],
            payload["chargePointModel"],
            payload.get("firmwareVersion"),
        )


def connected(
    state: Charger,
    assigned: AssignedCharger,
    hello: Hello | None,
    gateway_id: str,
    remote: str,
) -> tuple[ChargerConnected, ...]:
    """
    A charger is accepted.

    Without a hello it has come back after a lost connection and is what it was. Nothing, if it
    is known to be connected here, from there, as what it says it is.
    """
    known = Hello(state.vendor, state.model, state.firmware)
    hello = hello or known
    present = (assigned.serial, hello, gateway_id, remote)
    if present == (state.serial, known, state.connected_to, state.remote):
        return ()
    return (
        ChargerConnected(
            remote=remote,
            installation_id=assigned.installation_id,
            charger_id=assigned.charger_id,
            serial=assigned.serial,
            vendor=hello.vendor,
            model=hello.model,
            firmware=hello.firmware,
            gateway_id=gateway_id,
        ),
    )


def disconnected(
    state: Charger, assigned: AssignedCharger, reason: str
) -> tuple[ChargerDisconnected, ...]:
    """The connection is gone; nothing, if that is known."""
    if state.connected_to is None:
        return ()
    return (
        ChargerDisconnected(
            installation_id=assigned.installation_id,
            charger_id=assigned.charger_id,
            gateway_id=state.connected_to,
            reason=reason,
        ),
    )


def refused(serial: Serial, reason: str, remote: str, last_host: str) -> ChargerRefused:
    """A charger is not let in, or put out; `last_host` is where it was connected from before."""
    place = place_of(remote, last_host)
    return ChargerRefused(serial=serial, reason=reason, remote=remote, place=place)


# --- Firmware ---


def firmware_notified(
    state: Charger, assigned: AssignedCharger, payload: Payload
) -> tuple[FirmwareStatusReported, ...]:
    """A charger says how far it is with other firmware; nothing, if that is known, or if it has never been
    about any."""
    status = payload["status"]
    if status == (state.firmware_status or FIRMWARE_IDLE):
        return ()
    return (
        FirmwareStatusReported(
            installation_id=assigned.installation_id,
            charger_id=assigned.charger_id,
            status=status,
        ),
    )


# --- Status ---


def status_notified(
    state: Charger, assigned: AssignedCharger, payload: Payload, received_at: datetime
) -> tuple[ChargerStatusChanged | FaultReported, ...]:
    """A charger says how it is; nothing, if that is known. A fault of the charger as a whole
    comes under connector 0, whose status means nothing else here.
    """
    reported_at = moment_of(payload) if "timestamp" in payload else received_at
    error_code: str = payload["errorCode"]
    whose = {
        "installation_id": assigned.installation_id,
        "charger_id": assigned.charger_id,
        "error_code": error_code,
        "reported_at": reported_at,
    }
    events: list[ChargerStatusChanged | FaultReported] = []
    if payload["connectorId"] == CONNECTOR:
        if (payload["status"], error_code) == (state.status, state.error_code):
            return ()
        events.append(ChargerStatusChanged(**whose, status=payload["status"]))
    if error_code not in {NO_ERROR, state.fault}:
        events.append(FaultReported(**whose, info=payload.get("info")))
    return tuple(events)


# --- Sessions ---


def start_mark(assigned: AssignedCharger, payload: Payload) -> str:
    """Name a StartTransaction so that its repetitions have the same name. The card does not
    count: it is personal data, and the rest tells one start from another.
    """
    at = moment_of(payload).isoformat()
    return _mark("start", assigned, payload["connectorId"], at, payload["meterStart"])


def stop_mark(assigned: AssignedCharger, payload: Payload) -> str:
    """Name a StopTransaction so that its repetitions have the same name."""
    at = moment_of(payload).isoformat()
    return _mark("stop", assigned, payload["transactionId"], at, payload["meterStop"])


def _mark(kind: str, assigned: AssignedCharger, *parts: object) -> str:
    whose = (assigned.installation_id, assigned.charger_id, assigned.serial)
    content = "\n".join(str(part) for part in (*whose, *parts))
    return f"{kind}-{hashlib.sha256(content.encode()).hexdigest()}"


def transaction_started(
    state: Charger,
    assigned: AssignedCharger,
    payload: Payload,
    session_id: SessionId,
    transaction_id: int,
    shown: Shown,
) -> tuple[SessionEnded | SessionStarted, ...]:
    """
    A session starts. One that still runs has lost its end: chargers tell things in order, so it
    ended before, and what it took is what the register has gained since. It is on record whether
    its driver may charge or not: a charger may have begun it offline.

    Raises:
        CallRefused: a field is impossible.
    """
    only_connector(payload)
    started_at = moment_of(payload)
    register_wh = whole_of(payload, "meterStart")
    started = SessionStarted(
        installation_id=assigned.installation_id,
        charger_id=assigned.charger_id,
        session_id=session_id,
        transaction_id=transaction_id,
        started_at=started_at,
        register_wh=register_wh,
        person_id=shown.person_id,
        card_mark=shown.mark,
    )
    if state.session is None:
        return (started,)
    return (
        _ended(assigned, state.session, started_at, register_wh, "EndNotReported"),
        started,
    )


def transaction_stopped(
    state: Charger, assigned: AssignedCharger, payload: Payload
) -> tuple[SessionEnded, ...]:
    """
    A session ends; nothing, if it is not the one that runs.

    A charger that never got its transaction id says -1 or 0: then it is the session that runs,
    if time and register do not speak against it.

    Raises:
        CallRefused: a field is impossible.
    """
    ended_at = moment_of(payload)
    register_wh = whole_of(payload, "meterStop")
    session, transaction_id = state.session, payload["transactionId"]
    if session is None:
        return ()
    plausible = ended_at >= session.started_at and register_wh >= session.register_wh
    if transaction_id != session.transaction_id and not (transaction_id <= 0 and plausible):
        return ()
    reason = payload.get("reason", "Local")  # OCPP 1.6, section 6.49: left out, it is Local
    return (_ended(assigned, session, ended_at, register_wh, reason),)


def _ended(
    assigned: AssignedCharger,
    session: Session,
    ended_at: datetime,
    register_wh: int,
    reason: str,
) -> SessionEnded:
    return SessionEnded(
        installation_id=assigned.installation_id,
        charger_id=assigned.charger_id,
        session_id=session.session_id,
        transaction_id=session.transaction_id,
        ended_at=ended_at,
        register_wh=register_wh,
        # A register that went backwards (an exchanged meter) says nothing about the energy.
        energy_wh=between(session.register_wh, register_wh).gained_wh,
        reason=reason,
    )

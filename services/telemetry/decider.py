"""What a charger's message means: events, none when it is already so."""

import hashlib
from datetime import datetime
from typing import Final

from services.telemetry.authorising import Shown
from services.telemetry.charger import (
    NO_ERROR,
    AssignedCharger,
    Charger,
    Session,
)
from services.telemetry.payloads import CONNECTOR, only_connector
from services.telemetry.remotes import place_of
from services.telemetry.said import Began, Booted, Ended, FirmwareSaid, StatusSaid
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


def connected(
    state: Charger,
    assigned: AssignedCharger,
    hello: Booted | None,
    gateway_id: str,
    remote: str,
) -> tuple[ChargerConnected, ...]:
    """
    A charger is accepted.

    Without a hello it has come back after a lost connection and is what it was. Nothing, if it
    is known to be connected here, from there, as what it says it is.
    """
    known = Booted(state.vendor, state.model, state.firmware)
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
    state: Charger, assigned: AssignedCharger, said: FirmwareSaid
) -> tuple[FirmwareStatusReported, ...]:
    """A charger says how far it is with other firmware; nothing, if that is known, or if it has never been
    about any."""
    status = said.status
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
    state: Charger, assigned: AssignedCharger, said: StatusSaid, received_at: datetime
) -> tuple[ChargerStatusChanged | FaultReported, ...]:
    """A charger says how it is; nothing, if that is known. A fault of the charger as a whole
    comes under connector 0, whose status means nothing else here.
    """
    reported_at, error_code = said.at or received_at, said.error_code
    whose = {
        "installation_id": assigned.installation_id,
        "charger_id": assigned.charger_id,
        "error_code": error_code,
        "reported_at": reported_at,
    }
    events: list[ChargerStatusChanged | FaultReported] = []
    if said.connector == CONNECTOR:
        if (said.status, error_code) == (state.status, state.error_code):
            return ()
        events.append(ChargerStatusChanged(**whose, status=said.status))
    if error_code not in {NO_ERROR, state.fault}:
        events.append(FaultReported(**whose, info=said.info))
    return tuple(events)


# --- Sessions ---


def start_mark(assigned: AssignedCharger, began: Began) -> str:
    """Name the start of a session so that its repetitions have the same name. The card does not
    count: it is personal data, and the rest tells one start from another.
    """
    if began.transaction is not None:
        return _mark("start", assigned, began.transaction)
    at = began.at.isoformat()
    return _mark("start", assigned, began.connector, at, began.register_wh)


def stop_mark(assigned: AssignedCharger, ended: Ended) -> str:
    """Name the end of a session so that its repetitions have the same name."""
    at = ended.at.isoformat()
    return _mark("stop", assigned, ended.transaction, at, ended.register_wh)


def _mark(kind: str, assigned: AssignedCharger, *parts: object) -> str:
    whose = (assigned.installation_id, assigned.charger_id, assigned.serial)
    content = "\n".join(str(part) for part in (*whose, *parts))
    return f"{kind}-{hashlib.sha256(content.encode()).hexdigest()}"


def transaction_started(
    state: Charger,
    assigned: AssignedCharger,
    began: Began,
    session_id: SessionId,
    transaction_id: int,
    shown: Shown | None,
) -> tuple[SessionEnded | SessionStarted, ...]:
    """
    A session starts. One that still runs has lost its end: chargers tell things in order, so it
    ended before, and what it took is what the register has gained since. It is on record whether
    its driver may charge or not: a charger may have begun it offline.

    Raises:
        CallRefused: a field is impossible.
    """
    only_connector(began.connector)
    started = SessionStarted(
        installation_id=assigned.installation_id,
        charger_id=assigned.charger_id,
        session_id=session_id,
        transaction_id=transaction_id,
        started_at=began.at,
        register_wh=began.register_wh,
        person_id=None if shown is None else shown.person_id,
        card_mark=None if shown is None else shown.mark,
        transaction=began.transaction,
    )
    if state.session is None:
        return (started,)
    return (
        _over(assigned, state.session, began.at, began.register_wh, "EndNotReported"),
        started,
    )


def transaction_stopped(
    state: Charger, assigned: AssignedCharger, ended: Ended
) -> tuple[SessionEnded, ...]:
    """
    A session ends; nothing, if it is not the one that runs.

    A charger that never got the name of its session does not say which: then it is the one that runs,
    if time and register do not speak against it.
    """
    session = state.session
    if session is None:
        return ()
    plausible = ended.at >= session.started_at and ended.register_wh >= session.register_wh
    if ended.transaction != session.name and not (ended.transaction is None and plausible):
        return ()
    return (_over(assigned, session, ended.at, ended.register_wh, ended.reason),)


def _over(
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
        transaction=session.transaction,
        ended_at=ended_at,
        register_wh=register_wh,
        # A register that went backwards (an exchanged meter) says nothing about the energy.
        energy_wh=between(session.register_wh, register_wh).gained_wh,
        reason=reason,
    )

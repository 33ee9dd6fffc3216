"""
What a server may ask of a charger (OCPP 1.6), and what it answers.

An action that is missing here is answered with NotImplemented. A request that is understood but
not possible is answered with the status its own definition has for that: Rejected,
NotSupported, Unknown.
"""

from collections.abc import Callable, Mapping
from typing import Final

from simulator.charger import Charger
from simulator.outbox import Message
from simulator.payloads import CallRefused, Payload, moment, needed, optional, timestamp
from simulator.profiles import Rejected, parse_profile
from simulator.readings import TRIGGERED
from simulator.skills import Skill
from simulator.upkeep_requests import UPKEEP_ANSWERS

ACCEPTED: Final[Payload] = {"status": "Accepted"}
FIRMWARE_STEPS: Final = ("Downloading", "Downloaded", "Installing", "Installed")
"""What a charger tells of an update that goes well (OCPP 1.6, FirmwareStatus)."""
REJECTED: Final[Payload] = {"status": "Rejected"}

Answer = Callable[[Charger, Payload, float], Payload]


def answer(charger: Charger, action: str, payload: Payload, now_s: float) -> Payload:
    """
    Do what the server asks, and answer.

    Args:
        charger: whom it asks.
        action: the OCPP action.
        payload: its content.
        now_s: the present, in seconds since 1970.

    Raises:
        CallRefused: if the action is unknown, or a field is missing or malformed.
    """
    known = ANSWERS.get(action)
    if known is None:
        raise CallRefused("NotImplemented", f"this charger does not know {action}")
    return known(charger, payload, now_s)


# --- Configuration ---


def _change_configuration(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    key, value = needed(payload, "key", str), needed(payload, "value", str)
    return {"status": charger.configuration.change(key, value)}


def _get_configuration(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    keys = optional(payload, "key", list) or []
    if not all(isinstance(key, str) for key in keys):
        raise CallRefused("TypeConstraintViolation", "key must be a list of names")
    return charger.configuration.listed(keys)


# --- The local list ---


def _get_local_list_version(charger: Charger, _payload: Payload, _now_s: float) -> Payload:
    return {"listVersion": charger.local_list.version}


def _send_local_list(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    return {"status": charger.local_list.take(payload)}


# --- Charging profiles ---


def _set_charging_profile(charger: Charger, payload: Payload, now_s: float) -> Payload:
    skill = _skill(charger, "SetChargingProfile")
    _connector(payload)
    own_s = charger.registration.own_s(now_s)
    try:
        profile = parse_profile(needed(payload, "csChargingProfiles", dict), own_s, skill)
        charger.outlet.profiles.put(profile, own_s)
    except Rejected:
        return REJECTED
    charger.outlet.limits_changed()
    return ACCEPTED


def _clear_charging_profile(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    skill = _skill(charger, "ClearChargingProfile")
    profile_id, stack_level = optional(payload, "id", int), optional(payload, "stackLevel", int)
    purpose = optional(payload, "chargingProfilePurpose", str)
    if profile_id is None and purpose not in {None, skill.purpose}:
        return {"status": "Unknown"}
    cleared = charger.outlet.profiles.clear(profile_id, stack_level)
    charger.outlet.limits_changed()
    return ACCEPTED if cleared else {"status": "Unknown"}


def _get_composite_schedule(charger: Charger, payload: Payload, now_s: float) -> Payload:
    skill = _skill(charger, "GetCompositeSchedule")
    if not skill.shows:
        raise CallRefused("NotSupported", "this charger does not show its schedule")
    connector, duration_s = _connector(payload), needed(payload, "duration", int)
    if optional(payload, "chargingRateUnit", str) not in {None, skill.unit}:
        return REJECTED
    own_s, outlet = charger.registration.own_s(now_s), charger.outlet
    periods = outlet.profiles.composite(own_s, duration_s, outlet.highest)
    return {
        "status": "Accepted",
        "connectorId": connector,
        "scheduleStart": timestamp(own_s),
        "chargingSchedule": {
            "duration": duration_s,
            "startSchedule": timestamp(own_s),
            "chargingRateUnit": skill.unit,
            "chargingSchedulePeriod": [
                {"startPeriod": after_s, "limit": limit_a} for after_s, limit_a in periods
            ],
        },
    }


def _skill(charger: Charger, action: str) -> Skill:
    """Name what it can do with profiles, if anything."""
    skill = charger.outlet.profiles.skill
    if not skill.profiles:
        raise CallRefused("NotImplemented", f"this charger does not know {action}")
    return skill


def _connector(payload: Payload) -> int:
    """Read a connector's number: 0 is the charger, 1 its only connector."""
    connector = needed(payload, "connectorId", int)
    if connector not in {0, 1}:
        raise CallRefused("PropertyConstraintViolation", f"there is no connector {connector}")
    return connector


# --- Triggers ---


def _trigger_message(charger: Charger, payload: Payload, now_s: float) -> Payload:
    connector = optional(payload, "connectorId", int)
    match needed(payload, "requestedMessage", str):
        case "BootNotification":
            charger.registration.boot_again(now_s)
            charger.notify()
        case "StatusNotification":
            for it in (0, 1) if connector is None else (connector,):
                charger.tell_status(it, now_s, triggered=True)
        case "MeterValues":
            charger.tell_reading(now_s, TRIGGERED, triggered=True)
        case "Heartbeat":
            charger.tell_heartbeat(triggered=True)
        case "FirmwareStatusNotification" | "DiagnosticsStatusNotification" as action:
            charger.tell(Message(action, {"status": "Idle"}, triggered=True))
        case _:
            return {"status": "NotImplemented"}
    return ACCEPTED


# --- Security ---


def _extended_trigger_message(charger: Charger, payload: Payload, now_s: float) -> Payload:
    match needed(payload, "requestedMessage", str):
        case "SignChargePointCertificate":
            charger.ask_for_certificate()
        case "LogStatusNotification" as action:
            charger.tell(Message(action, {"status": "Idle"}, triggered=True))
        case _:
            return _trigger_message(charger, payload, now_s)
    return ACCEPTED


def _certificate_signed(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    taken = charger.security.take(needed(payload, "certificateChain", str))
    return ACCEPTED if taken else REJECTED


# --- Remote control ---


def _remote_start(charger: Charger, payload: Payload, now_s: float) -> Payload:
    id_tag, held = needed(payload, "idTag", str), charger.transactions.reservation
    possible = (
        charger.registration.accepted
        and charger.transactions.operative
        and charger.transactions.running is None
        and charger.outlet.car is not None
        and (held is None or held.lets(id_tag))
    )
    if not possible or "chargingProfile" in payload:
        return REJECTED
    charger.transactions.begin(id_tag, now_s)
    return ACCEPTED


def _remote_stop(charger: Charger, payload: Payload, now_s: float) -> Payload:
    transaction_id = needed(payload, "transactionId", int)
    running = charger.transactions.running
    if running is None or running.id != transaction_id:
        return REJECTED
    charger.transactions.end("Remote", now_s)
    return ACCEPTED


def _reset(charger: Charger, payload: Payload, now_s: float) -> Payload:
    kind = needed(payload, "type", str)
    if kind not in {"Soft", "Hard"}:
        raise CallRefused("PropertyConstraintViolation", f"there is no reset {kind!r}")
    charger.transactions.end(f"{kind}Reset", now_s)
    charger.resetting = kind
    charger.notify()
    return ACCEPTED


def _update_firmware(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    """It is fetched and installed in no time, and is the same as before."""
    needed(payload, "location", str)
    if moment(payload, "retrieveDate") is None:
        raise CallRefused("OccurenceConstraintViolation", "retrieveDate is missing")
    for status in FIRMWARE_STEPS:
        charger.tell(Message("FirmwareStatusNotification", {"status": status}))
    return {}


def _unlock_connector(charger: Charger, payload: Payload, now_s: float) -> Payload:
    _connector(payload)
    if not charger.has_socket:
        return {"status": "NotSupported"}  # The cable is fixed to the charger.
    charger.transactions.end("UnlockCommand", now_s)
    return {"status": "Unlocked"}


def _change_availability(charger: Charger, payload: Payload, _now_s: float) -> Payload:
    _connector(payload)
    kind = needed(payload, "type", str)
    if kind not in {"Operative", "Inoperative"}:
        raise CallRefused("PropertyConstraintViolation", f"there is no type {kind!r}")
    return {"status": charger.transactions.change_availability(operative=kind == "Operative")}


ANSWERS: Final[Mapping[str, Answer]] = {
    "CertificateSigned": _certificate_signed,
    "ChangeAvailability": _change_availability,
    "ChangeConfiguration": _change_configuration,
    "ClearChargingProfile": _clear_charging_profile,
    "ExtendedTriggerMessage": _extended_trigger_message,
    "GetCompositeSchedule": _get_composite_schedule,
    "GetConfiguration": _get_configuration,
    "GetLocalListVersion": _get_local_list_version,
    "RemoteStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "Reset": _reset,
    "SendLocalList": _send_local_list,
    "SetChargingProfile": _set_charging_profile,
    "TriggerMessage": _trigger_message,
    "UnlockConnector": _unlock_connector,
    "UpdateFirmware": _update_firmware,
    **UPKEEP_ANSWERS,
}

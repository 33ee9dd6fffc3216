"""
What a server may ask of a charger by OCPP 2.x, and what it answers.

Most of it the charger does as when it is asked by OCPP 1.6: the request is put into those words, and the
answer back. Variables and charging profiles are of 2.x alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator import requests
from simulator.charger import Charger
from simulator.ocpp2.profiles import Layers
from simulator.ocpp2.saying import Saying
from simulator.ocpp2.variables import DeviceModel
from simulator.ocpp2.words import CODES
from simulator.outbox import Message
from simulator.payloads import CallRefused, Payload, needed, optional, timestamp
from simulator.profiles import Rejected
from simulator.readings import TRIGGERED

ACCEPTED: Final[Payload] = {"status": "Accepted"}
REJECTED: Final[Payload] = {"status": "Rejected"}
SIGN_STATION: Final = "SignChargingStationCertificate"
ROOTS: Final[Mapping[str, str]] = {
    "CSMSRootCertificate": "CentralSystemRootCertificate",
    "ManufacturerRootCertificate": "ManufacturerRootCertificate",
}
"""InstallCertificateUseEnumType, and what 1.6 calls the same."""
RESETS: Final[Mapping[str, str]] = {"Immediate": "Hard", "OnIdle": "Soft"}


@dataclass(slots=True)
class Asked:
    """Answers what one charger is asked."""

    charger: Charger
    model: DeviceModel
    layers: Layers
    saying: Saying
    dynamic: bool
    """It knows dynamic profiles (2.1)."""

    def answer(self, action: str, payload: Payload, now_s: float) -> Payload:
        """
        Do what the server asks, and answer.

        Raises:
            CallRefused: the action is unknown, or a field is missing or malformed.
        """
        try:
            does = _DOES.get(action)
            if does is None:
                return self._as_in_16(action, payload, now_s)
            return does(self, payload, now_s)
        except CallRefused as refusal:
            code = CODES.get(refusal.code, refusal.code)
            raise CallRefused(code, refusal.description) from refusal

    def _as_in_16(self, action: str, payload: Payload, now_s: float) -> Payload:
        return requests.answer(self.charger, action, payload, now_s)

    @property
    def _any_terminal(self) -> bool:
        return self.charger.outlet.any_terminal

    # --- Variables ---

    def _set_variables(self, payload: Payload, _now_s: float) -> Payload:
        return self.model.set_variables(payload)

    def _get_variables(self, payload: Payload, _now_s: float) -> Payload:
        return self.model.get_variables(payload)

    def _base_report(self, payload: Payload, now_s: float) -> Payload:
        base = needed(payload, "reportBase", str)
        if base not in {"FullInventory", "ConfigurationInventory"}:
            return {"status": "NotSupported"}
        return self._report(needed(payload, "requestId", int), None, now_s)

    def _some_report(self, payload: Payload, now_s: float) -> Payload:
        return self._report(needed(payload, "requestId", int), payload, now_s)

    def _report(self, number: int, wanted: Payload | None, now_s: float) -> Payload:
        parts = self.model.reported(wanted)
        at = timestamp(self.charger.registration.own_s(now_s))
        for seq, part in enumerate(parts):
            said = {
                "requestId": number,
                "generatedAt": at,
                "seqNo": seq,
                "tbc": seq + 1 < len(parts),
                "reportData": part,
            }
            self.charger.tell(Message("NotifyReport", said, keep=False, triggered=True))
        return ACCEPTED if parts else {"status": "EmptyResultSet"}

    # --- Charging profiles ---

    def _set_profile(self, payload: Payload, now_s: float) -> Payload:
        own_s, switching = self.charger.registration.own_s(now_s), self._any_terminal
        try:
            self.layers.set(payload, own_s, switching=switching, dynamic=self.dynamic)
        except Rejected as reason:
            return REJECTED | {"statusInfo": _why(reason)}
        self.charger.outlet.limits_changed()
        return ACCEPTED

    def _update_dynamic(self, payload: Payload, now_s: float) -> Payload:
        if not self.dynamic:
            raise CallRefused("NotImplemented", "this charger knows no dynamic profiles")
        own_s = self.charger.registration.own_s(now_s)
        try:
            self.layers.update(payload, own_s, switching=self._any_terminal)
        except Rejected as reason:
            return REJECTED | {"statusInfo": _why(reason)}
        self.charger.outlet.limits_changed()
        return ACCEPTED

    def _clear_profile(self, payload: Payload, _now_s: float) -> Payload:
        cleared = self.layers.remove(payload)
        self.charger.outlet.limits_changed()
        return ACCEPTED if cleared else {"status": "Unknown"}

    def _composite(self, payload: Payload, now_s: float) -> Payload:
        evse, duration_s = needed(payload, "evseId", int), needed(payload, "duration", int)
        if evse not in {0, 1} or optional(payload, "chargingRateUnit", str) not in {None, "A"}:
            return REJECTED
        own_s, max_a = self.charger.registration.own_s(now_s), self.charger.outlet.max_a
        periods = [
            {"startPeriod": after_s, "limit": limit_a}
            for after_s, limit_a in self.layers.composite(own_s, duration_s, max_a)
        ]
        schedule = {
            "evseId": evse,
            "duration": duration_s,
            "scheduleStart": timestamp(own_s),
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": periods,
        }
        return ACCEPTED | {"schedule": schedule}

    # --- Triggers ---

    def _trigger(self, payload: Payload, now_s: float) -> Payload:
        wanted = needed(payload, "requestedMessage", str)
        if wanted == SIGN_STATION:
            self.charger.ask_for_certificate()
            return ACCEPTED
        if wanted == "StatusNotification":
            self.charger.tell_status(1, now_s, triggered=True)
            return ACCEPTED
        if wanted == "TransactionEvent":
            if self.charger.transactions.running is None:
                return REJECTED
            self.charger.tell_reading(now_s, TRIGGERED, triggered=True)
            return ACCEPTED
        return self._as_in_16("TriggerMessage", {"requestedMessage": wanted}, now_s)

    # --- Sessions ---

    def _start(self, payload: Payload, now_s: float) -> Payload:
        tag = needed(needed(payload, "idToken", dict), "idToken", str)
        self.saying.remote_ids[tag] = needed(payload, "remoteStartId", int)
        like_16: Payload = {"idTag": tag}
        if "chargingProfile" in payload:
            like_16["chargingProfile"] = payload["chargingProfile"]
        return self._as_in_16("RemoteStartTransaction", like_16, now_s)

    def _stop(self, payload: Payload, now_s: float) -> Payload:
        name = needed(payload, "transactionId", str)
        running = self.charger.transactions.running
        if running is None or self.saying.name_of(running) != name:
            return REJECTED
        self.charger.transactions.end("Remote", now_s)
        return ACCEPTED

    def _status(self, payload: Payload, _now_s: float) -> Payload:
        name = optional(payload, "transactionId", str)
        waits = any(it.transaction is not None for it in self.charger.outbox.waiting)
        if name is None:
            return {"messagesInQueue": waits}
        running = self.charger.transactions.running
        goes_on = running is not None and self.saying.name_of(running) == name
        return {"ongoingIndicator": goes_on, "messagesInQueue": waits}

    # --- The charger itself ---

    def _reset(self, payload: Payload, now_s: float) -> Payload:
        kind = RESETS.get(needed(payload, "type", str))
        if kind is None:
            raise CallRefused("PropertyConstraintViolation", "there is no such reset")
        if "evseId" in payload:
            return REJECTED
        return self._as_in_16("Reset", {"type": kind}, now_s)

    def _availability(self, payload: Payload, now_s: float) -> Payload:
        evse: dict[str, Any] = optional(payload, "evse", dict) or {"id": 0}
        like_16 = {
            "connectorId": needed(evse, "id", int),
            "type": needed(payload, "operationalStatus", str),
        }
        return self._as_in_16("ChangeAvailability", like_16, now_s)

    def _unlock(self, payload: Payload, now_s: float) -> Payload:
        if (needed(payload, "evseId", int), needed(payload, "connectorId", int)) != (1, 1):
            return {"status": "UnknownConnector"}
        answer = self._as_in_16("UnlockConnector", {"connectorId": 1}, now_s)
        unlocked = answer["status"] == "Unlocked"
        return {"status": "Unlocked" if unlocked else "UnlockFailed"}

    def _firmware(self, payload: Payload, now_s: float) -> Payload:
        firmware = needed(payload, "firmware", dict)
        if "signature" in firmware:
            return self._as_in_16("SignedUpdateFirmware", payload, now_s)
        like_16 = {
            "location": needed(firmware, "location", str),
            "retrieveDate": needed(firmware, "retrieveDateTime", str),
        }
        self._as_in_16("UpdateFirmware", like_16, now_s)
        return ACCEPTED

    # --- The local list, reservations ---

    def _list_version(self, _payload: Payload, _now_s: float) -> Payload:
        return {"versionNumber": self.charger.local_list.version}

    def _send_list(self, payload: Payload, now_s: float) -> Payload:
        entries = optional(payload, "localAuthorizationList", list) or []
        like_16 = {
            "listVersion": needed(payload, "versionNumber", int),
            "updateType": needed(payload, "updateType", str),
            "localAuthorizationList": [_entry(it) for it in entries],
        }
        return self._as_in_16("SendLocalList", like_16, now_s)

    def _reserve(self, payload: Payload, now_s: float) -> Payload:
        like_16: Payload = {
            "connectorId": optional(payload, "evseId", int) or 0,
            "reservationId": needed(payload, "id", int),
            "expiryDate": needed(payload, "expiryDateTime", str),
            "idTag": needed(needed(payload, "idToken", dict), "idToken", str),
        }
        group = optional(payload, "groupIdToken", dict)
        if group is not None:
            like_16["parentIdTag"] = needed(group, "idToken", str)
        return self._as_in_16("ReserveNow", like_16, now_s)

    # --- Certificates ---

    def _sign(self, payload: Payload, now_s: float) -> Payload:
        kind = optional(payload, "certificateType", str)
        if kind not in {None, "ChargingStationCertificate"}:
            return REJECTED
        return self._as_in_16("CertificateSigned", payload, now_s)

    def _install(self, payload: Payload, now_s: float) -> Payload:
        use = ROOTS.get(needed(payload, "certificateType", str))
        if use is None:
            return REJECTED
        like_16 = payload | {"certificateType": use}
        return self._as_in_16("InstallCertificate", like_16, now_s)

    def _installed(self, payload: Payload, now_s: float) -> Payload:
        wanted = optional(payload, "certificateType", list) or list(ROOTS)
        chains = []
        for name, use in ROOTS.items():
            if name not in wanted:
                continue
            like_16 = {"certificateType": use}
            answer = self._as_in_16("GetInstalledCertificateIds", like_16, now_s)
            chains += [
                {"certificateType": name, "certificateHashData": it}
                for it in answer.get("certificateHashData", ())
            ]
        if not chains:
            return {"status": "NotFound"}
        return ACCEPTED | {"certificateHashDataChain": chains}


def _entry(entry: Mapping[str, Any]) -> Payload:
    like_16: Payload = {"idTag": needed(needed(entry, "idToken", dict), "idToken", str)}
    info = optional(entry, "idTokenInfo", dict)
    if info is not None:
        told: Payload = {"status": needed(info, "status", str)}
        if "cacheExpiryDateTime" in info:
            told["expiryDate"] = info["cacheExpiryDateTime"]
        if "groupIdToken" in info:
            told["parentIdTag"] = info["groupIdToken"]["idToken"]
        like_16["idTagInfo"] = told
    return like_16


def _why(reason: Rejected) -> Payload:
    return {"reasonCode": "InvalidProfile", "additionalInfo": str(reason)[:512]}


_DOES: Final[Mapping[str, Callable[[Asked, Payload, float], Payload]]] = {
    "CertificateSigned": Asked._sign,
    "ChangeAvailability": Asked._availability,
    "ClearChargingProfile": Asked._clear_profile,
    "GetBaseReport": Asked._base_report,
    "GetCompositeSchedule": Asked._composite,
    "GetInstalledCertificateIds": Asked._installed,
    "GetLocalListVersion": Asked._list_version,
    "GetReport": Asked._some_report,
    "GetTransactionStatus": Asked._status,
    "GetVariables": Asked._get_variables,
    "InstallCertificate": Asked._install,
    "RequestStartTransaction": Asked._start,
    "RequestStopTransaction": Asked._stop,
    "ReserveNow": Asked._reserve,
    "Reset": Asked._reset,
    "SendLocalList": Asked._send_list,
    "SetChargingProfile": Asked._set_profile,
    "SetVariables": Asked._set_variables,
    "TriggerMessage": Asked._trigger,
    "UnlockConnector": Asked._unlock,
    "UpdateDynamicSchedule": Asked._update_dynamic,
    "UpdateFirmware": Asked._firmware,
}
"""The others are named as in 1.6, or are not known there either."""

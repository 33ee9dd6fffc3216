"""What chargers are answered by OCPP 2.x."""

from collections.abc import Mapping
from typing import Final

from services.telemetry.frames import Payload
from services.telemetry.payloads import written
from services.telemetry.said import (
    Begun,
    Handled,
    Replies,
    Reply,
    Standing,
    Time,
    Welcomed,
)

CENTRAL: Final = "Central"
"""The type of an idToken that we have made, not a reader."""


def _not_here(reason: str, text: str) -> Payload:
    return {"status": "Rejected", "statusInfo": {"reasonCode": reason, "additionalInfo": text}}


NOT_FOR_CARS: Final = "certificates of cars (ISO 15118) are not signed here"
NO_STREAMS: Final = "readings come by TransactionEvent and MeterValues"

ANSWERED_ALWAYS: Final[Mapping[str, Payload]] = {
    # Taken note of, and nothing else.
    "BatterySwap": {},
    "ClearedChargingLimit": {},
    "ClosePeriodicEventStream": {},
    "NotifyChargingLimit": {},
    "NotifyCustomerInformation": {},
    "NotifyDERAlarm": {},
    "NotifyDERStartStop": {},
    "NotifyDisplayMessages": {},
    "NotifyEVChargingSchedule": {"status": "Accepted"},
    "NotifyMonitoringReport": {},
    "NotifyPriorityCharging": {},
    "NotifyReport": {},
    "NotifySettlement": {},
    "PublishFirmwareStatusNotification": {},
    "ReportChargingProfiles": {},
    "ReportDERControl": {},
    "ReservationStatusUpdate": {},
    # Refused, in the way that its answer has for it.
    "Get15118EVCertificate": {"status": "Failed", "exiResponse": ""},
    "GetCertificateStatus": {"status": "Failed"},
    "NotifyEVChargingNeeds": {"status": "Rejected"},
    "OpenPeriodicEventStream": _not_here("UnsupportedRequest", NO_STREAMS),
    "PullDynamicScheduleUpdate": {"status": "Rejected"},
    "SignCertificate": _not_here("UnsupportedRequest", NOT_FOR_CARS),
}
"""What is answered where nothing was said that somebody here replies to."""


def answer(action: str, replies: Replies) -> Payload:
    """Write the answer to a request, from the replies to what it said."""
    written_ones = [_written(action, reply) for reply in replies]
    payload: Payload = {}
    for it in written_ones:
        payload |= it
    if not replies:
        payload = dict(ANSWERED_ALWAYS.get(action, {}))
    return payload


def id_token_info(standing: Standing) -> Payload:
    """Write an IdTokenInfoType."""
    told: Payload = {"status": standing.status}
    if standing.until is not None:
        told["cacheExpiryDateTime"] = written(standing.until)
    if standing.parent is not None:
        told["groupIdToken"] = {"idToken": standing.parent, "type": CENTRAL}
    return told


def _written(action: str, reply: Reply) -> Payload:
    match reply:
        case Welcomed(status, interval_s, now):
            return {"status": status, "currentTime": written(now), "interval": interval_s}
        case Time(now):
            return {"currentTime": written(now)}
        case Standing():
            return {"idTokenInfo": id_token_info(reply)}
        case Begun(standing, _):
            return {"idTokenInfo": id_token_info(standing)}
        case Handled(status):
            return {"status": status} if action in ANSWERED_WITH_STATUS else {}
        case None:
            return {}


ANSWERED_WITH_STATUS: Final = frozenset({"DataTransfer", "SignCertificate"})

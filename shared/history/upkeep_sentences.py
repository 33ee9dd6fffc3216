"""One sentence for every event about the hardware of chargers, and about their reservations."""

from collections.abc import Callable
from typing import Any, Final

from shared.history.wording import Words
from shared.messages import Event
from shared.messages.upkeep import (
    Asked,
    ChargerAsked,
    ChargerReserved,
    DataReceived,
    DiagnosticsRequested,
    DiagnosticsStatusReported,
    LogKind,
    ReservationEnded,
    SecurityEventReported,
    WhyReservationEnded,
)

_ASKED: Final = {
    Asked.RESTART: "start anew",
    Asked.UNLOCK: "unlock its connector",
    Asked.IN_USE: "go into use",
    Asked.OUT_OF_USE: "go out of use",
    Asked.CLEAR_CACHE: "forget which cards it has seen",
    Asked.TRIGGER: "say at once",
    Asked.READ_CONFIGURATION: "tell its settings",
    Asked.CHANGE_CONFIGURATION: "change a setting",
    Asked.SEND_DATA: "take data of its vendor",
    Asked.RESERVE: "be kept for somebody",
    Asked.CANCEL_RESERVATION: "end its reservation",
    Asked.DIAGNOSTICS: "send its records",
    Asked.INSTALL_CERTIFICATE: "take a root certificate",
    Asked.READ_CERTIFICATES: "tell its root certificates",
    Asked.DELETE_CERTIFICATE: "forget a root certificate",
    Asked.RAISE_SECURITY_PROFILE: "connect more securely",
    Asked.SIGNED_FIRMWARE: "fetch signed firmware",
}

_ENDS: Final = {
    WhyReservationEnded.USED: "whom it was kept for has begun to charge",
    WhyReservationEnded.CANCELLED: "it was cancelled",
    WhyReservationEnded.EXPIRED: "nobody came in time",
}


def _asked(it: ChargerAsked, words: Words) -> str:
    about = f" ({it.about})" if it.about else ""
    ends = "; the session that ran ends with it" if it.session_id is not None else ""
    return (
        f"{words.charger(it.charger_id)} was asked to {_ASKED[it.asked]}{about}, and answered "
        f"{it.status}{ends}"
    )


def _reserved(it: ChargerReserved, words: Words) -> str:
    who = f"whoever has the card {it.card_mark[:8]}"
    if it.person_id is not None:
        who = words.person(it.person_id)
    return f"{words.charger(it.charger_id)} is kept for {who} until {words.time(it.until)}"


def _requested(it: DiagnosticsRequested, words: Words) -> str:
    what = "security log" if it.log is LogKind.SECURITY else "diagnostics"
    named = f" as {it.file_name}" if it.file_name else ""
    return f"{words.charger(it.charger_id)} was told to send its {what} to {it.location}{named}"


def _security(it: SecurityEventReported, words: Words) -> str:
    info = f" ({it.info})" if it.info else ""
    how = "warns" if it.alarming else "reports"
    return f"{words.charger(it.charger_id)} {how} of its security: {it.kind}{info}"


def _data(it: DataReceived, words: Words) -> str:
    message = f" {it.message}" if it.message else ""
    return (
        f"{words.charger(it.charger_id)} sent {it.characters} characters of {it.vendor}{message}, and "
        f"was answered {it.status}"
    )


OF_UPKEEP: Final[dict[type[Event], Callable[[Any, Words], str]]] = {
    ChargerAsked: _asked,
    ChargerReserved: _reserved,
    ReservationEnded: lambda it, w: (
        f"{w.charger(it.charger_id)} is reserved no more: {_ENDS[it.why]}"
    ),
    DiagnosticsRequested: _requested,
    DiagnosticsStatusReported: lambda it, w: (
        f"{w.charger(it.charger_id)} says of its records: {it.status}"
    ),
    SecurityEventReported: _security,
    DataReceived: _data,
}

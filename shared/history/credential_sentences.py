"""One sentence for every event about how chargers show who they are."""

from collections.abc import Callable
from typing import Any, Final

from shared.history.wording import Words
from shared.messages import Event
from shared.messages.credentials import (
    ChargerCertificateIssued,
    ChargerCertificateRevoked,
    ChargerCredentialDelivered,
    ChargerCredentialEnded,
    ChargerCredentialIssued,
    CredentialEnd,
    MeterTokenEnded,
    MeterTokenIssued,
)

_ENDS: Final = {
    CredentialEnd.REPLACED: "it has come with a newer one",
    CredentialEnd.WITHDRAWN: "it was withdrawn, and another one is needed",
    CredentialEnd.WAIVED: "it was withdrawn, and none is needed",
    CredentialEnd.REMOVED: "whoever had it was taken away",
    CredentialEnd.REJECTED: "the charger did not take it",
}


def _ended(it: ChargerCredentialEnded, words: Words) -> str:
    because = f"{_ENDS[it.why]}{f' ({it.detail})' if it.detail else ''}"
    return f"A password of {words.charger(it.charger_id)} is no longer good: {because}"


OF_CREDENTIALS: Final[dict[type[Event], Callable[[Any, Words], str]]] = {
    ChargerCredentialIssued: lambda it, w: f"{w.charger(it.charger_id)} was issued a password",
    ChargerCredentialDelivered: lambda it, w: (
        f"{w.charger(it.charger_id)} took a new password over its connection"
    ),
    ChargerCredentialEnded: _ended,
    MeterTokenIssued: lambda it, _: f"Meter {it.meter_id} was issued a token",
    MeterTokenEnded: lambda it, _: (
        f"A token of meter {it.meter_id} is no longer good: {_ENDS[it.why]}"
    ),
    ChargerCertificateIssued: lambda it, w: (
        f"{w.charger(it.charger_id)} was issued the certificate {it.number}, good until "
        f"{w.time(it.valid_until)}"
    ),
    ChargerCertificateRevoked: lambda it, w: (
        f"The certificate {it.number} of {w.charger(it.charger_id)} was revoked: {it.reason}"
    ),
}

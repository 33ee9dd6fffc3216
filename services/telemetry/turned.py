"""Why a charger is turned away that does not show who it is: for the record, and with what to do."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from services.telemetry.charger import AssignedCharger

CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="ampledger", charset="UTF-8"'}
WAIT: Final = {"Retry-After": "60"}


@dataclass(frozen=True, slots=True)
class Turned:
    """Why a charger is turned away."""

    status: HTTPStatus
    kind: str
    """The same for all reasons of the kind, however they are worded."""
    reason: str
    """For the record and for support."""
    way_on: str
    headers: dict[str, str] = field(default_factory=dict)


def nothing_shown(assigned: AssignedCharger) -> Turned:
    return Turned(
        HTTPStatus.UNAUTHORIZED,
        "nothing-shown",
        "it shows no password, and one was issued for it",
        "set AuthorizationKey on the charger to the password that was shown when it was issued, or "
        f"issue another one: ampledger charger credential issue {assigned.serial}",
        CHALLENGE,
    )


def wrong(assigned: AssignedCharger, *, named: bool) -> Turned:
    way_on = f"issue another one: ampledger charger credential issue {assigned.serial}"
    if not named:
        return Turned(
            HTTPStatus.UNAUTHORIZED,
            "other-name",
            "it signs in under another name than its serial number",
            f"the user is the serial number in the path, {assigned.serial}; set it on the charger, or "
            f"assign the charger that this is, if it was mistaken for this one; or {way_on}",
            CHALLENGE,
        )
    return Turned(
        HTTPStatus.UNAUTHORIZED,
        "wrong-password",
        "it shows a wrong password: an old one, or that of another charger",
        f"enter the one that was issued last, or {way_on}",
        CHALLENGE,
    )


def none_issued(assigned: AssignedCharger, *, again: bool) -> Turned:
    return Turned(
        HTTPStatus.UNAUTHORIZED,
        "none-issued",
        "its passwords were withdrawn" if again else "no password was issued for it",
        f"issue one, and enter it on the charger: ampledger charger credential issue {assigned.serial}",
        CHALLENGE,
    )


def too_often(assigned: AssignedCharger) -> Turned:
    return Turned(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-often",
        "too many wrong passwords came from there lately",
        "wait for a minute; see that the charger has the password that was issued last, or issue "
        f"another one: ampledger charger credential issue {assigned.serial}",
        WAIT,
    )


def in_the_open(assigned: AssignedCharger) -> Turned:
    return Turned(
        HTTPStatus.FORBIDDEN,
        "in-the-open",
        "it would have to show its password over a connection that anybody can read",
        "have the gateway speak TLS (TELEMETRY_TLS_CERT, TELEMETRY_TLS_KEY) and the charger connect to "
        "wss://; behind a proxy that does so, or in a network of your own, set "
        "TELEMETRY_PLAIN_PASSWORDS=allowed; or let it in without: ampledger charger credential "
        f"withdraw {assigned.serial} --let-in-without",
    )


def no_certificate(assigned: AssignedCharger) -> Turned:
    """It has been issued a certificate, no password, and shows none."""
    return Turned(
        HTTPStatus.UNAUTHORIZED,
        "no-certificate",
        "it shows no certificate, and one was issued for it",
        "have it connect by TLS with its certificate; if it has lost that, let it in with a password: "
        f"ampledger charger credential issue {assigned.serial}",
        CHALLENGE,
    )


def others_certificate(assigned: AssignedCharger, name: str) -> Turned:
    """Its certificate is that of somebody else."""
    return Turned(
        HTTPStatus.FORBIDDEN,
        "other-certificate",
        f"it shows a certificate of {name[:64]!r}",
        f"the common name has to be the serial number in the path, {assigned.serial}; have it connect "
        "under its own serial number, or give it a certificate of its own",
    )


def untimely(assigned: AssignedCharger, when: str) -> Turned:
    """Its certificate is not good at this time."""
    return Turned(
        HTTPStatus.FORBIDDEN,
        "untimely-certificate",
        f"its certificate {when}",
        "let it in with a password, and have it ask for another certificate: ampledger charger "
        f"credential issue {assigned.serial}, then ampledger charger certificate request "
        f"{assigned.serial}",
    )


def revoked(assigned: AssignedCharger, number: str) -> Turned:
    """Its certificate was revoked, or is one of before it came here."""
    return Turned(
        HTTPStatus.FORBIDDEN,
        "revoked-certificate",
        f"its certificate {number} was revoked, or was issued before it was assigned here",
        "if it is the right charger, let it in with a password, and have it ask for another "
        f"certificate: ampledger charger credential issue {assigned.serial}, then ampledger charger "
        f"certificate request {assigned.serial}",
    )

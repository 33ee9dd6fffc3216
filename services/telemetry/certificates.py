"""
Certificates of chargers: decided on the history of a serial number's certificates.

One that our authority has signed is good while it is on record for the present tenure of the charger, and
was not revoked. One of another authority that is trusted is good unless it was revoked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, assert_never

from services.telemetry.charger import AssignedCharger
from shared.decider import Refused
from shared.messages.credentials import (
    ChargerCertificateIssued,
    ChargerCertificateRevoked,
    RevokeChargerCertificate,
)

CertificateFact = ChargerCertificateIssued | ChargerCertificateRevoked


class UnknownCertificate(Refused):
    """The charger was never issued a certificate of that number."""


@dataclass(frozen=True, slots=True)
class Issued:
    """One certificate of our authority."""

    number: str
    tenure: str
    valid_until: datetime
    certificate: str
    """PEM, with those that signed it behind it."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The certificates of one serial number."""

    issued: tuple[Issued, ...] = ()
    revoked: frozenset[str] = field(default_factory=frozenset)

    def good(self, certificate: str, tenure: str) -> bool:
        """
        Tell whether a certificate of our authority (PEM) is good, but for its time.

        It has to be on record as it is: one that was signed behind our back, with a stolen key, is not.
        """
        return any(
            it.certificate.startswith(certificate)
            and it.tenure == tenure
            and it.number not in self.revoked
            for it in self.issued
        )

    def demanded(self, tenure: str, now: datetime) -> bool:
        """Tell whether the charger has a certificate to show."""
        return any(
            it.valid_until > now and it.tenure == tenure and it.number not in self.revoked
            for it in self.issued
        )


NONE_YET: Final = Certificates()


def stream_of(serial: str) -> str:
    """Name the stream of a serial number's certificates."""
    return f"certificate-{serial}"


def evolve(state: Certificates, event: CertificateFact) -> Certificates:
    """Fold an event into what is known; history is not up for debate."""
    match event:
        case ChargerCertificateIssued():
            issued = Issued(
                event.number, event.assignment, event.valid_until, event.certificate
            )
            return replace(state, issued=(*state.issued, issued))
        case ChargerCertificateRevoked():
            return replace(state, revoked=state.revoked | {event.number})
        case _:
            assert_never(event)


def folded(history: Sequence[CertificateFact]) -> Certificates:
    """Fold a whole history."""
    state = NONE_YET
    for event in history:
        state = evolve(state, event)
    return state


def issued(
    assigned: AssignedCharger, number: str, valid: tuple[datetime, datetime], certificate: str
) -> tuple[ChargerCertificateIssued, ...]:
    """A certificate was signed for a charger; `valid` is from when to when."""
    return (
        ChargerCertificateIssued(
            installation_id=assigned.installation_id,
            charger_id=assigned.charger_id,
            serial=assigned.serial,
            number=number,
            valid_from=valid[0],
            valid_until=valid[1],
            certificate=certificate,
            assignment=assigned.tenure,
        ),
    )


def revoke(
    command: RevokeChargerCertificate,
    state: Certificates,
    assigned: AssignedCharger,
    *,
    foreign: bool,
) -> tuple[ChargerCertificateRevoked, ...]:
    """
    Revoke a certificate; nothing, if it is so already.

    Args:
        command: which one, and why.
        state: what is known of the charger's certificates.
        assigned: the charger.
        foreign: other authorities are trusted too, of whose certificates nothing is known here.

    Raises:
        UnknownCertificate: there is none of that number.
    """
    known = {it.number for it in state.issued}
    if command.number not in known and not foreign:
        raise UnknownCertificate(
            f"charger {assigned.serial} was issued no certificate {command.number}; see which it has: "
            f"ampledger charger certificate list {assigned.serial}"
        )
    if command.number in state.revoked:
        return ()
    return revoked(assigned, command.number, command.reason)


def revoked(
    assigned: AssignedCharger, number: str, reason: str
) -> tuple[ChargerCertificateRevoked, ...]:
    """A certificate is good no more."""
    return (
        ChargerCertificateRevoked(
            installation_id=assigned.installation_id,
            charger_id=assigned.charger_id,
            serial=assigned.serial,
            number=number,
            reason=reason,
        ),
    )

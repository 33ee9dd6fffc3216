"""
Certificates for one connected charger: asked for by it, signed, handed over, renewed in time.

    ExtendedTriggerMessage(SignChargePointCertificate)    we have it ask, before its certificate ends
    SignCertificate                                       it has made a key, and asks
    CertificateSigned                                     the certificate; refused: it is revoked at once

Only who has shown that it is the charger gets a certificate that says so.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from cryptography import x509
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from services.telemetry import certificates
from services.telemetry.authority import Authority, number_of, pem_of
from services.telemetry.calls import Aside, CallFailed
from services.telemetry.charger import ACCEPTED, AssignedCharger
from services.telemetry.dialect import Tongue
from services.telemetry.handlers import Handler
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.identities import Proof
from services.telemetry.limits import NoAnswer, RejectedByCharger
from services.telemetry.parts import Parts
from services.telemetry.rotation import NotProven
from services.telemetry.said import CertificateAsked, Handled, Reply, Said
from shared.clock import utc_now
from shared.context import acting, context_of
from shared.decider import Refused
from shared.messages import Answer
from shared.messages.credentials import ChargerCertificateIssued
from shared.transact import ACCEPTED as ACCEPTED_ANSWER
from shared.transact import refusal_of

LOOK_S: Final = 3600.0
"""How often it is looked whether a certificate ends soon."""

log = structlog.get_logger()


class NoAuthority(Refused):
    """Nobody here signs certificates."""


class Signing:
    """The certificates of one connection."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        tongue: Tongue,
        proof: Proof,
        aside: Aside,
    ) -> None:
        self._parts = parts
        self._history = history
        self._tongue = tongue
        self._proof = proof
        self._aside = aside

    def routes(self) -> dict[type[Said], Handler]:
        """Name the handler of a charger that asks for a certificate."""
        return {CertificateAsked: self._sign_certificate}

    # --- Signing ---

    async def _sign_certificate(self, asked: CertificateAsked) -> Reply:
        try:
            certificate = await self._signed(asked.csr)
        except Refused as refusal:
            log.warning("no certificate", refusal=type(refusal).__name__, why=refusal.detail)
            return Handled("Rejected")
        self._aside(self._hand_over(certificate))
        return Handled(ACCEPTED)

    async def _signed(self, csr: str) -> x509.Certificate:
        """
        Sign a request, and put that on record.

        Raises:
            Refused: there is no authority, nothing is proven, or it may not be signed.
            LOG_FAULTS: it could not be put on record.
        """
        self._check()
        certificate, events = signed(self._parts, self._history.assigned, csr)
        await self._parts.certificates.record(self._history.assigned.serial, lambda _: events)
        log.info("certificate signed", number=number_of(certificate))
        return certificate

    def _check(self) -> None:
        authority_in(self._parts)
        if not self._proof.proven:
            raise NotProven(
                "whoever is connected as this charger has shown neither password nor certificate, so "
                "nobody knows that it is the charger; issue a password first: ampledger charger "
                f"credential issue {self._history.assigned.serial}"
            )

    async def _hand_over(self, certificate: x509.Certificate) -> None:
        """Give the charger its certificate; one that it does not take is revoked."""
        assigned, number = self._history.assigned, number_of(certificate)
        with acting(f"charger/{assigned.serial}"):
            try:
                status = await self._tongue.hand_certificate(chain_of(self._parts, certificate))
            except CallFailed as fault:
                status = str(fault)
            if status == ACCEPTED:
                log.info("certificate taken", number=number)
                return
            log.warning("certificate not taken, it is revoked", number=number, status=status)
            reason = f"the charger did not take it: {status}"
            try:
                await self._parts.certificates.record(
                    assigned.serial, lambda _: certificates.revoked(assigned, number, reason)
                )
            except LOG_FAULTS as fault:
                log.warning("revocation not put on record", number=number, fault=repr(fault))

    # --- Having it ask ---

    async def on_request(self, message: Msg) -> None:
        """Take the command that has the charger ask for a certificate."""
        given = context_of(message.headers, default_actor="anonymous")
        with acting(given.actor, given.correlation_id, given.causation_id):
            try:
                self._check()
                answer = await self._trigger()
            except Refused as refusal:
                answer = refusal_of(refusal)
        try:
            await message.respond(answer.model_dump_json(exclude_none=True).encode())
        except NatsError as error:
            log.warning("answer not sent", error=repr(error))

    async def _trigger(self) -> Answer:
        try:
            status = await self._tongue.ask_for_certificate()
        except CallFailed as fault:
            raise NoAnswer(
                f"{fault}; the charger may not know the security extensions of OCPP 1.6: have it make "
                "a request by itself, or sign one by hand: ampledger charger certificate issue"
            ) from fault
        if status != ACCEPTED:
            raise RejectedByCharger(
                f"the charger answered {status}; have it make a certificate request by itself, "
                "and sign that: ampledger charger certificate issue"
            )
        return ACCEPTED_ANSWER

    async def renew(self) -> None:
        """Have the charger ask for another certificate before the one that it has shown ends."""
        until = self._proof.certificate_until
        if until is None or self._parts.authority is None:
            return
        begin = until - timedelta(days=self._parts.settings.renew_days)
        while True:
            if utc_now() >= begin:
                try:
                    await self._trigger()
                except Refused as refusal:
                    log.warning("certificate not renewed yet", why=refusal.detail)
            await asyncio.sleep(LOOK_S)


def authority_in(parts: Parts) -> Authority:
    """
    Name who signs certificates.

    Raises:
        NoAuthority: nobody.
    """
    if parts.authority is None:
        raise NoAuthority(
            "nobody here signs certificates; set TELEMETRY_CA_CERT and TELEMETRY_CA_KEY to the files "
            "that this makes: ampledger charger certificate authority FOLDER"
        )
    return parts.authority


def signed(
    parts: Parts, assigned: AssignedCharger, csr: str
) -> tuple[x509.Certificate, tuple[ChargerCertificateIssued, ...]]:
    """
    Sign a certificate request.

    Returns:
        The certificate, and that it was issued: it is good once that is on record.

    Raises:
        NoAuthority, RequestRefused: it is not signed.
    """
    authority = authority_in(parts)
    request = authority.checked(csr, assigned)
    number = x509.random_serial_number()
    certificate = authority.signed(request, assigned.serial, number, utc_now())
    valid = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    pem = chain_of(parts, certificate)
    return certificate, certificates.issued(assigned, number_of(certificate), valid, pem)


def chain_of(parts: Parts, certificate: x509.Certificate) -> str:
    """Write a certificate and the one that signed it, unless that is a root, which says nothing new."""
    authority = parts.authority
    if authority is None or authority.is_root:
        return pem_of(certificate)
    return pem_of(certificate) + pem_of(authority.certificate)

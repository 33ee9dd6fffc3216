"""What one connected charger trusts, and sends: root certificates, signed firmware, its records."""

from collections.abc import Mapping, Sequence
from typing import Final

from cryptography import x509

from services.telemetry.calls import AnsweredError
from services.telemetry.charger import ACCEPTED
from services.telemetry.histories import History
from services.telemetry.limits import RejectedByCharger
from services.telemetry.parts import Parts
from services.telemetry.records import Records
from services.telemetry.reserving import id_of
from services.telemetry.upkeep import Root, SignedFirmware, Upkeep, Upload
from services.telemetry.upkeep_asking import Asking
from services.telemetry.wishes import answer_of, word_of
from shared.clock import utc_now
from shared.decider import Refused
from shared.messages import Answer, Told
from shared.messages.telemetry import FirmwareUpdateRequested
from shared.messages.upkeep import (
    Asked,
    CertificateUse,
    DeleteCertificate,
    DiagnosticsRequested,
    FetchDiagnostics,
    InstallCertificate,
    RaiseSecurityProfile,
    ReadCertificates,
    UpdateSignedFirmware,
    UpkeepCommand,
)
from shared.transact import ACCEPTED as ACCEPTED_ANSWER
from shared.transact import refusal_of

TAKEN: Final = frozenset({ACCEPTED, "AcceptedCanceled"})
"""It does it; the second, in place of what it was about (OCPP 1.6 security whitepaper)."""
USE_WORDS: Final = {
    CertificateUse.CENTRAL_SYSTEM: "us",
    CertificateUse.MANUFACTURER: "firmware",
}
PASSWORD, TLS, OWN_CERTIFICATE = 1, 2, 3
"""Security profiles: each has what the one before has, and more."""


class NotACertificate(Refused):
    """What was given is no certificate."""


class NoSuchCertificate(Refused):
    """The charger has no root certificate of that number."""


class LastCertificate(Refused):
    """Without the root certificate the charger could not connect any more."""


class NeverLessSecure(Refused):
    """The charger connects more securely already."""


class ProfileNotReady(Refused):
    """Something that the security profile needs is missing, so that the charger could not come again."""


class TrustDesk:
    """One method for every command."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        upkeep: Upkeep,
        asking: Asking,
        records: Records,
    ) -> None:
        self._parts = parts
        self._history = history
        self._upkeep = upkeep
        self._asking = asking
        self._records = records

    # --- Root certificates ---

    async def install(self, command: InstallCertificate, _: str) -> Answer:
        number = _number_of(command.certificate)
        why_not = {
            "Rejected": "it does not take this certificate",
            "Failed": "it could not keep it; it may have no room: delete another one",
        }
        return await self._asking.word(
            command,
            Asked.INSTALL_CERTIFICATE,
            self._upkeep.install_root(command.use, command.certificate),
            f"{number} to know {USE_WORDS[command.use]} by",
            why_not=why_not,
        )

    async def read(self, command: ReadCertificates, _: str) -> Answer:
        asked = Asked.READ_CERTIFICATES
        try:
            roots = await answer_of(self._upkeep.roots())
        except AnsweredError as error:
            return await self._refused(command, asked, str(error), _does_not_know(error))
        told = tuple(
            Told(name=_plain(it.number), value=USE_WORDS[it.use], note=it.issuer_name_hash)
            for it in roots
        )
        answer = ACCEPTED_ANSWER.model_copy(update={"told": told})
        return await self._asking.noted(command, asked, ACCEPTED, answer)

    async def delete(self, command: DeleteCertificate, _: str) -> Answer:
        asked = Asked.DELETE_CERTIFICATE
        try:
            roots = await answer_of(self._upkeep.roots())
        except AnsweredError as error:
            return await self._refused(command, asked, str(error), _does_not_know(error))
        root = self._chosen(command.number, roots)
        return await self._asking.word(
            command,
            asked,
            self._upkeep.delete_root(root),
            _plain(root.number),
            why_not={"Failed": "it keeps it", "NotFound": "it has it no more"},
        )

    def _chosen(self, number: str, roots: Sequence[Root]) -> Root:
        found = next((it for it in roots if _plain(it.number) == _plain(number)), None)
        if found is None:
            raise NoSuchCertificate(
                f"the charger has no root certificate {number}; see which it has: ampledger charger "
                f"certificate installed {self._history.assigned.serial}"
            )
        ours = [it for it in roots if it.use is CertificateUse.CENTRAL_SYSTEM]
        if found in ours and len(ours) == 1 and self._parts.settings.tls_cert is not None:
            raise LastCertificate(
                "it is the only one that the charger knows us by: without it the charger could not "
                "connect any more; install another one first"
            )
        return found

    # --- How securely it connects ---

    async def raise_profile(self, command: RaiseSecurityProfile, _: str) -> Answer:
        asked, profile = Asked.RAISE_SECURITY_PROFILE, command.profile
        await self._check_profile(profile)
        try:
            present = await answer_of(self._upkeep.security_profile())
        except AnsweredError as error:
            return await self._refused(command, asked, str(error), _does_not_know(error))
        if profile < present:
            raise NeverLessSecure(
                f"the charger connects by profile {present}, which is never lowered; only at the charger "
                "itself can that be undone"
            )
        if profile == present:
            return ACCEPTED_ANSWER
        return await self._asking.word(
            command,
            asked,
            self._upkeep.raise_security_profile(profile),
            f"profile {profile}",
            good={ACCEPTED: "", "RebootRequired": "it does so after its next restart"},
            why_not={"Rejected": "something that it needs for that is missing on the charger"},
        )

    async def _check_profile(self, profile: int) -> None:
        assigned, settings = self._history.assigned, self._parts.settings
        serial = assigned.serial
        if (
            profile >= TLS
            and settings.tls_cert is None
            and settings.plain_passwords != "allowed"
        ):
            raise ProfileNotReady(
                "the gateway speaks no TLS, so that the charger could not come again; set "
                "TELEMETRY_TLS_CERT and TELEMETRY_TLS_KEY"
            )
        if profile == OWN_CERTIFICATE:
            certificates = await self._parts.certificates.of(serial)
            if not certificates.demanded(assigned.tenure, utc_now()):
                raise ProfileNotReady(
                    "the charger has no certificate of its own yet; have it ask for one: ampledger "
                    f"charger certificate request {serial}"
                )
        elif not (await self._parts.passes.of(serial)).good(assigned.tenure):
            raise ProfileNotReady(
                "the charger has no password yet; give it one: ampledger charger credential rotate "
                f"{serial} --trust-connection"
            )

    # --- Firmware and records ---

    async def firmware(self, command: UpdateSignedFirmware, _: str) -> Answer:
        _number_of(command.signing_certificate)
        retrieve_at = command.retrieve_at or utc_now()
        firmware = SignedFirmware(
            command.location,
            retrieve_at,
            command.install_at,
            command.signature,
            command.signing_certificate,
        )
        request_id = id_of(command.command_id)
        status = await word_of(self._upkeep.update_signed_firmware(request_id, firmware))
        if status not in TAKEN:
            why = _FIRMWARE.get(status, "it keeps its firmware")
            return await self._refused(
                command, Asked.SIGNED_FIRMWARE, status, f"{status}: {why}", command.location
            )
        event = FirmwareUpdateRequested(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            location=command.location,
            retrieve_at=retrieve_at,
        )
        return await self._records.asked(event, command)

    async def send_records(self, command: FetchDiagnostics, _: str) -> Answer:
        asked = self._upkeep.send_records(
            command.log,
            command.location,
            id_of(command.command_id),
            command.since,
            command.until,
        )
        try:
            upload = await answer_of(asked)
        except AnsweredError as error:
            upload = Upload(str(error))
        if upload.status not in TAKEN:
            why = f"{upload.status}; it does not know how, or has other things to send"
            return await self._refused(
                command, Asked.DIAGNOSTICS, upload.status, why, command.location
            )
        event = DiagnosticsRequested(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            log=command.log,
            location=command.location,
            file_name=upload.file_name,
        )
        name = upload.file_name
        detail = (
            f"the charger sends {name}" if name else "the charger does not say what it sends"
        )
        answer = ACCEPTED_ANSWER.model_copy(update={"detail": detail})
        return await self._records.asked(event, command, answer)

    async def _refused(
        self, command: UpkeepCommand, asked: Asked, status: str, why: str, about: str = ""
    ) -> Answer:
        refusal = refusal_of(RejectedByCharger(f"the charger answered {why}"))
        return await self._asking.noted(command, asked, status, refusal, about)


_FIRMWARE: Final[Mapping[str, str]] = {
    "InvalidCertificate": "it does not trust who has signed it; install its maker's root certificate",
    "RevokedCertificate": "the certificate of who has signed it is revoked",
    "Rejected": "it will not at present",
}
"""OCPP 1.6 security whitepaper, UpdateFirmwareStatus."""


def _does_not_know(error: AnsweredError) -> str:
    return f"{error}; it may not know the security extensions of OCPP 1.6"


def _number_of(pem: str) -> str:
    try:
        return f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:X}"
    except ValueError:
        raise NotACertificate(
            "this is no certificate; give one in PEM, which begins with -----BEGIN CERTIFICATE-----"
        ) from None


def _plain(number: str) -> str:
    """
    Spell the number of a certificate as we do, however a charger spells it.

    >>> _plain("00ab"), _plain("AB"), _plain("0")
    ('AB', 'AB', '0')
    """
    return number.upper().lstrip("0") or "0"

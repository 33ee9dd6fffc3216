"""How chargers and meters show who they are: what telemetry takes and announces of it, without a secret."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field, StringConstraints

from shared.ids import ID_PATTERN, InstallationId, MeterId, Serial
from shared.messages import Command, InstallationEvent, Moment
from shared.messages.telemetry import ChargerEvent

CredentialId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]

CertificateNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{1,40}$")]
"""The serial number of a certificate (RFC 5280), in hexadecimal digits."""

CSR_CHARACTERS_MAX: Final = 5500
"""As long as a SignCertificate request of OCPP 1.6 can be."""

SERIALS_MAX: Final = 200
"""How many chargers one command can issue passwords for: as many as one can assign."""


# --- Commands ---


class CredentialCommand(Command):
    """A wish about how chargers of one installation show who they are."""

    service: ClassVar[str] = "telemetry"
    installation_id: InstallationId


class IssueChargerCredential(CredentialCommand):
    """
    Make each of these chargers a password, told in the first answer only.

    What a charger had before goes on until the charger has come with the new one.
    """

    serials: Annotated[tuple[Serial, ...], Field(min_length=1, max_length=SERIALS_MAX)]


class OneChargerCredential(CredentialCommand):
    """A wish about the password of one charger."""

    serial: Serial


class RotateChargerCredential(OneChargerCredential):
    """Give a connected charger a new password over its connection; nobody else gets to know it."""

    trust_connection: bool = False
    """Take whoever is connected as the charger for it, and give it its first password; otherwise only
    who has shown one is given another."""


class WithdrawChargerCredential(OneChargerCredential):
    """Let a charger in with none of the passwords it has been given."""

    let_in_without: bool = False
    """It needs none any more, where the gateway does not ask all chargers for one; otherwise it stays
    outside until it is issued another one."""


class IssueChargerCertificate(OneChargerCredential):
    """Sign a certificate request of a charger; the certificate is in `ChargerCertificateIssued`."""

    csr: Annotated[str, StringConstraints(max_length=CSR_CHARACTERS_MAX)]
    """PKCS #10, PEM; its common name is the serial number."""


class RequestChargerCertificate(OneChargerCredential):
    """Have a connected charger make a key and ask for a certificate of it."""


class RevokeChargerCertificate(OneChargerCredential):
    """Let a charger in with a certificate no more."""

    number: CertificateNumber
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class MeterTokenCommand(CredentialCommand):
    """A wish about how a meter at a breaker shows who it is."""

    meter_id: MeterId


class IssueMeterToken(MeterTokenCommand):
    """
    Make a meter a token, told in the first answer only.

    What it had before goes on until it has sent a reading with the new one.
    """


class WithdrawMeterToken(MeterTokenCommand):
    """Take readings with none of the tokens that a meter has been given."""

    let_in_without: bool = False
    """It needs none any more, where not all meters need one; otherwise it waits for another one."""


# --- Events ---


class CredentialEnd(StrEnum):
    """Why a password or a token is no longer taken."""

    REPLACED = "REPLACED"
    """The charger has come with a newer one."""
    WITHDRAWN = "WITHDRAWN"
    """Somebody has withdrawn it; the charger needs another one."""
    WAIVED = "WAIVED"
    """Somebody has withdrawn it; the charger needs none."""
    REMOVED = "REMOVED"
    """The charger or meter was taken away: whoever assigns or enters it next issues another one."""
    REJECTED = "REJECTED"
    """The charger did not take it over its connection, and keeps the one it has."""


class CredentialEvent(ChargerEvent):
    """A fact about one of a charger's passwords, known by an id that says nothing of it."""

    serial: Serial
    credential_id: CredentialId


class ChargerCredentialIssued(CredentialEvent):
    """A charger was made a password; from now on it is let in with one only."""

    assignment: str
    """The id of the event that assigned the charger; moves keep it, a removal ends it."""


class ChargerCredentialDelivered(CredentialEvent):
    """A charger has taken a new password over its connection, and will come with it."""


class ChargerCredentialEnded(CredentialEvent):
    """A password of a charger is no longer taken."""

    why: CredentialEnd
    detail: str = ""
    """What the charger has answered, where it did not take it."""


class ChargerCertificateIssued(ChargerEvent):
    """A certificate was signed for a charger: who has its key is that charger."""

    serial: Serial
    number: CertificateNumber
    valid_from: Moment
    valid_until: Moment
    certificate: str
    """PEM. Certificates are no secret."""
    assignment: str
    """The id of the event that assigned the charger; moves keep it, a removal ends it."""


class ChargerCertificateRevoked(ChargerEvent):
    """A certificate of a charger is no longer taken."""

    serial: Serial
    number: CertificateNumber
    reason: str


class MeterTokenEvent(InstallationEvent):
    """A fact about one of a meter's tokens, known by an id that says nothing of it."""

    service: ClassVar[str] = "telemetry"
    meter_id: MeterId
    credential_id: CredentialId


class MeterTokenIssued(MeterTokenEvent):
    """A meter was made a token; from now on its readings are taken with one only."""

    entered: str
    """The id of the event that entered the meter; when it is removed, the token ends."""


class MeterTokenEnded(MeterTokenEvent):
    """A token of a meter is no longer taken."""

    why: CredentialEnd

"""
What chargers are told and asked besides charging, and what comes of it: restarts, settings, reservations,
diagnostics, security. Telemetry takes and announces it.

Words are no version's of OCPP; where a charger's own answer is told, it is as the charger spells it.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from shared.ids import PersonId, SessionId
from shared.messages import Moment
from shared.messages.credentials import CertificateNumber
from shared.messages.permissions import CardMark
from shared.messages.telemetry import ChargerEvent, FirmwareLocation, SessionCommand

KEYS_MAX: Final = 50
"""How many settings one question may name."""

ConfigurationKey = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=220, pattern=r"^[^\s=]+$"
    ),
]
"""The name of a setting of a charger (OCPP 1.6: CiString50Type; of 2.x, a variable of a component, each
with its instance)."""
Pem = Annotated[str, StringConstraints(min_length=1, max_length=5500)]
"""A certificate, PEM; as long as OCPP 1.6 takes it."""
CardNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[0-9A-Za-z]{1,20}$")
]
"""What a card shows to a reader. It is told the charger, and kept nowhere."""


class UpkeepCommand(SessionCommand):
    """A wish about the hardware of one charger."""


# --- Commands: what it does ---


class Restart(StrEnum):
    """How a charger starts anew."""

    SOFT = "SOFT"
    """It ends what it does in good order first."""
    HARD = "HARD"
    """At once, as if its supply was cut."""


class RestartCharger(UpkeepCommand):
    """
    Have a charger start anew. It ends the session that runs: while one does, it is refused, unless
    `end_session` says that this is meant.
    """

    restart: Restart = Restart.SOFT
    end_session: bool = False


class UnlockConnector(UpkeepCommand):
    """
    Have a charger let go of a cable that is stuck in it. It ends the session that runs: while one does, it
    is refused, unless `end_session` says that this is meant.
    """

    end_session: bool = False


class ChangeAvailability(UpkeepCommand):
    """Take a charger out of use, or into use again; a session that runs goes on to its end first."""

    in_use: bool


class ClearCache(UpkeepCommand):
    """Have a charger forget which cards it has seen; its list of cards stays."""


class Trigger(StrEnum):
    """What a charger can be asked to say at once."""

    BOOT = "BOOT"
    """What it is; it counts as a start."""
    STATUS = "STATUS"
    READINGS = "READINGS"
    HEARTBEAT = "HEARTBEAT"
    FIRMWARE = "FIRMWARE"
    """How far it is with other firmware."""
    DIAGNOSTICS = "DIAGNOSTICS"
    """How far it is with sending its diagnostics."""
    SECURITY_LOG = "SECURITY_LOG"
    """How far it is with sending a log that `FetchDiagnostics` has asked for by request id."""


class TriggerMessage(UpkeepCommand):
    """Have a charger say something at once."""

    trigger: Trigger


# --- Commands: its settings ---


class ReadConfiguration(UpkeepCommand):
    """Read settings of a charger, all if none is named; they are in the answer (`told`)."""

    keys: Annotated[tuple[ConfigurationKey, ...], Field(max_length=KEYS_MAX)] = ()


class ChangeConfiguration(UpkeepCommand):
    """Change a setting of a charger; one that our promises rest on is refused, with what does it."""

    key: ConfigurationKey
    value: Annotated[str, StringConstraints(max_length=500)]


class SendData(UpkeepCommand):
    """Tell a charger something that only its vendor understands; what it says is in the answer (`told`)."""

    vendor: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    message: Annotated[str, StringConstraints(max_length=50)] | None = None
    data: Annotated[str, StringConstraints(max_length=4000)] | None = None


# --- Commands: reservations ---


class ReserveCharger(UpkeepCommand):
    """
    Keep a charger for somebody: a person, or whoever has a card.

    A person reserves for themselves, where they may charge. The operator says for whom. Said again for the
    same, it is theirs until the new moment.
    """

    person_id: PersonId | None = None
    card: CardNumber | None = None
    until: Moment


class CancelReservation(UpkeepCommand):
    """End the reservation of a charger: one's own, or any as its owner."""


# --- Commands: diagnostics and security ---


class LogKind(StrEnum):
    """Which of its records a charger sends."""

    DIAGNOSTICS = "DIAGNOSTICS"
    SECURITY = "SECURITY"
    """What concerned its security; chargers with the security extension have it."""


class FetchDiagnostics(UpkeepCommand):
    """Have a charger send its records to some address; how far it is, it says itself."""

    location: FirmwareLocation
    log: LogKind = LogKind.DIAGNOSTICS
    since: Moment | None = None
    until: Moment | None = None
    """What it is to send; none: all that it has, up to now."""


class CertificateUse(StrEnum):
    """What a root certificate on a charger is for."""

    CENTRAL_SYSTEM = "CENTRAL_SYSTEM"
    """To know us by."""
    MANUFACTURER = "MANUFACTURER"
    """To know firmware by."""


class InstallCertificate(UpkeepCommand):
    """Give a charger a root certificate, to know us or its firmware by."""

    use: CertificateUse
    certificate: Pem


class ReadCertificates(UpkeepCommand):
    """Read which root certificates a charger has; they are in the answer (`told`)."""


class DeleteCertificate(UpkeepCommand):
    """Have a charger forget a root certificate."""

    number: CertificateNumber


class RaiseSecurityProfile(UpkeepCommand):
    """
    Have a charger connect more securely from now on: 1 with a password, 2 with TLS as well, 3 with a
    certificate of its own. There is no way back.
    """

    profile: int = Field(ge=1, le=3)


class UpdateSignedFirmware(UpkeepCommand):
    """Have a charger fetch other firmware, and install it if its signature is good."""

    location: FirmwareLocation
    signature: Annotated[
        str, StringConstraints(min_length=1, max_length=800, pattern=r"^[A-Za-z0-9+/=]+$")
    ]
    """Of the firmware's content, base64."""
    signing_certificate: Pem
    """Whose signature it is; the charger knows who has signed it."""
    retrieve_at: Moment | None = None
    install_at: Moment | None = None
    """From when on; none: at once."""

    @model_validator(mode="after")
    def _in_order(self) -> "UpdateSignedFirmware":
        if self.retrieve_at and self.install_at and self.install_at < self.retrieve_at:
            raise ValueError(
                "install_at is before retrieve_at; it is fetched before it is installed"
            )
        return self


# --- Events ---


class Asked(StrEnum):
    """What a charger was asked from afar."""

    RESTART = "RESTART"
    UNLOCK = "UNLOCK"
    IN_USE = "IN_USE"
    OUT_OF_USE = "OUT_OF_USE"
    CLEAR_CACHE = "CLEAR_CACHE"
    TRIGGER = "TRIGGER"
    READ_CONFIGURATION = "READ_CONFIGURATION"
    CHANGE_CONFIGURATION = "CHANGE_CONFIGURATION"
    SEND_DATA = "SEND_DATA"
    RESERVE = "RESERVE"
    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    DIAGNOSTICS = "DIAGNOSTICS"
    INSTALL_CERTIFICATE = "INSTALL_CERTIFICATE"
    READ_CERTIFICATES = "READ_CERTIFICATES"
    DELETE_CERTIFICATE = "DELETE_CERTIFICATE"
    RAISE_SECURITY_PROFILE = "RAISE_SECURITY_PROFILE"
    SIGNED_FIRMWARE = "SIGNED_FIRMWARE"


class ChargerAsked(ChargerEvent):
    """A charger was asked something from afar, and what it answered; who asked, is in the metadata."""

    asked: Asked
    about: str = Field(default="", max_length=700)
    """What of it, such as the setting and its new value."""
    status: str
    """What the charger answered, in its own word."""
    session_id: SessionId | None = None
    """Which ends with it."""


class ChargerReserved(ChargerEvent):
    """A charger has agreed to let only somebody charge, for a while."""

    reservation_id: int
    person_id: PersonId | None = None
    """For whom; none where nobody is known by the card."""
    card_mark: CardMark
    """Of the card, or of what the charger was told in place of one."""
    until: Moment


class WhyReservationEnded(StrEnum):
    """What became of a reservation."""

    USED = "USED"
    """They have begun to charge."""
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    """They did not come in time."""


class ReservationEnded(ChargerEvent):
    """A charger is reserved no more."""

    reservation_id: int
    why: WhyReservationEnded
    session_id: SessionId | None = None
    """Which it was used for."""


class DiagnosticsRequested(ChargerEvent):
    """A charger was told to send its records, and has confirmed that it was told."""

    log: LogKind
    location: str
    file_name: str | None = None
    """What the charger says that it will be called; none: it has nothing to send, or does not say."""


class DiagnosticsStatusReported(ChargerEvent):
    """How far a charger says that it is with sending its records, in its own word."""

    status: str


class SecurityEventReported(ChargerEvent):
    """A charger reports something that concerns its security (OCPP 1.6 security whitepaper, section 6)."""

    kind: str
    """As the charger spells it, such as TamperDetectionActivated."""
    alarming: bool
    """Somebody has to look at it; other things happen every day."""
    reported_at: Moment
    """By the charger's clock."""
    info: str | None = None


class DataReceived(ChargerEvent):
    """A charger has said something that only its vendor understands; what it said is not kept."""

    vendor: str
    message: str | None = None
    characters: int = Field(ge=0)
    """How much it said."""
    status: str
    """What it was answered (OCPP 1.6 DataTransferStatus)."""

"""
What chargers say and are answered, in no version's words.

The dialects of OCPP read it out of requests and write the answers; nothing else in the service knows
which version a charger speaks. Words of states and reasons are those of OCPP 1.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

# --- What a charger says ---


@dataclass(frozen=True, slots=True)
class Booted:
    """It introduces itself."""

    vendor: str
    model: str
    firmware: str | None = None


@dataclass(frozen=True, slots=True)
class Alive:
    """It is there, and asks for the time."""


@dataclass(frozen=True, slots=True)
class StatusSaid:
    """How a connector is, or (connector 0) the charger as a whole."""

    connector: int
    status: str
    """OCPP 1.6 ChargePointStatus."""
    error_code: str
    """OCPP 1.6 ChargePointErrorCode."""
    info: str | None = None
    at: datetime | None = None
    """By the charger's clock, if it says so."""


@dataclass(frozen=True, slots=True)
class CardShown:
    """Somebody shows a card before a session."""

    number: str


NOWHERE: Final = (None, None, None)
"""Told at no terminal."""


class Measured(NamedTuple):
    """The values of one measurand in its base unit: at each terminal, and for all of the charger."""

    terminals: tuple[float | None, float | None, float | None] = NOWHERE
    overall: float | None = None

    @property
    def total(self) -> float | None:
        """What all of the charger shows; the sum over its terminals, if only they are told."""
        if self.overall is not None:
            return self.overall
        measured = [it for it in self.terminals if it is not None]
        return sum(measured) if measured else None


@dataclass(frozen=True, slots=True)
class Signed:
    """A value that the meter has signed, as it was received."""

    text: str
    context: str
    """OCPP 1.6 ReadingContext, such as Transaction.Begin."""
    format: str | None = None
    """What the charger says of how it is encoded, such as OCMF."""
    public_key: str | None = None
    """Of the meter, if the charger sends it along."""


class Sample(NamedTuple):
    """What a meter showed at one moment."""

    measured_at: datetime
    current: Measured
    """Amperes."""
    power: Measured
    """Watts."""
    energy: Measured
    """Watt-hours, of the register."""
    signed: tuple[Signed, ...] = ()


@dataclass(frozen=True, slots=True)
class Began:
    """A session has begun."""

    connector: int
    at: datetime
    register_wh: int
    card: str | None
    """The number of what was shown; none if nobody was asked who they are."""
    transaction: str | None = None
    """What the charger calls the session; none where we name it."""
    reservation: int | None = None
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class Metered:
    """What the meter showed."""

    connector: int
    transaction: str | None
    """In which session; none if the charger does not say."""
    samples: tuple[Sample, ...]

    @property
    def signed(self) -> bool:
        """Whether the meter has signed any of it."""
        return any(it.signed for it in self.samples)


@dataclass(frozen=True, slots=True)
class Ended:
    """A session has ended."""

    transaction: str | None
    """Which one; none if the charger was never told its name."""
    at: datetime
    register_wh: int
    reason: str
    """OCPP 1.6 Reason."""
    card: str | None = None
    """The number of what was shown to end it."""
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class FirmwareSaid:
    """How far it is with other firmware."""

    status: str
    """OCPP 1.6 FirmwareStatus."""


@dataclass(frozen=True, slots=True)
class DiagnosticsSaid:
    """How far it is with sending its records."""

    status: str
    """OCPP 1.6 DiagnosticsStatus, or UploadLogStatus of its security whitepaper."""


@dataclass(frozen=True, slots=True)
class SecuritySaid:
    """Something has happened that concerns its security."""

    kind: str
    at: datetime
    info: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateAsked:
    """It has made a key, and asks for a certificate."""

    csr: str
    """A certificate request (PEM)."""


@dataclass(frozen=True, slots=True)
class DataSent:
    """Something that only its vendor understands."""

    vendor: str
    message: str | None = None
    data: str | None = None


Said = (
    Booted
    | Alive
    | StatusSaid
    | CardShown
    | Began
    | Metered
    | Ended
    | FirmwareSaid
    | DiagnosticsSaid
    | SecuritySaid
    | CertificateAsked
    | DataSent
)

# --- What it is answered ---


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The answer to a charger that introduces itself."""

    status: str
    """Accepted, Pending or Rejected."""
    interval_s: int
    """Between signs of life; if it is not accepted, until it introduces itself again."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Time:
    """To what it sets its clock."""

    now: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody may charge, as a charger is told."""

    status: str
    """OCPP 1.6 AuthorizationStatus."""
    until: datetime | None = None
    """When that ends by itself."""
    parent: str | None = None
    """The same for all cards that stand for one another."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The answer to a session that has begun."""

    standing: Standing
    transaction_id: int
    """Our number of the session."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of something else, in a word."""

    status: str


Reply = Welcomed | Time | Standing | Begun | Handled | None
"""None: there is nothing to say."""

Replies = Sequence[Reply]

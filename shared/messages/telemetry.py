"""What the telemetry service takes and announces: chargers, their sessions and readings."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, StringConstraints

from shared.ids import ChargerId, InstallationId, MeterId, PersonId, Serial, SessionId
from shared.messages import Command, Event, InstallationEvent, Message, Moment, Upcast
from shared.messages.permissions import CardMark
from shared.phases import PhaseCurrents, Terminals
from shared.units import Amperes, RegisterWattHours, SignedAmperes

# --- Commands to the gateway that holds the charger's connection ---


class ChargerCommand(Command):
    """A wish to one charger."""

    service: ClassVar[str] = "telemetry"
    installation_id: InstallationId
    charger_id: ChargerId


class SetCurrentLimit(ChargerCommand):
    """
    Draw no more than this from now on, until `valid_until`; then fall back to the fail-safe.

    `sequence` rises with every limit of a charger; a gateway refuses a command whose `epoch` is
    older than the newest it has seen for the installation, so that two balancers cannot fight.
    """

    limit_a: Amperes
    valid_until: Moment
    sequence: int = Field(ge=1)
    epoch: int = Field(ge=1)
    terminals: Terminals | None = None
    """From which of its terminals to charge, if it can switch; none: from all that the car uses."""


class SessionCommand(Command):
    """A wish about one charger or its session; it comes at the two doors of the service."""

    service: ClassVar[str] = "telemetry"
    installation_id: InstallationId
    charger_id: ChargerId


class StartCharging(SessionCommand):
    """
    Have the car at a charger charge, as if its driver had shown a card.

    A person asks for themselves. The operator of the platform may say for whom.
    """

    person_id: PersonId | None = None


class StopCharging(SessionCommand):
    """End the session at a charger: one's own, or any as its owner."""


FirmwareLocation = Annotated[
    str,
    StringConstraints(pattern=r"^(https?|ftps?|sftp)://[^\s/?#@]+(/[^\s]*)?$", max_length=512),
]
"""Where a charger gets firmware from (OCPP 1.6, UpdateFirmware). It is kept in the log, so it names no user
and no password."""


class UpdateFirmware(SessionCommand):
    """Have a charger fetch other firmware and install it; how far it has come, it says itself."""

    location: FirmwareLocation
    retrieve_at: Moment | None = None
    """From when on it may fetch it; none: at once."""


# --- Events ---


class ChargerEvent(InstallationEvent):
    """A fact about one charger."""

    service: ClassVar[str] = "telemetry"
    charger_id: ChargerId


def _connected_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"remote": ""}


class ChargerConnected(ChargerEvent):
    """A charger has connected and was accepted: its fail-safe is in force."""

    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _connected_2}
    serial: Serial
    vendor: str
    model: str
    firmware: str | None = None
    gateway_id: str
    remote: str
    """The network address it connected from; empty where it is not known."""


class ChargerDisconnected(ChargerEvent):
    """The connection to a charger is gone; what the charger does is its last limit, then its
    fail-safe.
    """

    gateway_id: str
    reason: str


class ChargerStatusChanged(ChargerEvent):
    """A charger reports another state (OCPP 1.6 ChargePointStatus, as the charger spells it)."""

    status: str
    error_code: str
    reported_at: Moment


class FaultReported(ChargerEvent):
    """A charger reports a fault (OCPP 1.6 ChargePointErrorCode other than NoError)."""

    error_code: str
    info: str | None = None
    reported_at: Moment


def _started_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"person_id": None, "card_mark": None}


def _transaction_unnamed(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"transaction": None}


class SessionStarted(ChargerEvent):
    """A car is plugged in and a charging session runs; whether it gets current is decided by the
    balancer.
    """

    schema_version: ClassVar[int] = 3
    upcasts: ClassVar[dict[int, Upcast]] = {1: _started_2, 2: _transaction_unnamed}
    session_id: SessionId
    transaction_id: int
    started_at: Moment
    register_wh: int
    person_id: PersonId | None = None
    """Whose it is; none where nobody is known by what was shown."""
    card_mark: CardMark | None = None
    """Of what was shown: a card, or an authorisation from the app, which is for one session."""
    transaction: str | None = None
    """What the charger calls it (OCPP 2.x, transactionId); none if it calls it by `transaction_id`."""


class SessionEnded(ChargerEvent):
    """A charging session is over; `energy_wh` is the difference of the charger's registers."""

    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _transaction_unnamed}
    session_id: SessionId
    transaction_id: int
    ended_at: Moment
    register_wh: int
    energy_wh: int
    reason: str
    transaction: str | None = None
    """What the charger calls it; see `SessionStarted`."""


class SignedValueReceived(ChargerEvent):
    """
    A value that a meter has signed came from a charger, of one of its sessions.

    The value itself may name whoever charged, and is not in the log: telemetry has it, for some time, and
    gives it out unchanged. `sha256` tells that it is this one.
    """

    session_id: SessionId
    context: str
    """When it was taken (OCPP 1.6 ReadingContext), such as Transaction.Begin."""
    format: str | None = None
    """As the charger calls it, such as OCMF."""
    measured_at: Moment
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    """How long it is."""


class Through(StrEnum):
    """What a driver has shown."""

    CARD = "CARD"
    APP = "APP"


class DriverEvent(ChargerEvent):
    """Whether somebody may charge was decided, when a charger or the app asked."""

    through: Through
    card_mark: CardMark
    """Of the card; of an authorisation from the app, of what it will be known by."""
    person_id: PersonId | None = None
    """Whose it is; none where nobody is known by it."""
    reason: str
    known_position: int = Field(ge=0)
    """In the log of permissions: up to where it was known when this was decided."""
    known_as_of: Moment | None = None
    """When that was certainly all there was; none where nothing was ever heard of permissions."""


class DriverAuthorized(DriverEvent):
    """Somebody may charge at a charger."""

    until: Moment | None = None
    """When the right to it ends by itself."""


class DriverRefused(DriverEvent):
    """Somebody may not charge at a charger, or may not end somebody else's session."""

    status: str
    """What the charger was told (OCPP 1.6 AuthorizationStatus)."""


class Wish(StrEnum):
    """What was asked of a charger from afar."""

    START = "START"
    STOP = "STOP"


class ChargingRequested(ChargerEvent):
    """A charger was asked from afar to begin or to end a session; who asked, is in the metadata."""

    wish: Wish
    status: str
    """What the charger answered (OCPP 1.6 RemoteStartStopStatus, or a CALLERROR)."""
    person_id: PersonId | None = None
    """Whose session it is or would be; none where nobody is known."""
    session_id: SessionId | None = None
    """Which is to end."""


class FirmwareUpdateRequested(ChargerEvent):
    """A charger was told to fetch other firmware, and has confirmed that it was told."""

    location: str
    retrieve_at: Moment


class FirmwareStatusReported(ChargerEvent):
    """How far a charger says that it is with other firmware (OCPP 1.6, FirmwareStatus)."""

    status: str


class SchemaViolationTolerated(ChargerEvent):
    """
    A charger breaks a schema of OCPP in a way that leaves no doubt what is meant, and was taken at that.

    Each way is on record once for a charger, however often it happens.
    """

    action: str
    """Of which request, as OCPP calls it."""
    field: str
    """Where in it, such as `meterValue[].sampledValue[].unit`."""
    rule: str
    """What of the schema is broken, as JSON Schema calls it."""


class ClockDriftMeasured(ChargerEvent):
    """
    A charger's clock was found to be wrong, wrong by something else, or right again.

    On record when it is off by more than 10 s, when that changes by more than 10 s, and when it is off by
    no more than 5 s again. Times of readings and sessions are corrected by it.
    """

    drift_s: float
    """The charger's time minus ours."""


class FailSafeApplied(ChargerEvent):
    """A charger has confirmed what it falls back to when no limit is in force."""

    fail_safe_a: Amperes


class CurrentLimitApplied(ChargerEvent):
    """A charger has confirmed a limit. Its car may take another 5 s to follow."""

    limit_a: Amperes
    valid_until: Moment
    sequence: int
    epoch: int
    applied_at: Moment


NOT_TELLABLE: Final = "PhaseNotTellable"
"""In place of a charger's answer: its protocol has no word for the phase to use, so it was not asked."""


def _rejected_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"terminals": None}


class CurrentLimitRejected(ChargerEvent):
    """A charger did not take a limit; what it had before stays in force."""

    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _rejected_2}
    brought: ClassVar[dict[int, tuple[str, ...]]] = {2: ("terminals",)}
    limit_a: Amperes
    sequence: int
    epoch: int
    status: str
    terminals: Terminals | None = None
    """From which it was to charge; none: from all that the car uses."""


class Place(StrEnum):
    """Whether a charger that was refused knocks from where it was connected before."""

    UNKNOWN = "UNKNOWN"
    AS_BEFORE = "AS_BEFORE"
    ELSEWHERE = "ELSEWHERE"


def _refused_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"place": Place.UNKNOWN}


class ChargerRefused(Event):
    """A charger nobody assigned has tried to connect, or one that may not; nothing was granted."""

    service: ClassVar[str] = "telemetry"
    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _refused_2}
    serial: Serial
    reason: str
    remote: str
    place: Place

    @property
    def aggregate_id(self) -> str:
        return self.serial


# --- Readings: telemetry, not decisions; they go to a jetstream of bounded age, not into a log ---


class MeterReading(Message):
    """What a charger's meter showed, on the grid's lines."""

    installation_id: InstallationId
    charger_id: ChargerId
    session_id: SessionId | None = None
    measured_at: Moment
    """By the charger's clock."""
    received_at: Moment
    """By ours."""
    current_a: PhaseCurrents
    register_wh: int | None = None
    power_w: float | None = None


class BreakerReading(Message):
    """What a meter at a breaker showed; below 0 where it feeds the grid."""

    installation_id: InstallationId
    meter_id: MeterId
    measured_at: Moment
    """By the meter's clock."""
    received_at: Moment
    """By ours."""
    current_a: tuple[SignedAmperes | None, SignedAmperes | None, SignedAmperes | None]
    """On L1, L2 and L3; none where it gives no current of a line."""
    import_wh: RegisterWattHours | None = None
    """Its register of what was taken there, in watt-hours; none where it gives none."""
    export_wh: RegisterWattHours | None = None
    """Its register of what was fed back there."""

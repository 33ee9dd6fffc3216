"""What is known of one charger, folded from its own history."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal, assert_never

from pydantic import BaseModel, ConfigDict

from services.telemetry.held import Held, HeldFact, fold_held, taken
from shared.ids import ChargerId, InstallationId, PersonId, Serial, SessionId
from shared.messages import Event
from shared.messages.holding import (
    FailSafeNotInForce,
    LimitNotInForce,
    LimitsShown,
    LimitWayChosen,
)
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerRefused,
    ChargerStatusChanged,
    ClockDriftMeasured,
    CurrentLimitApplied,
    CurrentLimitRejected,
    FailSafeApplied,
    FaultReported,
    FirmwareStatusReported,
    SchemaViolationTolerated,
    SessionEnded,
    SessionStarted,
)
from shared.messages.upkeep import ChargerReserved, ReservationEnded
from shared.phases import GridType, Wiring
from shared.units import CHARGER_A_MAX, TOLERANCE_A, Amperes

NO_ERROR: Final = "NoError"
ACCEPTED: Final = "Accepted"

Commissioning = Literal["fail-safe", "none"]

ChargerFact = (
    ChargerConnected
    | ChargerDisconnected
    | ChargerRefused
    | ChargerStatusChanged
    | FaultReported
    | SessionStarted
    | SessionEnded
    | FailSafeApplied
    | CurrentLimitApplied
    | CurrentLimitRejected
    | FirmwareStatusReported
    | ChargerReserved
    | ReservationEnded
    | HeldFact
    | SchemaViolationTolerated
    | ClockDriftMeasured
)


class AssignedCharger(BaseModel):
    """What the installation service says of a charger."""

    model_config = ConfigDict(frozen=True)

    installation_id: InstallationId
    charger_id: ChargerId
    serial: Serial
    wiring: Wiring
    grid_type: GridType
    fail_safe_a: Amperes
    assignment: str = ""
    """The id of the event that assigned it: a serial that was removed and assigned again, anywhere,
    has another one."""
    tenure: str = ""
    """The id of the event that assigned it before it was ever moved: what it shows who it is with
    is good for that long."""
    authentication_required: bool = False
    """Drivers must show who they are before they charge."""
    most_a: float = CHARGER_A_MAX
    """What the charger offers at most by itself."""
    barred: str | None = None
    """Why it gets no current at all, as in "its serial is locked"; none: it may charge."""

    def same_place(self, other: "AssignedCharger") -> bool:
        """Tell whether the charger stands where it stood, and never left in between."""
        return (self.installation_id, self.charger_id, self.serial, self.assignment) == (
            other.installation_id,
            other.charger_id,
            other.serial,
            other.assignment,
        )

    def barred_because(self, reason: str) -> "AssignedCharger":
        """Say of the same charger that it gets no current at all."""
        return self.model_copy(update={"barred": reason, "fail_safe_a": 0.0})

    @property
    def stream(self) -> str:
        """The event-store stream of the charger's history."""
        return f"charger-{self.charger_id}"

    def concerns(self, event: Event) -> bool:
        """Tell whether an event of the stream is about this charger, not an earlier one of
        the same name in another installation.
        """
        if isinstance(event, ChargerRefused):
            return event.serial == self.serial
        return event.aggregate_id == self.installation_id


@dataclass(frozen=True, slots=True)
class Session:
    """A charging session that runs."""

    session_id: SessionId
    transaction_id: int
    started_at: datetime
    register_wh: int
    person_id: PersonId | None = None
    """Whose it is, if that is known."""
    card_mark: str | None = None
    """Of what it was begun with."""
    transaction: str | None = None
    """What the charger calls it; none if it calls it by our number."""

    @property
    def name(self) -> str:
        """What the charger calls it."""
        return self.transaction or str(self.transaction_id)


@dataclass(frozen=True, slots=True)
class Reservation:
    """For whom a charger is kept, or was last."""

    reservation_id: int
    person_id: PersonId | None
    card_mark: str
    """Of the card, or of what the charger was told in place of one."""
    until: datetime
    ended: bool = False

    def holds(self, now: datetime) -> bool:
        """Tell whether only they may charge."""
        return not self.ended and now < self.until

    def lets(self, mark: str, person_id: PersonId | None) -> bool:
        """Tell whether something that is shown stands for whom the charger is kept for."""
        return mark == self.card_mark or (person_id is not None and person_id == self.person_id)


@dataclass(frozen=True, slots=True)
class LimitAnswered:
    """The newest limit that the charger has answered, and how."""

    epoch: int
    sequence: int
    status: str


@dataclass(frozen=True, slots=True)
class Charger:
    """Only what decisions need."""

    serial: Serial | None = None
    """Of the hardware that was connected last."""
    vendor: str = ""
    model: str = ""
    firmware: str | None = None
    firmware_status: str | None = None
    """How far it said last that it was with other firmware."""
    remote: str = ""
    """The network address from which it was connected last; empty while none is known."""
    connected_to: str | None = None
    """The gateway that holds the connection; none while there is none."""
    fail_safe_a: float | None = None
    """What the charger has confirmed to fall back to."""
    status: str | None = None
    error_code: str = NO_ERROR
    fault: str = NO_ERROR
    """The fault that was reported last."""
    session: Session | None = None
    register_wh: int | None = None
    """What its meter showed when a session began or ended last."""
    limit: LimitAnswered | None = None
    reservation: Reservation | None = None
    held: Held = field(default_factory=Held)
    tolerated: frozenset[str] = frozenset()
    """In which ways it was seen to break the schemas of OCPP."""
    clock_drift_s: float = 0.0
    """How far its clock was off when that was news last: its time minus ours."""


def way_of(action: str, field: str, rule: str) -> str:
    """Name a way of breaking the schemas of OCPP."""
    return f"{action} {field} {rule}"


def fail_safe_in_force(state: Charger, assigned: AssignedCharger) -> bool:
    """Tell whether the charger has confirmed the fail-safe that its place asks for."""
    if state.fail_safe_a is None:
        return False
    return abs(state.fail_safe_a - assigned.fail_safe_a) <= TOLERANCE_A


def may_go_on(state: Charger, assigned: AssignedCharger, commissioning: Commissioning) -> bool:
    """
    Tell whether a charger was accepted before and may be again, at once.

    Another piece of hardware under the same charger id begins anew: what the old one has
    confirmed says nothing about it.
    """
    if state.serial != assigned.serial:
        return False
    return commissioning == "none" or fail_safe_in_force(state, assigned)


def open_session(state: Charger, assigned: AssignedCharger) -> Session | None:
    """Name the session whose end a charger has yet to tell; not that of hardware before it."""
    return state.session if state.serial == assigned.serial else None


def as_left(history: Iterable[ChargerFact], left: AssignedCharger) -> Charger:
    """Fold what one piece of hardware has left behind at a place, whoever stood there since."""
    state, here = Charger(), False
    for event in history:
        if isinstance(event, ChargerConnected):
            here = event.serial == left.serial
        if left.concerns(event) and (here or isinstance(event, SessionEnded)):
            state = evolve(state, event)
    return state


def _without_its_past(state: Charger) -> Charger:
    if state.serial is None:
        return state
    return replace(
        state,
        session=None,
        register_wh=None,
        status=None,
        error_code=NO_ERROR,
        fault=NO_ERROR,
        firmware_status=None,
        reservation=None,
        clock_drift_s=0.0,
    )


def _said(
    state: Charger,
    event: FaultReported
    | FirmwareStatusReported
    | SchemaViolationTolerated
    | ClockDriftMeasured,
) -> Charger:
    """What it says of itself, and how."""
    if isinstance(event, ClockDriftMeasured):
        return replace(state, clock_drift_s=event.drift_s)
    if isinstance(event, SchemaViolationTolerated):
        way = way_of(event.action, event.field, event.rule)
        return replace(state, tolerated=state.tolerated | {way})
    if isinstance(event, FaultReported):
        return replace(state, fault=event.error_code)
    return replace(state, firmware_status=event.status)


def _in_session(state: Charger, event: SessionStarted | SessionEnded) -> Charger:
    """Which session runs."""
    if isinstance(event, SessionEnded):
        open_one = state.session
        if open_one is None or open_one.session_id != event.session_id:
            return state
        return replace(state, session=None, register_wh=event.register_wh)
    session = Session(
        session_id=event.session_id,
        transaction_id=event.transaction_id,
        started_at=event.started_at,
        register_wh=event.register_wh,
        person_id=event.person_id,
        card_mark=event.card_mark,
        transaction=event.transaction,
    )
    return replace(state, session=session, register_wh=event.register_wh)


def _kept(state: Charger, event: ChargerReserved | ReservationEnded) -> Charger:
    """For whom it is kept; one that has ended is remembered, since what it told may come once more."""
    if isinstance(event, ChargerReserved):
        kept = Reservation(event.reservation_id, event.person_id, event.card_mark, event.until)
        return replace(state, reservation=kept)
    before = state.reservation
    if before is None or before.reservation_id != event.reservation_id:
        return state
    return replace(state, reservation=replace(before, ended=True))


def _connected(state: Charger, event: ChargerConnected) -> Charger:
    # Other hardware knows nothing of the session of the one before, nor of its status.
    known = state if event.serial == state.serial else _without_its_past(state)
    return replace(
        known,
        serial=event.serial,
        vendor=event.vendor,
        model=event.model,
        firmware=event.firmware,
        remote=event.remote,
        connected_to=event.gateway_id,
        held=state.held.of(event.serial),
    )


def _limited(
    state: Charger, event: CurrentLimitApplied | CurrentLimitRejected | HeldFact
) -> Charger:
    match event:
        case CurrentLimitApplied():
            answered = LimitAnswered(event.epoch, event.sequence, ACCEPTED)
            return replace(state, limit=answered, held=taken(state.held, event))
        case CurrentLimitRejected():
            answered = LimitAnswered(event.epoch, event.sequence, event.status)
            return replace(state, limit=answered)
        case _:
            return replace(state, held=fold_held(state.held, event))


def evolve(state: Charger, event: ChargerFact) -> Charger:
    """Fold an event into what is known; history is not up for debate."""
    match event:
        case ChargerConnected():
            return _connected(state, event)
        case ChargerDisconnected():
            return replace(state, connected_to=None)
        case ChargerRefused() | FailSafeApplied():
            # One that refuses its fail-safe is not relied upon for what it confirmed once.
            confirmed_a = event.fail_safe_a if isinstance(event, FailSafeApplied) else None
            return replace(state, fail_safe_a=confirmed_a)
        case ChargerStatusChanged():
            fault = NO_ERROR if event.error_code == NO_ERROR else state.fault
            return replace(state, status=event.status, error_code=event.error_code, fault=fault)
        case (
            FaultReported()
            | FirmwareStatusReported()
            | SchemaViolationTolerated()
            | ClockDriftMeasured()
        ):
            return _said(state, event)
        case ChargerReserved() | ReservationEnded():
            return _kept(state, event)
        case SessionStarted() | SessionEnded():
            return _in_session(state, event)
        case CurrentLimitApplied() | CurrentLimitRejected():
            return _limited(state, event)
        case LimitWayChosen() | LimitNotInForce() | FailSafeNotInForce() | LimitsShown():
            return _limited(state, event)
        case _:
            assert_never(event)

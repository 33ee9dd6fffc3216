"""
Documents: what the portal remembers of an installation.

Every kind is written by one log's follower only, so that no two followers ever meet on a row:
`Layout` from the installation log, `Condition` and `Refusal` from the telemetry log, `Share` and
`Overload` from the balancer log. The view joins them.
"""

from pydantic import BaseModel, ConfigDict

from shared.ids import (
    ChargerId,
    CircuitId,
    InstallationId,
    LimitId,
    MeterId,
    PersonId,
    Serial,
    SessionId,
)
from shared.messages import Moment
from shared.messages.balancer import MAIN, LimitedBy
from shared.messages.holding import Holds
from shared.messages.installation_terms import (
    LimitOwner,
    Measures,
    MeterKind,
    PeakPeriod,
    ScheduleRule,
    Tariff,
    WeeklyWindow,
)
from shared.messages.telemetry import Place
from shared.messages.upkeep import LogKind
from shared.phases import GridType, Phase, PhaseCurrents, PhaseSwitching, Wiring
from shared.units import PILOT_MIN_A
from shared.weekly import CurrentSchedule


class Document(BaseModel):
    """A read model; new fields have defaults, so that older documents can be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# --- Layout: one per installation ---


class Deactivation(Document):
    """Since when something is out of use, and why."""

    at: Moment
    reason: str | None = None


class Circuit(Document):
    """A breaker beneath the main one (`parent_id` is none) or beneath another one."""

    circuit_id: CircuitId
    parent_id: CircuitId | None
    name: str
    breaker_a: float
    set_a: float
    deactivated: Deactivation | None = None
    """On its own; one above it may be deactivated as well."""


class Lock(Document):
    """What a charger went down with: a circuit, or (`circuit_id` is none) the installation."""

    circuit_id: CircuitId | None
    at: Moment


class Wish(Document):
    """Until when a car is to have how much energy."""

    departure_at: Moment
    energy_wh: int


class Charger(Document):
    """A charger and the circuit it stands on."""

    charger_id: ChargerId
    circuit_id: CircuitId
    serial: Serial
    name: str
    wiring: Wiring
    max_a: float
    min_a: float = PILOT_MIN_A
    breaker_a: float | None = None
    fail_safe_a: float
    fail_safe_wished: bool = False
    priority: int = 0
    phase_switching: PhaseSwitching = PhaseSwitching.NONE
    lock: Lock | None = None
    authentication_required: bool | None = None
    """Of its drivers; none: as the installation has it."""
    wish: Wish | None = None
    """What was wished last; its time may have passed."""


class Removed(Document):
    """A charger that stood here once, where it stood last."""

    charger: Charger
    at: Moment
    moved_to: InstallationId | None = None


class AgreedLimit(Document):
    """What somebody allows at a breaker (none: the main one), from when on, until when, at what times."""

    limit_id: LimitId
    circuit_id: CircuitId | None
    owner: LimitOwner
    limit_a: PhaseCurrents | None
    power_w: float | None
    includes_load: bool
    begins: Moment | None
    until: Moment | None
    windows: tuple[WeeklyWindow, ...]


class AgreedPeak(Document):
    """What the mean power at a breaker (none: the main one) is to stay below."""

    circuit_id: CircuitId | None
    peak_w: float
    per: PeakPeriod


class Meter(Document):
    """What measures load that is not ours, at a breaker (none: the main one)."""

    meter_id: MeterId
    circuit_id: CircuitId | None
    kind: MeterKind
    measures: Measures
    phases: tuple[Phase, ...]
    highest_a: float
    error_a: float
    interval_s: float


class Layout(Document):
    """
    An installation as it is set up.

    Circuits and chargers are tuples, in the order in which they came: the database would not
    keep the order of a mapping's keys.
    """

    installation_id: InstallationId
    name: str
    address: str
    grid_type: GridType
    breaker_a: float
    category: str = ""
    country: str = ""
    type: str = ""
    time_zone: str = "Etc/UTC"
    circuits: tuple[Circuit, ...] = ()
    chargers: tuple[Charger, ...] = ()
    removed: tuple[Removed, ...] = ()
    """The latest ones, the newest first."""
    deactivated: Deactivation | None = None
    available_a: PhaseCurrents | None = None
    """What all chargers together may draw; none: as much as the breakers allow."""
    available_until: Moment | None = None
    schedule: tuple[ScheduleRule, ...] = ()
    """What they may draw at which times of the week; the lower of both holds."""
    limits: tuple[AgreedLimit, ...] = ()
    peaks: tuple[AgreedPeak, ...] = ()
    meters: tuple[Meter, ...] = ()
    otherwise_a: PhaseCurrents | None = None
    """What the schedule says for all other times; none: as much as the breakers allow."""
    authentication_required: bool = False
    switch_current_a: float | None = None
    imbalance_a: float | None = None
    tariffs: tuple[Tariff, ...] = ()
    """What charging costs, by the day from which it does."""
    position: int
    version: int = 0
    """How many events it has had; 0 if that was not counted yet when this was written."""
    """Of the newest event it was folded from: whoever sees another one sees another layout."""

    def path(self, circuit_id: CircuitId) -> tuple[CircuitId, ...]:
        """Name a circuit and all above it, up to the main breaker; those that are known."""
        way: list[CircuitId] = []
        here: CircuitId | None = circuit_id
        while here is not None and here != MAIN and here not in way:
            way.append(here)
            circuit = self.circuit(here)
            here = None if circuit is None else circuit.parent_id
        return (*way, MAIN)

    @property
    def current_schedule(self) -> CurrentSchedule | None:
        """What holds at which times of the week; none, if there is no schedule."""
        if not self.schedule:
            return None
        return CurrentSchedule(self.schedule, self.otherwise_a, self.time_zone)

    def in_use(self, circuit_id: CircuitId) -> bool:
        """Tell whether a circuit, all above it and the installation are active."""
        above: CircuitId | None = circuit_id
        while self.deactivated is None and above is not None and above != MAIN:
            circuit = self.circuit(above)
            if circuit is None or circuit.deactivated is not None:
                return False
            above = circuit.parent_id
        return self.deactivated is None

    def circuit(self, circuit_id: CircuitId) -> Circuit | None:
        """Find a circuit by its id."""
        return next((it for it in self.circuits if it.circuit_id == circuit_id), None)


# --- Condition: one per charger ---


class Session(Document):
    """A car is plugged in."""

    session_id: SessionId
    heard_at: Moment
    """When we heard that it started: a charger's own clock may be wrong."""
    register_wh: int


class Applied(Document):
    """A limit that the charger has confirmed."""

    limit_a: float
    valid_until: Moment
    sequence: int


class Rejected(Document):
    """A limit that the charger would not take."""

    limit_a: float
    sequence: int
    status: str
    rejected_at: Moment


class Fault(Document):
    """What a charger complains about."""

    error_code: str
    info: str | None = None
    reported_at: Moment


class FirmwareUpdate(Document):
    """What a charger was told last to fetch, and how far it says that it is."""

    location: str | None = None
    """None: it was not told by us."""
    requested_at: Moment | None = None
    status: str | None = None
    reported_at: Moment | None = None


class Kept(Document):
    """For whom a charger is kept, until when."""

    reservation_id: int
    person_id: PersonId | None = None
    """None: for whoever has a card that is nobody's."""
    until: Moment


class Sent(Document):
    """Which records a charger was told last to send, and how far it says that it is."""

    log: LogKind = LogKind.DIAGNOSTICS
    location: str | None = None
    """None: it was not told by us."""
    requested_at: Moment | None = None
    status: str | None = None
    reported_at: Moment | None = None


class Limiting(Document):
    """In which way a charger can be limited, and what its own schedule shows beyond what it confirmed."""

    holds: Holds = Holds.STACKED
    reason: str = ""
    """Why in no better way."""
    limit_shown_a: float | None = None
    fail_safe_shown_a: float | None = None


class Condition(Document):
    """A charger as it tells of itself."""

    online: bool = False
    since: Moment | None = None
    """When it came online, or went offline; none if it never was online."""
    serial: Serial | None = None
    """Of the charger that tells this: another one may have had the id before."""
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    firmware_update: FirmwareUpdate | None = None
    status: str | None = None
    fault: Fault | None = None
    session: Session | None = None
    applied: Applied | None = None
    rejected: Rejected | None = None
    fail_safe_a: float | None = None
    """As the charger has confirmed it."""
    limiting: Limiting | None = None
    kept: Kept | None = None
    """As it was told last: its time may be over."""
    sent: Sent | None = None


# --- Share: one per charger ---


class Share(Document):
    """What the balancer has decided for a charger, and why."""

    limit_a: float | None = None
    """None: nothing was allocated yet."""
    phases: tuple[Phase, ...] = ()
    valid_until: Moment | None = None
    limited_by: LimitedBy
    waiting_since: Moment | None = None
    ignored_a: float | None = None
    """What the car drew when it was found to draw more than it was told."""
    position: int | None = None
    """Of the decision, in the balancer's log; none of one that was folded before this was remembered."""
    decided_at: Moment | None = None


# --- Overload: one per breaker; Refusal: one per serial ---


class Overload(Document):
    """The latest time a breaker was found to carry more than it may."""

    phase: Phase
    measured_a: float
    set_a: float
    detected_at: Moment


class Refusal(Document):
    """The latest time a charger knocked that was not let in; `settled` once it was."""

    reason: str
    remote: str
    place: Place = Place.UNKNOWN
    """Whether it knocked from where it was connected before."""
    refused_at: Moment
    settled: bool = False

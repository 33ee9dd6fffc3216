"""
Documents: what the portal remembers of an installation.

Every kind is written by one log's follower only, so that no two followers ever meet on a row:
`Layout` from the installation log, `Condition` and `Refusal` from the telemetry log, `Share` and
`Overload` from the balancer log. The view joins them.
"""

from pydantic import BaseModel, ConfigDict

from shared.ids import ChargerId, CircuitId, InstallationId, Serial, SessionId
from shared.messages import Moment
from shared.messages.balancer import LimitedBy
from shared.phases import GridType, Phase, Wiring


class Document(BaseModel):
    """A read model; new fields have defaults, so that older documents can be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# --- Layout: one per installation ---


class Circuit(Document):
    """A breaker beneath the main one (`parent_id` is none) or beneath another one."""

    circuit_id: CircuitId
    parent_id: CircuitId | None
    name: str
    breaker_a: float
    set_a: float


class Charger(Document):
    """A charger and the circuit it stands on."""

    charger_id: ChargerId
    circuit_id: CircuitId
    serial: Serial
    name: str
    wiring: Wiring
    max_a: float
    fail_safe_a: float


class Layout(Document):
    """
    An installation as it was set up.

    Circuits and chargers are tuples, in the order in which they came: the database would not
    keep the order of a mapping's keys.
    """

    installation_id: InstallationId
    name: str
    address: str
    grid_type: GridType
    breaker_a: float
    circuits: tuple[Circuit, ...] = ()
    chargers: tuple[Charger, ...] = ()
    position: int
    """Of the newest event it was folded from: whoever sees another one sees another layout."""


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


class Condition(Document):
    """A charger as it tells of itself."""

    online: bool = False
    since: Moment | None = None
    """When it came online, or went offline; none if it never was online."""
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    status: str | None = None
    fault: Fault | None = None
    session: Session | None = None
    applied: Applied | None = None
    rejected: Rejected | None = None
    fail_safe_a: float | None = None
    """As the charger has confirmed it."""


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


# --- Overload: one per breaker; Refusal: one per serial ---


class Overload(Document):
    """The latest time a breaker was found to carry more than it may."""

    phase: Phase
    measured_a: float
    set_a: float
    detected_at: Moment


class Refusal(Document):
    """The latest time an unknown charger knocked; `settled` once it was let in."""

    reason: str
    remote: str
    refused_at: Moment
    settled: bool = False

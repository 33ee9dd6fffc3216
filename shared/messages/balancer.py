"""What the balancer announces: how much current each charger may draw, and why."""

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from shared.ids import ChargerId, CircuitId, InstallationId, SessionId
from shared.messages import InstallationEvent, Message, Moment, Upcast
from shared.phases import Phase, PhaseAmperes, PhaseCurrents, Terminals
from shared.units import Amperes

MAIN: CircuitId = "main"
"""The name under which an installation's main breaker stands among its circuits."""


class Rule(StrEnum):
    """What held a limit down."""

    BREAKER = "breaker"
    """A breaker on the way is fully shared out."""
    CHARGER = "charger"
    """The charger's own maximum."""
    CAR = "car"
    """The car draws no more; the rest is lent to others."""
    QUEUE = "queue"
    """Not everybody can have 6 A now; it is others' turn."""
    NO_CAR = "no car"
    """No car wants current."""
    DISOBEYS = "disobeys"
    """The car draws more than it was told; it is counted at what it draws."""
    WAKING = "waking"
    """The car has drawn nothing since a pause; its offer is taken away for seconds, and comes back."""
    DECREASE_FIRST = "decrease first"
    """A share is there, but somebody else must first confirm that they have made room."""
    SWITCHING = "switching phases"
    """It goes from three phases to one, or back, at no more than it had; the rest follows."""
    AVAILABLE = "available current"
    """All that was made available to the chargers together is shared out."""
    OWN_BREAKER = "own breaker"
    """The breaker that is the charger's alone."""
    LOCKED = "locked"
    """Its serial is locked; `circuit_id` is what it went down with, none for the installation."""
    OUT_OF_USE = "out of use"
    """What it hangs on is deactivated: `circuit_id`, or none for the whole installation."""
    UNMANAGED = "unmanaged load"
    """What load that is not ours leaves of a breaker is shared out."""
    GRID_OPERATOR = "grid operator"
    """The grid operator's limit at a breaker is shared out."""
    TARIFF = "tariff"
    """A tariff's limit at a breaker is shared out."""
    OWNER = "owner"
    """The owner's or the installer's limit at a breaker is shared out."""
    SCHEDULE = "schedule"
    """A limit that holds at certain times of the week is shared out."""
    CONTRACT = "contract peak"
    """More now would make the mean power of this quarter of an hour, or hour, exceed its peak."""
    IMBALANCE = "imbalance"
    """More on this phase alone would make the phases of the main breaker differ by more than they may."""


class RunnerUp(Message):
    """What would hold a limit down next, if what does so now did not."""

    rule: Rule
    circuit_id: CircuitId | None = None
    phase: Phase | None = None
    usable_a: Amperes | None = None
    """As with `LimitedBy`."""
    limit_a: Amperes | None = None
    """What the car would have then, as far as that was worked out."""


class LimitedBy(Message):
    """Why a limit is what it is: the rule, where it applies the breaker and the phase, and what is next."""

    rule: Rule
    circuit_id: CircuitId | None = None
    phase: Phase | None = None
    shared_by: int = 0
    """How many charging cars share the breaker on that phase."""
    usable_a: Amperes | None = None
    """What could be used there on that phase when this was decided: the breaker's set value, or less."""
    runner_up: RunnerUp | None = None
    """What would hold the limit down if the whole breaker (or the charger, or the car) did not."""
    place: int | None = Field(default=None, ge=1)
    """Of a car that waits: its place in the queue when this was decided, 1 for the next one."""
    turn_at: Moment | None = None
    """Of a car that waits: when its turn was expected, if nobody leaves before."""
    until: Moment | None = None
    """Until when so much could be used there, if that changes by itself: by a schedule, or at an end."""


class BalancerEvent(InstallationEvent):
    """A fact about one installation's balance."""

    service: ClassVar[str] = "balancer"


def _on_unknown_layout(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"layout_position": None}


def _on_what_the_car_uses(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"terminals": None}


def _with_nothing_next(data: dict[str, Any]) -> dict[str, Any]:
    """Nobody had worked out what would be next, nor when it would be somebody's turn."""
    unknown = {"usable_a": None, "runner_up": None, "place": None, "turn_at": None}
    return data | {"limited_by": data["limited_by"] | unknown}


def _until_nobody_said(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"limited_by": data["limited_by"] | {"until": None}}


class CurrentLimitAllocated(BalancerEvent):
    """
    It is decided what a charger may draw, on which phases, until when, and why.

    `phases` are the lines on which the limit is counted. `reading_received_at` is when the oldest
    reading not considered before this decision arrived, if a reading caused it.
    """

    schema_version: ClassVar[int] = 5
    upcasts: ClassVar[dict[int, Upcast]] = {
        1: _on_unknown_layout,
        2: _on_what_the_car_uses,
        3: _with_nothing_next,
        4: _until_nobody_said,
    }
    charger_id: ChargerId
    limit_a: Amperes
    phases: tuple[Phase, ...]
    valid_until: Moment
    sequence: int
    epoch: int
    limited_by: LimitedBy
    reading_received_at: Moment | None = None
    layout_position: int | None = None
    """The newest event of the installation that the decision knew, by its position in the log;
    none in decisions of before this was written down."""
    terminals: Terminals | None = None
    """From which of its terminals the charger is to charge, if it can switch; none: from all that the
    car uses. Another value than before, within a session, is a switch."""


class Lease(Message):
    """A limit that goes on as it was, until a later moment."""

    charger_id: ChargerId
    limit_a: Amperes
    phases: tuple[Phase, ...]
    valid_until: Moment
    sequence: int
    terminals: Terminals | None = None
    """As with `CurrentLimitAllocated`."""


def _leases_on_what_the_car_uses(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"leases": [_on_what_the_car_uses(it) for it in data["leases"]]}


class LeasesRenewed(BalancerEvent):
    """Limits that go on unchanged were extended, each under a new sequence number."""

    schema_version: ClassVar[int] = 3
    upcasts: ClassVar[dict[int, Upcast]] = {
        1: _on_unknown_layout,
        2: _leases_on_what_the_car_uses,
    }
    epoch: int
    leases: tuple[Lease, ...]
    layout_position: int | None = None
    """As with `CurrentLimitAllocated`."""


class ChargerQueued(BalancerEvent):
    """A car waits for its turn: not everybody can have their minimum now."""

    schema_version: ClassVar[int] = 3
    upcasts: ClassVar[dict[int, Upcast]] = {1: _with_nothing_next, 2: _until_nobody_said}
    charger_id: ChargerId
    waiting_since: Moment
    limited_by: LimitedBy


class OverloadDetected(BalancerEvent):
    """More was measured on a breaker than it may carry."""

    circuit_id: CircuitId
    phase: Phase
    measured_a: Amperes
    set_a: Amperes


def _ignored_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"session_id": None}


class LimitIgnored(BalancerEvent):
    """A car draws more than it was told; from now on it is counted at what it draws, until it obeys."""

    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _ignored_2}
    charger_id: ChargerId
    limit_a: Amperes
    measured_a: Amperes
    session_id: SessionId | None = None
    """During which session; none while nobody charges."""


class LimitObeyed(BalancerEvent):
    """A car that drew more than it was told draws no more than that again, or has gone."""

    charger_id: ChargerId


class LayoutRequired(BalancerEvent):
    """
    Nothing is decided for the installation any more without knowing its layout up to a position.

    Said by whoever decides for another installation, to which a charger of this one has come: what this
    one may still have announced to it is what stands before this in the log, and nothing comes after.
    """

    layout_position: int
    """Of the event of the installation's log with which the charger has left."""


class LoadBasis(StrEnum):
    """What is known of load that is not ours."""

    MEASURED = "MEASURED"
    """The meter reports; the highest of the last while is counted."""
    AGEING = "AGEING"
    """The latest reading grows old: more is counted with every second."""
    SILENT = "SILENT"
    """Nothing recent is known: the most that the load may be is counted."""


class UnmanagedLoadCounted(BalancerEvent):
    """From now on so much of a breaker is set aside for load that is not ours, on L1, L2 and L3."""

    circuit_id: CircuitId
    load_a: PhaseAmperes
    basis: LoadBasis


# --- Live picture: telemetry, not decisions ---


class BreakerLoad(Message):
    """One breaker at one moment, on L1, L2 and L3; what is set aside for load that is not ours counts in
    both what is measured and what is committed."""

    circuit_id: CircuitId
    set_a: Amperes
    measured_a: PhaseCurrents
    committed_a: PhaseCurrents
    stale: bool = False
    """Some charger below has not been heard from lately; `measured_a` counts it at its limit."""


class SiteBalance(Message):
    """The balance of an installation as the balancer sees it, every second or two."""

    installation_id: InstallationId
    measured_at: Moment
    decisions: int
    """How many decisions this balancer has taken for the installation since it started."""
    breakers: tuple[BreakerLoad, ...]

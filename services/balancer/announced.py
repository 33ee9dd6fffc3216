"""What was announced to chargers, and is set aside for other load, folded from our own log."""

from datetime import datetime, timedelta
from itertools import dropwhile
from typing import Final, NamedTuple

from pydantic import Field

from services.balancer.behaviour import Behaviour
from services.balancer.commitments import SAME_CAR_S
from services.balancer.headroom import Load
from services.balancer.layouts import Document
from shared.ids import ChargerId, CircuitId, SessionId
from shared.messages import Event
from shared.messages.balancer import (
    ChargerQueued,
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    LimitedBy,
    LimitIgnored,
    LimitObeyed,
    LoadBasis,
    Rule,
    UnmanagedLoadCounted,
)
from shared.phases import ALL_TERMINALS, PhaseCurrents

USED_MAX: Final = 32
GONE_AFTER: Final = timedelta(seconds=SAME_CAR_S)
"""How long after its end a lease is still kept in mind: it says on which lines its car is."""


class CountedLoad(Document):
    """What our own log says is set aside at a breaker for other load."""

    lines_a: PhaseCurrents
    basis: LoadBasis


class LoadsCounted(Document):
    """The same for every breaker of an installation."""

    circuits: dict[CircuitId, CountedLoad] = Field(default_factory=dict)

    def loads(self) -> dict[CircuitId, Load]:
        return {it: Load(load.lines_a, load.basis) for it, load in self.circuits.items()}


def fold_load(before: LoadsCounted | None, event: UnmanagedLoadCounted) -> LoadsCounted:
    """Fold what is set aside from now on."""
    known = before.circuits if before is not None else {}
    counted = CountedLoad(lines_a=event.load_a, basis=event.basis)
    return LoadsCounted(circuits={**known, event.circuit_id: counted})


class Told(Lease):
    """A limit as it was announced, and the layout it was decided for."""

    layout_position: int | None = None


class Used(Document):
    """From which terminals a charger was to charge from a moment on."""

    terminals: tuple[int, ...]
    at: datetime


class Ignoring(Document):
    """A car that draws more than it was told."""

    session_id: SessionId | None
    draws_a: float


class Announced(Document):
    """The limits of a charger that may still be in force, as our own log tells them."""

    leases: tuple[Told, ...] = ()
    limited_by: LimitedBy | None = None
    changed_at: datetime | None = None
    charging_since: datetime | None = None
    waiting_since: datetime | None = None
    used: tuple[Used, ...] = ()
    """The latest changes of the terminals to charge from, of a charger that is told them."""
    ignoring: Ignoring | None = None
    """It was said to draw more than it was told, and not that it obeys again."""


def fold_announced(
    before: Announced | None, charger_id: str, event: Event, recorded_at: datetime
) -> Announced:
    """Fold our own decisions about one charger; folding one twice changes nothing."""
    announced = before or Announced()
    match event:
        case CurrentLimitAllocated():
            told = Told.model_validate(event.model_dump(include=set(Told.model_fields)))
            explained = announced.model_copy(update={"limited_by": event.limited_by})
            return _with_lease(explained, told, recorded_at)
        case LeasesRenewed():
            for lease in event.leases:
                if lease.charger_id == charger_id:
                    told = Told(**lease.model_dump(), layout_position=event.layout_position)
                    announced = _with_lease(announced, told, recorded_at)
            return announced
        case ChargerQueued():
            return announced.model_copy(
                update={"waiting_since": event.waiting_since, "limited_by": event.limited_by}
            )
        case LimitIgnored():
            ignoring = Ignoring(session_id=event.session_id, draws_a=event.measured_a)
            return announced.model_copy(update={"ignoring": ignoring})
        case LimitObeyed():
            return announced.model_copy(update={"ignoring": None})
        case _:
            return announced


def _with_lease(announced: Announced, lease: Told, recorded_at: datetime) -> Announced:
    if announced.leases and lease.sequence <= announced.leases[-1].sequence:
        return announced
    # What came after one that may be in force is kept: it may have taken its place.
    kept = dropwhile(lambda it: it.valid_until + GONE_AFTER <= recorded_at, announced.leases)
    # A car that is woken keeps its turn.
    rule = announced.limited_by.rule if announced.limited_by is not None else None
    charging = lease.limit_a > 0 or rule is Rule.WAKING
    return announced.model_copy(
        update={
            "leases": (*kept, lease),
            "changed_at": recorded_at,
            "charging_since": (announced.charging_since or recorded_at) if charging else None,
            "waiting_since": None if charging else announced.waiting_since,
            "used": _used(announced, lease, recorded_at),
        }
    )


def remembered(announced: Announced | None) -> Behaviour:
    """Name what is known of a car of which no reading was heard yet: whether it was seen not to obey."""
    ignoring = announced.ignoring if announced is not None else None
    if ignoring is None:
        return Behaviour()
    return Behaviour(session_id=ignoring.session_id, disobeys_a=ignoring.draws_a)


def told_in(event: Event) -> set[ChargerId]:
    """Name the chargers that are told something by one of our own events."""
    match event:
        case CurrentLimitAllocated() | ChargerQueued() | LimitIgnored() | LimitObeyed():
            return {event.charger_id}
        case LeasesRenewed():
            return {lease.charger_id for lease in event.leases}
        case _:
            return set()


def _used(announced: Announced, lease: Told, recorded_at: datetime) -> tuple[Used, ...]:
    """A charger that begins after a pause is noted as well: it may be another session."""
    if lease.limit_a <= 0 or lease.terminals is None:
        return announced.used
    went_on = bool(announced.leases) and announced.leases[-1].limit_a > 0
    if announced.used and went_on and announced.used[-1].terminals == lease.terminals:
        return announced.used
    used = Used(terminals=lease.terminals, at=recorded_at)
    return (*announced.used, used)[-USED_MAX:]


class SessionSwitches(NamedTuple):
    """The terminals of one session: the last ones, how often they changed, and when last."""

    last: tuple[int, ...] | None = None
    switches: int = 0
    switched_at: datetime | None = None


def switches_of(announced: Announced, session_since: datetime | None) -> SessionSwitches:
    """Count the switches of a session."""
    newest = announced.leases[-1] if announced.leases else None
    found = SessionSwitches()
    if session_since is None:
        return found
    for used in announced.used:
        if used.at < session_since:
            continue
        if found.last is not None and found.last != used.terminals:
            found = found._replace(switches=found.switches + 1, switched_at=used.at)
        found = found._replace(last=used.terminals)
    if newest is not None and newest.limit_a > 0:
        return found._replace(last=newest.terminals or ALL_TERMINALS)
    return found

"""Facts folded from events: the layout, what chargers report, and what was announced."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from services.balancer.behaviour import Behaviour, Offer
from services.balancer.commitments import CLOCK_SKEW_S, Granted, Standing
from services.balancer.facts import ChargerFacts
from services.balancer.site import Breaker, Site, SiteCharger
from shared.ids import ChargerId, CircuitId, InstallationId, SessionId
from shared.messages import Event
from shared.messages.balancer import (
    MAIN,
    ChargerQueued,
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    LimitedBy,
)
from shared.messages.installation import ChargerAssigned, CircuitAdded, InstallationCreated
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerEvent,
    CurrentLimitApplied,
    CurrentLimitRejected,
    SessionEnded,
    SessionStarted,
)
from shared.phases import GridType, Wiring
from shared.units import CAR_FOLLOW_S

CONFIRMATIONS_MAX: Final = 8
GONE_AFTER: Final = timedelta(seconds=CLOCK_SKEW_S + CAR_FOLLOW_S + 5)
"""How long after its end a lease is still kept in mind."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


# --- The layout of an installation ---


class CircuitLayout(_Document):
    """A breaker beneath another one."""

    parent_id: CircuitId
    name: str
    set_a: float


class ChargerLayout(_Document):
    """A charger on a circuit."""

    circuit_id: CircuitId
    wiring: Wiring
    max_a: float
    fail_safe_a: float


class Layout(_Document):
    """An installation as its own events tell it."""

    installation_id: InstallationId
    name: str
    grid: GridType
    breaker_a: float
    circuits: dict[CircuitId, CircuitLayout] = Field(default_factory=dict)
    chargers: dict[ChargerId, ChargerLayout] = Field(default_factory=dict)

    def site(self) -> Site:
        """Build the tree that is balanced."""
        main = Breaker(MAIN, None, self.name, self.breaker_a)
        below = (Breaker(it, c.parent_id, c.name, c.set_a) for it, c in self.circuits.items())
        chargers = {
            it: SiteCharger(it, c.circuit_id, c.wiring, c.max_a, c.fail_safe_a)
            for it, c in self.chargers.items()
        }
        return Site(self.grid, (main, *below), chargers)


def fold_layout(layout: Layout | None, event: Event) -> Layout | None:
    """Fold an installation's event; events of no importance here leave the layout as it is."""
    match event:
        case InstallationCreated():
            return Layout(
                installation_id=event.installation_id,
                name=event.name,
                grid=event.grid_type,
                breaker_a=event.breaker_a,
            )
        case CircuitAdded() if layout is not None:
            circuit = CircuitLayout(
                parent_id=event.parent_id or MAIN, name=event.name, set_a=event.set_a
            )
            circuits = {**layout.circuits, event.circuit_id: circuit}
            return layout.model_copy(update={"circuits": circuits})
        case ChargerAssigned() if layout is not None:
            charger = ChargerLayout(
                circuit_id=event.circuit_id,
                wiring=event.wiring,
                max_a=event.max_a,
                fail_safe_a=event.fail_safe_a,
            )
            chargers = {**layout.chargers, event.charger_id: charger}
            return layout.model_copy(update={"chargers": chargers})
        case _:
            return layout


# --- What a charger reports ---


class Reported(_Document):
    """A charger as telemetry tells it."""

    installation_id: InstallationId
    connected: bool = False
    session_id: SessionId | None = None
    session_since: datetime | None = None
    confirmed_at: dict[int, datetime] = Field(default_factory=dict)
    confirmed_a: float | None = None
    rejected: tuple[int, ...] = ()


def fold_reported(
    before: Reported | None, event: ChargerEvent, recorded_at: datetime
) -> Reported:
    """Fold what telemetry announces of a charger. Waiting counts from when we heard of a session: a
    charger's own clock may be wrong."""
    reported = before or Reported(installation_id=event.installation_id)
    match event:
        case ChargerConnected():
            return reported.model_copy(update={"connected": True})
        case ChargerDisconnected():
            return reported.model_copy(update={"connected": False})
        case SessionStarted():
            started = {"session_id": event.session_id, "session_since": recorded_at}
            return reported.model_copy(update=started)
        case SessionEnded() if event.session_id == reported.session_id:
            return reported.model_copy(update={"session_id": None, "session_since": None})
        case CurrentLimitApplied():
            confirmed = {**reported.confirmed_at, event.sequence: event.applied_at}
            latest = dict(sorted(confirmed.items())[-CONFIRMATIONS_MAX:])
            update = {"confirmed_at": latest, "confirmed_a": event.limit_a}
            return reported.model_copy(update=update)
        case CurrentLimitRejected():
            rejected = (*reported.rejected, event.sequence)[-CONFIRMATIONS_MAX:]
            return reported.model_copy(update={"rejected": rejected})
        case _:
            return reported


# --- What was announced ---


class Announced(_Document):
    """The limits of a charger that may still be in force, as our own log tells them."""

    leases: tuple[Lease, ...] = ()
    limited_by: LimitedBy | None = None
    changed_at: datetime | None = None
    charging_since: datetime | None = None
    waiting_since: datetime | None = None


def fold_announced(
    before: Announced | None, charger_id: ChargerId, event: Event, recorded_at: datetime
) -> Announced:
    """Fold our own decisions about one charger; folding one twice changes nothing."""
    announced = before or Announced()
    match event:
        case CurrentLimitAllocated():
            lease = Lease.model_validate(event.model_dump(include=set(Lease.model_fields)))
            return _with_lease(announced, lease, recorded_at).model_copy(
                update={"limited_by": event.limited_by}
            )
        case LeasesRenewed():
            for lease in event.leases:
                if lease.charger_id == charger_id:
                    announced = _with_lease(announced, lease, recorded_at)
            return announced
        case ChargerQueued():
            return announced.model_copy(
                update={"waiting_since": event.waiting_since, "limited_by": event.limited_by}
            )
        case _:
            return announced


def _with_lease(announced: Announced, lease: Lease, recorded_at: datetime) -> Announced:
    if announced.leases and lease.sequence <= announced.leases[-1].sequence:
        return announced
    kept = (it for it in announced.leases if it.valid_until + GONE_AFTER > recorded_at)
    charging = lease.limit_a > 0
    return announced.model_copy(
        update={
            "leases": (*kept, lease),
            "changed_at": recorded_at,
            "charging_since": (announced.charging_since or recorded_at) if charging else None,
            "waiting_since": None if charging else announced.waiting_since,
        }
    )


def facts_of(
    site: Site,
    charger_id: ChargerId,
    reported: Reported | None,
    announced: Announced | None,
    behaviour: Behaviour,
) -> ChargerFacts:
    """Put together everything that is known of one charger."""
    told = announced or Announced()
    heard = reported
    session_since = heard.session_since if heard else None
    waiting_since = told.waiting_since
    charging_since = told.charging_since
    if session_since is None:
        charging_since = None
    elif charging_since is not None:
        charging_since = max(charging_since, session_since)
    if session_since is None or (waiting_since is not None and waiting_since < session_since):
        waiting_since = None  # it was an earlier car that waited
    rejected = set(heard.rejected) if heard else set()
    standing = Standing(
        fail_safe_a=site.chargers[charger_id].fail_safe_a,
        all_lines=site.lines(charger_id),
        granted=tuple(
            Granted(it.limit_a, it.phases, it.valid_until.timestamp(), it.sequence)
            for it in told.leases
            if it.sequence not in rejected
        ),
        confirmed_at_s={
            sequence: at.timestamp()
            for sequence, at in (heard.confirmed_at if heard else {}).items()
        },
    )
    return ChargerFacts(
        standing=standing,
        connected=heard is not None and heard.connected,
        session_since_s=_seconds(session_since),
        charging_since_s=_seconds(charging_since),
        waiting_since_s=_seconds(waiting_since),
        changed_at_s=_seconds(told.changed_at) or 0.0,
        sequence=told.leases[-1].sequence if told.leases else 0,
        limited_by=told.limited_by,
        behaviour=behaviour,
    )


def offer_of(reported: Reported | None) -> Offer | None:
    """Name the limit a charger has confirmed last."""
    if reported is None or reported.confirmed_a is None or not reported.confirmed_at:
        return None
    return Offer(reported.confirmed_a, max(reported.confirmed_at.values()).timestamp())


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()

"""
History becomes state. Nothing is refused here: history is not up for debate.

`evolve` takes one event and leaves the state it was given as it is; `fold` takes many and copies that
state once for all of them, so that a long history costs time in proportion to its length.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from services.installation.language import InstallationEvent
from services.installation.state import (
    Charger,
    Circuit,
    Description,
    ExternalLimit,
    Installation,
    Lock,
    Meter,
    Peak,
    wish_of,
)
from shared.ids import ChargerId, CircuitId
from shared.messages.balancer import MAIN
from shared.messages.installation import (
    AuthenticationRequiredSet,
    AvailableCurrentSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    ChargingWishSet,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    CircuitMoved,
    CircuitReactivated,
    ContractPeakSet,
    CurrentScheduleSet,
    ExternalLimitLifted,
    ExternalLimitSet,
    FailSafeSet,
    ImbalanceLimitSet,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    InstallationReactivated,
    MeterAdded,
    MeterChanged,
    MeterRemoved,
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
    SwitchCurrentSet,
    TariffSet,
)
from shared.messages.installation_terms import Tariff
from shared.weekly import CurrentSchedule


class Draft:
    """A state in the making: what `fold` writes to, and nobody else ever sees."""

    def __init__(self, state: Installation) -> None:
        self.installation_id = state.installation_id
        self.description = state.description
        self.circuits = dict(state.circuits)
        self.chargers = dict(state.chargers)
        self.gone = dict(state.gone)
        self.freed = set(state.freed)
        self.authentication_required = state.authentication_required
        self.available_a = state.available_a
        self.available_until = state.available_until
        self.switch_current_a = state.switch_current_a
        self.imbalance_a = state.imbalance_a
        self.meters = dict(state.meters)
        self.meters_gone = set(state.meters_gone)
        self.limits = dict(state.limits)
        self.limits_lifted = set(state.limits_lifted)
        self.peaks = dict(state.peaks)
        self.schedule = state.schedule
        self.tariffs = dict(state.tariffs)

    def finished(self) -> Installation:
        """Hand over the state; the draft is not used any more."""
        return Installation(
            self.installation_id,
            self.description,
            self.circuits,
            self.chargers,
            self.gone,
            frozenset(self.freed),
            self.authentication_required,
            self.available_a,
            self.available_until,
            self.switch_current_a,
            self.imbalance_a,
            self.meters,
            frozenset(self.meters_gone),
            self.limits,
            frozenset(self.limits_lifted),
            self.peaks,
            self.tariffs,
            self.schedule,
        )

    def circuit(self, circuit_id: CircuitId, **changes: Any) -> None:  # noqa: ANN401
        """Change a circuit that is known."""
        if circuit_id in self.circuits:
            self.circuits[circuit_id] = replace(self.circuits[circuit_id], **changes)

    def charger(self, charger_id: ChargerId, **changes: Any) -> None:  # noqa: ANN401
        """Change a charger that is known."""
        charger = self.chargers.get(charger_id)
        if charger is not None:
            self.chargers[charger_id] = charger._replace(**changes)


def evolve(state: Installation, event: InstallationEvent) -> Installation:
    """Fold one event into the state."""
    return fold((event,), state)


def fold(events: Iterable[InstallationEvent], state: Installation) -> Installation:
    """Fold events into the state, in their order."""
    draft = Draft(state)
    for event in events:
        FOLDS[type(event)](draft, event)
    return draft.finished()


# --- The installation ---


def _description(event: InstallationCreated | InstallationChanged) -> Description:
    return Description(
        event.name,
        event.address,
        event.category,
        event.country,
        event.type,
        event.grid_type,
        event.breaker_a,
        event.time_zone,
    )


def _created(draft: Draft, event: InstallationCreated) -> None:
    draft.installation_id = event.installation_id
    draft.description = _description(event)
    draft.circuits[MAIN] = Circuit(None, event.name, event.breaker_a, event.breaker_a)


def _changed(draft: Draft, event: InstallationChanged) -> None:
    draft.description = _description(event)
    draft.circuit(MAIN, name=event.name, breaker_a=event.breaker_a, set_a=event.breaker_a)
    if draft.schedule is not None:
        draft.schedule = replace(draft.schedule, zone=event.time_zone)


def _authentication_required(draft: Draft, event: AuthenticationRequiredSet) -> None:
    if event.charger_id is None:
        draft.authentication_required = event.required
    else:
        draft.charger(event.charger_id, authentication_required=event.required)


def _available_current(draft: Draft, event: AvailableCurrentSet) -> None:
    draft.available_a, draft.available_until = event.available_a, event.until


def _current_schedule(draft: Draft, event: CurrentScheduleSet) -> None:
    draft.schedule = CurrentSchedule.of(event)


def _switch_current(draft: Draft, event: SwitchCurrentSet) -> None:
    draft.switch_current_a = event.switch_current_a


def _imbalance_limit(draft: Draft, event: ImbalanceLimitSet) -> None:
    draft.imbalance_a = event.imbalance_a


# --- Circuits ---


def _circuit_added(draft: Draft, event: CircuitAdded) -> None:
    parent_id = event.parent_id or MAIN
    draft.circuits[event.circuit_id] = Circuit(
        parent_id, event.name, event.breaker_a, event.set_a
    )


def _circuit_changed(draft: Draft, event: CircuitChanged) -> None:
    draft.circuit(
        event.circuit_id, name=event.name, breaker_a=event.breaker_a, set_a=event.set_a
    )


# --- Chargers ---


def _assigned(draft: Draft, event: ChargerAssigned) -> None:
    draft.gone.pop(event.charger_id, None)
    draft.freed.discard(event.serial)
    draft.chargers.pop(event.charger_id, None)  # what is assigned anew goes last
    draft.chargers[event.charger_id] = Charger(
        event.circuit_id,
        event.serial,
        event.name,
        event.wiring,
        event.max_a,
        event.min_a,
        event.breaker_a,
        event.fail_safe_a,
        phase_switching=event.phase_switching,
    )


def _charger_changed(draft: Draft, event: ChargerChanged) -> None:
    draft.charger(
        event.charger_id,
        name=event.name,
        wiring=event.wiring,
        max_a=event.max_a,
        min_a=event.min_a,
        breaker_a=event.breaker_a,
        phase_switching=event.phase_switching,
    )


def _removed(draft: Draft, event: ChargerRemoved) -> None:
    draft.chargers.pop(event.charger_id, None)
    draft.gone[event.charger_id] = event.moved_to


def _fail_safe(draft: Draft, event: FailSafeSet) -> None:
    """A wish that does not fit, or is out of use, waits while the fail-safe is 0; it is withdrawn when
    we compute a current in its place, or when 0 is said again.
    """
    charger = draft.chargers.get(event.charger_id)
    if charger is None:
        return
    wished_a = charger.wished_a
    if event.wished:
        wished_a = event.fail_safe_a
    elif event.fail_safe_a > 0 or charger.fail_safe_a == 0:
        wished_a = None
    draft.charger(event.charger_id, fail_safe_a=event.fail_safe_a, wished_a=wished_a)


def _priority(draft: Draft, event: PrioritySet) -> None:
    draft.charger(event.charger_id, priority=event.priority)


def _charging_wish(draft: Draft, event: ChargingWishSet) -> None:
    draft.charger(event.charger_id, wish=wish_of(event.departure_at, event.energy_wh))


def _locked(draft: Draft, event: SerialLocked) -> None:
    draft.freed.discard(event.serial)
    draft.charger(event.charger_id, lock=Lock(event.circuit_id))


def _unlocked(draft: Draft, event: SerialUnlocked) -> None:
    draft.freed.add(event.serial)
    draft.charger(event.charger_id, lock=None)


# --- Meters and limits ---


def _meter(draft: Draft, event: MeterAdded | MeterChanged) -> None:
    draft.meters_gone.discard(event.meter_id)
    draft.meters[event.meter_id] = Meter(
        event.circuit_id or MAIN,
        event.kind,
        event.measures,
        event.phases,
        event.highest_a,
        event.error_a,
        event.interval_s,
    )


def _meter_removed(draft: Draft, event: MeterRemoved) -> None:
    draft.meters.pop(event.meter_id, None)
    draft.meters_gone.add(event.meter_id)


def _limit_set(draft: Draft, event: ExternalLimitSet) -> None:
    draft.limits_lifted.discard(event.limit_id)
    draft.limits[event.limit_id] = ExternalLimit(
        event.owner,
        event.circuit_id or MAIN,
        event.limit_a,
        event.power_w,
        event.includes_load,
        event.begins,
        event.until,
        event.windows,
        event.reason,
    )


def _limit_lifted(draft: Draft, event: ExternalLimitLifted) -> None:
    draft.limits.pop(event.limit_id, None)
    draft.limits_lifted.add(event.limit_id)


def _peak(draft: Draft, event: ContractPeakSet) -> None:
    draft.peaks.pop(event.circuit_id or MAIN, None)
    if event.peak_w is not None:
        draft.peaks[event.circuit_id or MAIN] = Peak(event.peak_w, event.per)


def _tariff(draft: Draft, event: TariffSet) -> None:
    draft.tariffs[event.valid_from] = Tariff(**event.model_dump(exclude={"installation_id"}))


FOLDS: Final[dict[type[InstallationEvent], Callable[[Draft, Any], None]]] = {
    InstallationCreated: _created,
    InstallationChanged: _changed,
    InstallationDeactivated: lambda draft, _: draft.circuit(MAIN, active=False),
    InstallationReactivated: lambda draft, _: draft.circuit(MAIN, active=True),
    AuthenticationRequiredSet: _authentication_required,
    AvailableCurrentSet: _available_current,
    CurrentScheduleSet: _current_schedule,
    SwitchCurrentSet: _switch_current,
    ImbalanceLimitSet: _imbalance_limit,
    CircuitAdded: _circuit_added,
    CircuitChanged: _circuit_changed,
    CircuitMoved: lambda draft, it: draft.circuit(
        it.circuit_id, parent_id=it.parent_id or MAIN
    ),
    CircuitDeactivated: lambda draft, it: draft.circuit(it.circuit_id, active=False),
    CircuitReactivated: lambda draft, it: draft.circuit(it.circuit_id, active=True),
    ChargerAssigned: _assigned,
    ChargerChanged: _charger_changed,
    ChargerMoved: lambda draft, it: draft.charger(it.charger_id, circuit_id=it.circuit_id),
    ChargerRemoved: _removed,
    FailSafeSet: _fail_safe,
    PrioritySet: _priority,
    ChargingWishSet: _charging_wish,
    SerialLocked: _locked,
    SerialUnlocked: _unlocked,
    MeterAdded: _meter,
    MeterChanged: _meter,
    MeterRemoved: _meter_removed,
    ExternalLimitSet: _limit_set,
    ExternalLimitLifted: _limit_lifted,
    ContractPeakSet: _peak,
    TariffSet: _tariff,
}
"""One function for each event, found by its class: asking every class in turn would cost more than
folding does. A test keeps the table complete."""

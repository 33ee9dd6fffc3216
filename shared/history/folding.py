"""
From events to states.

Only the installation's own events shape the layout, only telemetry's what is reported, and only the
balancer's what is allotted. So it does not matter in which order events of different logs come.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from shared.history.states import (
    Allotted,
    Building,
    Charger,
    Circuit,
    Installation,
    Limit,
    LockedWith,
    Meter,
    Peak,
    Prices,
    Reported,
    UnmanagedLoad,
)
from shared.ids import ChargerId, CircuitId, InstallationId
from shared.messages import Event, telemetry
from shared.messages import installation as layout
from shared.messages.balancer import (
    MAIN,
    ChargerQueued,
    CurrentLimitAllocated,
    LeasesRenewed,
    UnmanagedLoadCounted,
)

T = TypeVar("T")


def fold(installation_id: InstallationId, events: Iterable[Event]) -> Installation:
    """Fold the events of an installation, of whatever logs."""
    state = Installation(installation_id)
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: Installation, event: Event) -> Installation:
    """Fold one event; one that changes nothing of what is told here leaves the state as it is."""
    step = _STEPS.get(type(event))
    return state if step is None else step(state, event)


def is_folded(kind: type[Event]) -> bool:
    """Tell whether an event has anything to do with the states here."""
    return kind in _STEPS


# --- The layout ---


def _created(state: Installation, event: layout.InstallationCreated) -> Installation:
    given = event.model_dump(exclude={"installation_id"})
    return replace(state, building=Building(**given))


def _building(state: Installation, **changes: Any) -> Installation:  # noqa: ANN401
    if state.building is None:
        return state
    return replace(state, building=replace(state.building, **changes))


def _described(state: Installation, event: layout.InstallationChanged) -> Installation:
    return _building(state, **event.model_dump(exclude={"installation_id"}))


def _available(state: Installation, event: layout.AvailableCurrentSet) -> Installation:
    return _building(state, available_a=event.available_a, available_until=event.until)


def _circuit_added(state: Installation, event: layout.CircuitAdded) -> Installation:
    circuit = Circuit(event.name, event.parent_id or MAIN, event.breaker_a, event.set_a)
    return replace(state, circuits={**state.circuits, event.circuit_id: circuit})


def _circuit(state: Installation, circuit_id: CircuitId, **changes: Any) -> Installation:  # noqa: ANN401
    changed = _with(state.circuits, circuit_id, changes)
    return replace(state, circuits=changed)


def _assigned(state: Installation, event: layout.ChargerAssigned) -> Installation:
    given = event.model_dump(exclude={"installation_id", "charger_id", "moved_from"})
    return replace(state, chargers={**state.chargers, event.charger_id: Charger(**given)})


def _charger(state: Installation, charger_id: ChargerId, **changes: Any) -> Installation:  # noqa: ANN401
    return replace(state, chargers=_with(state.chargers, charger_id, changes))


def _charger_described(state: Installation, event: layout.ChargerChanged) -> Installation:
    given = event.model_dump(exclude={"installation_id", "charger_id"})
    return _charger(state, event.charger_id, **given)


def _removed(state: Installation, event: layout.ChargerRemoved) -> Installation:
    # What it reported stays: telemetry may come before or after, and nobody shows it any more.
    chargers = {it: known for it, known in state.chargers.items() if it != event.charger_id}
    return replace(state, chargers=chargers)


def _with(things: Mapping[str, T], key: str, changes: Mapping[str, Any]) -> Mapping[str, T]:
    known = things.get(key)
    if known is None:
        return things
    return {**things, key: replace(known, **changes)}  # type: ignore[type-var]


# --- Meters and limits ---


def _meter(state: Installation, event: layout.MeterAdded | layout.MeterChanged) -> Installation:
    given = event.model_dump(exclude={"installation_id", "meter_id", "circuit_id"})
    meter = Meter(event.circuit_id or MAIN, **given)
    return replace(state, meters={**state.meters, event.meter_id: meter})


def _limit(state: Installation, event: layout.ExternalLimitSet) -> Installation:
    limit = Limit(
        event.circuit_id or MAIN,
        event.owner,
        event.limit_a,
        event.power_w,
        event.includes_load,
        event.begins,
        event.until,
        event.windows,
    )
    return replace(state, limits={**state.limits, event.limit_id: limit})


def _peak(state: Installation, event: layout.ContractPeakSet) -> Installation:
    circuit_id = event.circuit_id or MAIN
    peaks = _without(state.peaks, circuit_id)
    if event.peak_w is not None:
        peaks = {**peaks, circuit_id: Peak(event.peak_w, event.per)}
    return replace(state, peaks=peaks)


def _tariff(state: Installation, event: layout.TariffSet) -> Installation:
    prices = Prices(
        event.currency,
        event.price_per_kwh,
        event.windows,
        event.price_per_session,
        event.vat_percent,
    )
    return replace(state, tariffs={**state.tariffs, event.valid_from.isoformat(): prices})


def _without(things: Mapping[str, T], key: str) -> Mapping[str, T]:
    return {it: thing for it, thing in things.items() if it != key}


def _unmanaged(state: Installation, event: UnmanagedLoadCounted) -> Installation:
    load = UnmanagedLoad(event.load_a, event.basis)
    return replace(state, unmanaged={**state.unmanaged, event.circuit_id: load})


# --- What is reported and allotted ---


def _report(state: Installation, charger_id: ChargerId, **changes: Any) -> Installation:  # noqa: ANN401
    known = state.reported.get(charger_id, Reported())
    return replace(state, reported={**state.reported, charger_id: replace(known, **changes)})


def _connected(state: Installation, event: telemetry.ChargerConnected) -> Installation:
    about = event.model_dump(include={"vendor", "model", "firmware"})
    return _report(state, event.charger_id, online=True, remote=event.remote or None, **about)


def _session_ended(state: Installation, event: telemetry.SessionEnded) -> Installation:
    known = state.reported.get(event.charger_id)
    if known is None or known.session_id != event.session_id:
        return state
    return _report(state, event.charger_id, session_id=None)


def _allot(state: Installation, charger_id: ChargerId, **changes: Any) -> Installation:  # noqa: ANN401
    known = state.allotted.get(charger_id, Allotted())
    return replace(state, allotted={**state.allotted, charger_id: replace(known, **changes)})


def _renewed(state: Installation, event: LeasesRenewed) -> Installation:
    for lease in event.leases:
        known = state.allotted.get(lease.charger_id)
        if known is None or known.limit_a != lease.limit_a:
            state = _allot(state, lease.charger_id, limit_a=lease.limit_a)
    return state


def _allocated(state: Installation, event: CurrentLimitAllocated) -> Installation:
    waits = {} if event.limit_a <= 0 else {"waiting_since": None}
    return _allot(
        state, event.charger_id, limit_a=event.limit_a, limited_by=event.limited_by, **waits
    )


def _authentication(
    state: Installation, event: layout.AuthenticationRequiredSet
) -> Installation:
    if event.charger_id is None:
        return _building(state, authentication_required=event.required)
    return _charger(state, event.charger_id, authentication_required=event.required)


_STEPS: Final[dict[type[Event], Callable[[Installation, Any], Installation]]] = {
    layout.InstallationCreated: _created,
    layout.InstallationChanged: _described,
    layout.InstallationDeactivated: lambda state, _: _building(state, in_use=False),
    layout.InstallationReactivated: lambda state, _: _building(state, in_use=True),
    layout.AuthenticationRequiredSet: _authentication,
    layout.AvailableCurrentSet: _available,
    layout.CurrentScheduleSet: lambda state, it: _building(
        state, schedule=it.rules, otherwise_a=it.otherwise_a
    ),
    layout.SwitchCurrentSet: lambda state, it: _building(
        state, switch_current_a=it.switch_current_a
    ),
    layout.ImbalanceLimitSet: lambda state, it: _building(state, imbalance_a=it.imbalance_a),
    layout.CircuitAdded: _circuit_added,
    layout.CircuitChanged: lambda state, it: _circuit(
        state, it.circuit_id, name=it.name, breaker_a=it.breaker_a, set_a=it.set_a
    ),
    layout.CircuitMoved: lambda state, it: _circuit(
        state, it.circuit_id, parent_id=it.parent_id or MAIN
    ),
    layout.CircuitDeactivated: lambda state, it: _circuit(state, it.circuit_id, in_use=False),
    layout.CircuitReactivated: lambda state, it: _circuit(state, it.circuit_id, in_use=True),
    layout.ChargerAssigned: _assigned,
    layout.ChargerChanged: _charger_described,
    layout.ChargerMoved: lambda state, it: _charger(
        state, it.charger_id, circuit_id=it.circuit_id
    ),
    layout.ChargerRemoved: _removed,
    layout.FailSafeSet: lambda state, it: _charger(
        state, it.charger_id, fail_safe_a=it.fail_safe_a, fail_safe_wished=it.wished
    ),
    layout.PrioritySet: lambda state, it: _charger(state, it.charger_id, priority=it.priority),
    layout.ChargingWishSet: lambda state, it: _charger(
        state, it.charger_id, departure_at=it.departure_at, energy_wh=it.energy_wh
    ),
    layout.SerialLocked: lambda state, it: _charger(
        state, it.charger_id, locked=LockedWith(it.circuit_id)
    ),
    layout.SerialUnlocked: lambda state, it: _charger(state, it.charger_id, locked=None),
    layout.MeterAdded: _meter,
    layout.MeterChanged: _meter,
    layout.MeterRemoved: lambda state, it: replace(
        state, meters=_without(state.meters, it.meter_id)
    ),
    layout.ExternalLimitSet: _limit,
    layout.ExternalLimitLifted: lambda state, it: replace(
        state, limits=_without(state.limits, it.limit_id)
    ),
    layout.ContractPeakSet: _peak,
    layout.TariffSet: _tariff,
    UnmanagedLoadCounted: _unmanaged,
    telemetry.ChargerConnected: _connected,
    telemetry.ChargerDisconnected: lambda state, it: _report(
        state, it.charger_id, online=False
    ),
    telemetry.ChargerStatusChanged: lambda state, it: _report(
        state, it.charger_id, status=it.status, error_code=it.error_code
    ),
    telemetry.FaultReported: lambda state, it: _report(
        state, it.charger_id, error_code=it.error_code
    ),
    telemetry.SessionStarted: lambda state, it: _report(
        state, it.charger_id, session_id=it.session_id
    ),
    telemetry.SessionEnded: _session_ended,
    telemetry.FailSafeApplied: lambda state, it: _report(
        state, it.charger_id, fail_safe_a=it.fail_safe_a
    ),
    telemetry.CurrentLimitApplied: lambda state, it: _report(
        state, it.charger_id, limit_a=it.limit_a
    ),
    CurrentLimitAllocated: _allocated,
    LeasesRenewed: _renewed,
    ChargerQueued: lambda state, it: _allot(
        state, it.charger_id, limited_by=it.limited_by, waiting_since=it.waiting_since
    ),
}

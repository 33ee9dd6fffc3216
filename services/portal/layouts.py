"""Folds of the installation log: what every change of an installation does to its `Layout`."""

from datetime import datetime
from typing import Any, Final, assert_never, get_args

from services.portal.documents import (
    Charger,
    Circuit,
    Deactivation,
    Layout,
    Lock,
    Removed,
)
from services.portal.limits import LimitChange, limits_changed
from shared.ids import ChargerId
from shared.messages.installation import (
    AuthenticationRequiredSet,
    AvailableCurrentSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    CircuitMoved,
    CircuitReactivated,
    CurrentScheduleSet,
    FailSafeSet,
    ImbalanceLimitSet,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    InstallationReactivated,
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
    SwitchCurrentSet,
    TariffSet,
)
from shared.messages.installation_terms import Tariff

REMOVED_MAX: Final = 100
"""How many removed chargers an installation remembers; its log remembers all."""

InstallationChange = (
    InstallationChanged
    | InstallationDeactivated
    | InstallationReactivated
    | AuthenticationRequiredSet
    | AvailableCurrentSet
    | CurrentScheduleSet
    | SwitchCurrentSet
    | ImbalanceLimitSet
    | TariffSet
)
CircuitChange = (
    CircuitAdded | CircuitChanged | CircuitMoved | CircuitDeactivated | CircuitReactivated
)
ChargerChange = (
    ChargerAssigned
    | ChargerChanged
    | ChargerMoved
    | ChargerRemoved
    | FailSafeSet
    | PrioritySet
    | SerialLocked
    | SerialUnlocked
)
LayoutEvent = (
    InstallationCreated | InstallationChange | CircuitChange | ChargerChange | LimitChange
)
LAYOUT_EVENTS: Final = frozenset(it.__name__ for it in get_args(LayoutEvent))

Changes = dict[str, Any]


def fold_layout(
    layout: Layout | None, event: LayoutEvent, position: int, recorded_at: datetime
) -> Layout:
    """
    Fold an event of the installation log.

    Raises:
        ValueError: the event is about an installation that was never created.
    """
    if isinstance(event, InstallationCreated):
        known = event.model_dump(include=set(Layout.model_fields))
        return Layout(**known, position=position)
    if layout is None:
        raise ValueError(f"installation {event.installation_id} was never created")
    if isinstance(event, AuthenticationRequiredSet) and event.charger_id is not None:
        asked = {"authentication_required": event.required}
        changes = _changed(layout, event.charger_id, asked)
    elif isinstance(event, InstallationChange):
        changes = _of_installation(layout, event, recorded_at)
    elif isinstance(event, CircuitChange):
        changes = {"circuits": _circuits(layout.circuits, event, recorded_at)}
    elif isinstance(event, LimitChange):
        changes = limits_changed(layout, event)
    else:
        changes = _chargers(layout, event, recorded_at)
    return layout.model_copy(update=changes | {"position": position})


def _of_installation(
    layout: Layout, event: InstallationChange, recorded_at: datetime
) -> Changes:
    match event:
        case InstallationChanged():
            return event.model_dump(include=set(Layout.model_fields))
        case InstallationDeactivated():
            return {"deactivated": Deactivation(at=recorded_at, reason=event.reason)}
        case InstallationReactivated():
            return {"deactivated": None}
        case AuthenticationRequiredSet():
            return {"authentication_required": event.required}
        case AvailableCurrentSet():
            return {"available_a": event.available_a, "available_until": event.until}
        case CurrentScheduleSet():
            return {
                "schedule": event.rules,
                "otherwise_a": event.otherwise_a,
                "time_zone": event.time_zone,
            }
        case SwitchCurrentSet():
            return {"switch_current_a": event.switch_current_a}
        case ImbalanceLimitSet():
            return {"imbalance_a": event.imbalance_a}
        case TariffSet():
            tariff = Tariff(**event.model_dump(exclude={"installation_id"}))
            others = [it for it in layout.tariffs if it.valid_from != tariff.valid_from]
            return {"tariffs": tuple(sorted((*others, tariff), key=lambda it: it.valid_from))}
        case _:
            assert_never(event)


# --- Circuits ---


def _circuits(
    circuits: tuple[Circuit, ...], event: CircuitChange, recorded_at: datetime
) -> tuple[Circuit, ...]:
    changes: Changes
    match event:
        case CircuitAdded():
            return (*circuits, Circuit(**event.model_dump()))
        case CircuitChanged():
            changes = event.model_dump(include={"name", "breaker_a", "set_a"})
        case CircuitMoved():
            changes = {"parent_id": event.parent_id}
        case CircuitDeactivated():
            changes = {"deactivated": Deactivation(at=recorded_at, reason=event.reason)}
        case CircuitReactivated():
            changes = {"deactivated": None}
        case _:
            assert_never(event)
    return tuple(
        it.model_copy(update=changes) if it.circuit_id == event.circuit_id else it
        for it in circuits
    )


# --- Chargers ---


def _chargers(layout: Layout, event: ChargerChange, recorded_at: datetime) -> Changes:
    match event:
        case ChargerAssigned():
            assigned = Charger(**event.model_dump())
            others = [it for it in layout.chargers if it.charger_id != event.charger_id]
            gone = [it for it in layout.removed if it.charger.charger_id != event.charger_id]
            return {"chargers": (*others, assigned), "removed": tuple(gone)}
        case ChargerRemoved():
            return _without(layout, event, recorded_at)
        case ChargerChanged():
            fields = {"name", "wiring", "max_a", "min_a", "breaker_a", "phase_switching"}
            return _changed(layout, event.charger_id, event.model_dump(include=fields))
        case ChargerMoved():
            return _changed(layout, event.charger_id, {"circuit_id": event.circuit_id})
        case FailSafeSet():
            wish = {"fail_safe_a": event.fail_safe_a, "fail_safe_wished": event.wished}
            return _changed(layout, event.charger_id, wish)
        case PrioritySet():
            return _changed(layout, event.charger_id, {"priority": event.priority})
        case SerialLocked():
            lock = Lock(circuit_id=event.circuit_id, at=recorded_at)
            return _changed(layout, event.charger_id, {"lock": lock})
        case SerialUnlocked():
            return _changed(layout, event.charger_id, {"lock": None})
        case _:
            assert_never(event)


def _changed(layout: Layout, charger_id: ChargerId, changes: Changes) -> Changes:
    return {
        "chargers": tuple(
            it.model_copy(update=changes) if it.charger_id == charger_id else it
            for it in layout.chargers
        )
    }


def _without(layout: Layout, event: ChargerRemoved, recorded_at: datetime) -> Changes:
    gone = [
        Removed(charger=it, at=recorded_at, moved_to=event.moved_to)
        for it in layout.chargers
        if it.charger_id == event.charger_id
    ]
    rest = tuple(it for it in layout.chargers if it.charger_id != event.charger_id)
    return {"chargers": rest, "removed": (*gone, *layout.removed)[:REMOVED_MAX]}

"""How events of meters, external limits, contracts' peaks and schedules change a layout."""

from collections.abc import Mapping
from typing import TypeVar

from services.balancer.layouts import (
    Layout,
    LimitLayout,
    MeterLayout,
    PeakLayout,
    ScheduleLayout,
)
from shared.messages import Event
from shared.messages.balancer import MAIN
from shared.messages.installation import (
    ContractPeakSet,
    CurrentScheduleSet,
    ExternalLimitLifted,
    ExternalLimitSet,
    MeterAdded,
    MeterChanged,
    MeterRemoved,
)

T = TypeVar("T")


def fold_limits(layout: Layout, event: Event) -> Layout | None:
    """Fold such an event; none for what is not one."""
    match event:
        case MeterAdded() | MeterChanged():
            told = event.model_dump(exclude={"installation_id", "meter_id", "circuit_id"})
            meter = MeterLayout(circuit_id=event.circuit_id or MAIN, **told)
            return layout.model_copy(
                update={"meters": {**layout.meters, event.meter_id: meter}}
            )
        case MeterRemoved():
            return layout.model_copy(update={"meters": _without(layout.meters, event.meter_id)})
        case ExternalLimitSet():
            limit = LimitLayout(
                circuit_id=event.circuit_id or MAIN,
                owner=event.owner,
                limit_a=event.limit_a,
                power_w=event.power_w,
                includes_load=event.includes_load,
                begins=event.begins,
                until=event.until,
                windows=event.windows,
            )
            limits = {**layout.limits, event.limit_id: limit}
            return layout.model_copy(update={"limits": limits, "time_zone": event.time_zone})
        case ExternalLimitLifted():
            return layout.model_copy(update={"limits": _without(layout.limits, event.limit_id)})
        case ContractPeakSet():
            return layout.model_copy(update={"peaks": _peaks(layout, event)})
        case CurrentScheduleSet():
            schedule = ScheduleLayout(rules=event.rules, otherwise_a=event.otherwise_a)
            present = schedule if event.rules else None
            return layout.model_copy(update={"schedule": present, "time_zone": event.time_zone})
        case _:
            return None


def _peaks(layout: Layout, event: ContractPeakSet) -> dict[str, PeakLayout]:
    circuit_id = event.circuit_id or MAIN
    others = _without(layout.peaks, circuit_id)
    if event.peak_w is None:
        return others
    return {**others, circuit_id: PeakLayout(peak_w=event.peak_w, per=event.per)}


def _without(things: Mapping[str, T], key: str) -> dict[str, T]:
    return {it: thing for it, thing in things.items() if it != key}

"""What meters, limits of others, contracts' peaks and wishes for cars change of a `Layout`."""

from typing import Any, assert_never

from services.portal.documents import AgreedLimit, AgreedPeak, Layout, Meter, Wish
from shared.messages.installation import (
    ChargingWishSet,
    ContractPeakSet,
    ExternalLimitLifted,
    ExternalLimitSet,
    MeterAdded,
    MeterChanged,
    MeterRemoved,
)

LimitChange = (
    MeterAdded
    | MeterChanged
    | MeterRemoved
    | ExternalLimitSet
    | ExternalLimitLifted
    | ContractPeakSet
    | ChargingWishSet
)
"""What is set below breakers, or weighs shares."""


def limits_changed(layout: Layout, event: LimitChange) -> dict[str, Any]:
    """Name the fields of a layout that an event changes, with what they are afterwards."""
    match event:
        case MeterAdded() | MeterChanged():
            meters = [it for it in layout.meters if it.meter_id != event.meter_id]
            return {"meters": (*meters, Meter(**event.model_dump()))}
        case MeterRemoved():
            meters = [it for it in layout.meters if it.meter_id != event.meter_id]
            return {"meters": tuple(meters)}
        case ExternalLimitSet():
            limits = [it for it in layout.limits if it.limit_id != event.limit_id]
            return {"limits": (*limits, AgreedLimit(**event.model_dump()))}
        case ExternalLimitLifted():
            limits = [it for it in layout.limits if it.limit_id != event.limit_id]
            return {"limits": tuple(limits)}
        case ContractPeakSet():
            peaks = [it for it in layout.peaks if it.circuit_id != event.circuit_id]
            if event.peak_w is not None:
                peaks.append(AgreedPeak(**event.model_dump()))
            return {"peaks": tuple(peaks)}
        case ChargingWishSet():
            wish = None
            if event.departure_at is not None and event.energy_wh is not None:
                wish = Wish(departure_at=event.departure_at, energy_wh=event.energy_wh)
            return {
                "chargers": tuple(
                    it.model_copy(update={"wish": wish})
                    if it.charger_id == event.charger_id
                    else it
                    for it in layout.chargers
                )
            }
        case _:
            assert_never(event)

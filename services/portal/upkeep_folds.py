"""Folds of what is told of a charger's reservation, and of the records it sends."""

from datetime import datetime

from services.portal.documents import Condition, Kept, Sent
from shared.messages.upkeep import (
    ChargerReserved,
    DiagnosticsRequested,
    DiagnosticsStatusReported,
    ReservationEnded,
)

UpkeepEvent = (
    ChargerReserved | ReservationEnded | DiagnosticsRequested | DiagnosticsStatusReported
)


def fold_upkeep(condition: Condition, event: UpkeepEvent, recorded_at: datetime) -> Condition:
    """Fold an event of the telemetry log."""
    return condition.model_copy(update=_told(condition, event, recorded_at))


def _told(
    condition: Condition, event: UpkeepEvent, recorded_at: datetime
) -> dict[str, Kept | Sent | None]:
    match event:
        case ChargerReserved():
            return {"kept": Kept(**event.model_dump())}
        case ReservationEnded():
            kept = condition.kept
            ended = kept is not None and kept.reservation_id == event.reservation_id
            return {"kept": None if ended else kept}
        case DiagnosticsRequested():
            return {"sent": Sent(**event.model_dump(), requested_at=recorded_at)}
        case DiagnosticsStatusReported():
            said = {"status": event.status, "reported_at": recorded_at}
            return {"sent": (condition.sent or Sent()).model_copy(update=said)}

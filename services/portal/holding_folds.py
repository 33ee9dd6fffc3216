"""In which way a charger can be limited, and what its own schedule shows, folded from telemetry's log."""

from services.portal.documents import Condition, Limiting
from shared.messages.holding import (
    FailSafeNotInForce,
    LimitNotInForce,
    LimitsShown,
    LimitWayChosen,
)

LimitingEvent = LimitWayChosen | LimitNotInForce | FailSafeNotInForce | LimitsShown


def fold_limiting(condition: Condition, event: LimitingEvent) -> Condition:
    """Fold an event of the telemetry log."""
    before = condition.limiting or Limiting()
    match event:
        case LimitWayChosen():
            update: dict[str, object] = {"holds": event.holds, "reason": event.reason}
        case LimitNotInForce():
            update = {"limit_shown_a": event.shown_a}
        case FailSafeNotInForce():
            update = {"fail_safe_shown_a": event.shown_a}
        case LimitsShown():
            update = {"limit_shown_a": None, "fail_safe_shown_a": None}
    return condition.model_copy(update={"limiting": before.model_copy(update=update)})

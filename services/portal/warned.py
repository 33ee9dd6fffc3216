"""The warnings of an installation as the portal remembers them, folded from the log of notifications."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.ids import WarningId
from shared.messages import Moment
from shared.messages.notifications import (
    WarningAcknowledged,
    WarningCleared,
    WarningRaised,
)

PAST_MAX: Final = 200
"""So many of those that are over are remembered; all of them are in the log."""

WarningEvent = WarningRaised | WarningCleared | WarningAcknowledged


class Warned(BaseModel):
    """A warning, and what became of it."""

    model_config = ConfigDict(frozen=True)

    warning: WarningRaised
    raised_at: Moment
    cleared_at: Moment | None = None
    acknowledged_at: Moment | None = None
    acknowledged_by: str | None = None
    note: str = ""


class Warnings(BaseModel):
    """Those that last, the newest last; and those that are over, the one that ended last first."""

    model_config = ConfigDict(frozen=True)

    open: dict[WarningId, Warned] = {}
    past: tuple[Warned, ...] = ()


def fold_warning(
    warnings: Warnings | None, event: WarningEvent, recorded_at: datetime, actor: str
) -> Warnings:
    """Fold an event of the log of notifications; what is not known any more changes nothing."""
    before = warnings or Warnings()
    if isinstance(event, WarningRaised):
        raised = Warned(warning=event, raised_at=recorded_at)
        return before.model_copy(update={"open": {**before.open, event.warning_id: raised}})
    known = before.open.get(event.warning_id)
    if known is None:
        return before
    others = {it: one for it, one in before.open.items() if it != event.warning_id}
    if isinstance(event, WarningCleared):
        over = known.model_copy(update={"cleared_at": recorded_at})
        return Warnings(open=others, past=(over, *before.past)[:PAST_MAX])
    taken = known.model_copy(
        update={
            "acknowledged_at": recorded_at,
            "acknowledged_by": actor,
            "note": event.note,
        }
    )
    return before.model_copy(update={"open": {**before.open, event.warning_id: taken}})

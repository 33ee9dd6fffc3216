"""Folds of what chargers and the balancer tell: what every event does to their documents."""

from datetime import datetime
from typing import Final

from services.portal.documents import (
    Applied,
    Condition,
    Fault,
    FirmwareUpdate,
    Overload,
    Rejected,
    Session,
    Share,
)
from services.portal.holding_folds import LimitingEvent, fold_limiting
from services.portal.upkeep_folds import UpkeepEvent, fold_upkeep
from shared.messages.balancer import (
    ChargerQueued,
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    LimitedBy,
    LimitIgnored,
    LimitObeyed,
    OverloadDetected,
    Rule,
)
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerStatusChanged,
    CurrentLimitApplied,
    CurrentLimitRejected,
    FailSafeApplied,
    FaultReported,
    FirmwareStatusReported,
    FirmwareUpdateRequested,
    SessionEnded,
    SessionStarted,
)

NO_ERROR: Final = "NoError"
"""OCPP 1.6 ChargePointErrorCode of a charger that has nothing to complain about."""


FirmwareEvent = FirmwareUpdateRequested | FirmwareStatusReported
OtherEvent = (
    ChargerConnected
    | ChargerDisconnected
    | ChargerStatusChanged
    | FaultReported
    | SessionStarted
    | SessionEnded
    | FailSafeApplied
    | CurrentLimitApplied
    | CurrentLimitRejected
)
ConditionEvent = OtherEvent | FirmwareEvent | UpkeepEvent | LimitingEvent


def fold_condition(
    condition: Condition | None, event: ConditionEvent, recorded_at: datetime
) -> Condition:
    """Fold an event of the telemetry log. Another charger under the same id begins anew."""
    before = condition or Condition()
    if isinstance(event, ChargerConnected) and before.serial not in {None, event.serial}:
        # It has just confirmed that fail-safe, in that way.
        before = Condition(fail_safe_a=before.fail_safe_a, limiting=before.limiting)
    if isinstance(event, FirmwareEvent):
        update = _firmware(before.firmware_update, event, recorded_at)
        return before.model_copy(update={"firmware_update": update})
    if isinstance(event, UpkeepEvent):
        return fold_upkeep(before, event, recorded_at)
    if isinstance(event, LimitingEvent):
        return fold_limiting(before, event)
    return before.model_copy(update=_told(before, event, recorded_at))


def _firmware(
    before: FirmwareUpdate | None,
    event: FirmwareEvent,
    recorded_at: datetime,
) -> FirmwareUpdate:
    if isinstance(event, FirmwareUpdateRequested):
        return FirmwareUpdate(location=event.location, requested_at=recorded_at)
    said = {"status": event.status, "reported_at": recorded_at}
    return (before or FirmwareUpdate()).model_copy(update=said)


def _told(before: Condition, event: OtherEvent, recorded_at: datetime) -> dict[str, object]:
    match event:
        case ChargerConnected():
            about = event.model_dump(include={"serial", "vendor", "model", "firmware"})
            return {"online": True, "since": recorded_at, **about}
        case ChargerDisconnected():
            return {"online": False, "since": recorded_at}
        case ChargerStatusChanged():
            return {"status": event.status, "fault": _fault_after(before.fault, event)}
        case FaultReported():
            return {"fault": Fault(**event.model_dump())}
        case SessionStarted():
            return {"session": Session(**event.model_dump(), heard_at=recorded_at)}
        case SessionEnded():
            return {"session": _session_after(before.session, event)}
        case FailSafeApplied():
            return {"fail_safe_a": event.fail_safe_a}
        case CurrentLimitApplied():
            return {"applied": Applied(**event.model_dump()), "rejected": None}
        case CurrentLimitRejected():
            return {"rejected": Rejected(**event.model_dump(), rejected_at=recorded_at)}


def _session_after(session: Session | None, event: SessionEnded) -> Session | None:
    ended = session is not None and session.session_id == event.session_id
    return None if ended else session


def _fault_after(fault: Fault | None, event: ChargerStatusChanged) -> Fault | None:
    if event.error_code == NO_ERROR:
        return None
    if fault is not None and fault.error_code == event.error_code:
        return fault
    return Fault(error_code=event.error_code, reported_at=event.reported_at)


ShareEvent = CurrentLimitAllocated | ChargerQueued | LeasesRenewed | LimitIgnored | LimitObeyed


def fold_share(
    share: Share | None,
    event: CurrentLimitAllocated,
    position: int | None = None,
    decided_at: datetime | None = None,
) -> Share:
    """
    Fold a decision; a car waits for as long as it is given nothing because of the queue.

    Args:
        share: what was decided before.
        event: the decision.
        position: where it stands in the balancer's log.
        decided_at: when it was recorded there.
    """
    queued = event.limited_by.rule is Rule.QUEUE and event.limit_a <= 0
    disobeys = event.limited_by.rule is Rule.DISOBEYS
    return Share(
        limit_a=event.limit_a,
        phases=event.phases,
        valid_until=event.valid_until,
        limited_by=event.limited_by,
        waiting_since=share.waiting_since if share is not None and queued else None,
        ignored_a=share.ignored_a if share is not None and disobeys else None,
        position=position,
        decided_at=decided_at,
    )


def fold_queued(share: Share | None, event: ChargerQueued) -> Share:
    """Fold that a car waits for its turn."""
    update = {"waiting_since": event.waiting_since, "limited_by": event.limited_by}
    return (share or Share(limited_by=event.limited_by)).model_copy(update=update)


def fold_lease(share: Share, lease: Lease) -> Share:
    """Fold that a limit goes on as it was."""
    update = lease.model_dump(include={"limit_a", "phases", "valid_until"})
    return share.model_copy(update=update)


def fold_ignored(share: Share | None, event: LimitIgnored) -> Share:
    """Fold that a car draws more than it was told, be it by its fail-safe."""
    known = share or Share(limited_by=LimitedBy(rule=Rule.DISOBEYS))
    return known.model_copy(update={"ignored_a": event.measured_a})


def fold_obeyed(share: Share | None) -> Share:
    """Fold that it draws no more than it was told again."""
    known = share or Share(limited_by=LimitedBy(rule=Rule.NO_CAR))
    return known.model_copy(update={"ignored_a": None})


def overload_of(event: OverloadDetected, recorded_at: datetime) -> Overload:
    """Remember the newest overload of a breaker."""
    return Overload(**event.model_dump(), detected_at=recorded_at)

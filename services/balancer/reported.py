"""What chargers report, folded from events."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from services.balancer.behaviour import Offer
from services.balancer.commitments import CLOCK_SKEW_S
from services.balancer.layouts import FAIL_SAFES_MAX, Document
from shared.ids import InstallationId, SessionId
from shared.messages.holding import (
    FailSafeNotInForce,
    HoldingEvent,
    Holds,
    LimitNotInForce,
    LimitWayChosen,
)
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerEvent,
    CurrentLimitApplied,
    CurrentLimitRejected,
    FailSafeApplied,
    SessionEnded,
    SessionStarted,
)
from shared.phases import ALL_TERMINALS
from shared.units import CAR_FOLLOW_S

CONFIRMATIONS_MAX: Final = 8
"""So many confirmations are kept, and all that cars may still be following."""
REJECTIONS_MAX: Final = 64
FOLLOWED_AFTER: Final = timedelta(seconds=2 * CAR_FOLLOW_S)


class Confirmed(Document):
    """What a charger has confirmed to fall back to."""

    fail_safe_a: float
    at: datetime
    before_a: float = 0.0
    """What it had confirmed before; its car may still be following."""
    installation_id: InstallationId


class Holding(Document):
    """What a charger can hold, and what its own schedule shows."""

    holds: Holds = Holds.STACKED
    spread: float = 1.0
    """How many times what it is told may flow on one line."""
    limit_shown_a: float | None = None
    """What it allows although it has confirmed a limit below that; none: it allows what it confirmed."""
    fail_safe_shown_a: float | None = None
    """The same of its fail-safe."""

    @property
    def limits(self) -> bool:
        """Whether it can be told limits at all."""
        return self.holds in {Holds.STACKED, Holds.SCHEDULED}

    @property
    def beyond_a(self) -> float:
        """The most that its own schedule allows beyond what it has confirmed; 0 for nothing."""
        return max(self.limit_shown_a or 0.0, self.fail_safe_shown_a or 0.0)


class Reported(Document):
    """A charger as telemetry tells it."""

    installation_id: InstallationId
    """Where it was when it connected last."""
    serial: str = ""
    """Of the hardware that connected last under this id."""
    connected: bool = False
    session_id: SessionId | None = None
    session_since: datetime | None = None
    session_began_wh: int | None = None
    """What its register showed when the session began."""
    session_ended: datetime | None = None
    """When the latest session that is over was."""
    confirmed_at: dict[int, datetime] = Field(default_factory=dict)
    confirmed_a: float | None = None
    confirmed_since: datetime | None = None
    """Since when that limit has been in force without a break, however often it was renewed."""
    confirmed_until: datetime | None = None
    rejected: tuple[int, ...] = ()
    not_taken: frozenset[tuple[int, ...]] = frozenset()
    """One terminal to charge from, which it has rejected since it connected last: it cannot switch, or
    cannot be told so."""
    fail_safes: tuple[Confirmed, ...] = ()
    """The latest ones, the last one being in force."""
    holds: Holding = Holding()

    @property
    def fail_safe(self) -> Confirmed | None:
        """What it has confirmed last to fall back to."""
        return self.fail_safes[-1] if self.fail_safes else None


def fold_reported(
    before: Reported | None, event: ChargerEvent, recorded_at: datetime
) -> Reported:
    """Fold what telemetry announces of a charger. Waiting counts from when we heard of a session: a
    charger's own clock may be wrong."""
    reported = before or Reported(installation_id=event.installation_id)
    match event:
        case ChargerConnected():
            return _connected(reported, event)
        case ChargerDisconnected() if event.installation_id == reported.installation_id:
            return reported.model_copy(update={"connected": False})
        case SessionStarted():
            started = {
                "session_id": event.session_id,
                "session_since": recorded_at,
                "session_began_wh": event.register_wh,
            }
            return reported.model_copy(update=started)
        case SessionEnded() if event.session_id == reported.session_id:
            over = {"session_id": None, "session_since": None, "session_ended": recorded_at}
            return reported.model_copy(update=over)
        case HoldingEvent():
            return reported.model_copy(update={"holds": _holding(reported.holds, event)})
        case FailSafeApplied():
            return _fail_safe_applied(reported, event, recorded_at)
        case CurrentLimitApplied():
            return _limit_applied(reported, event, recorded_at)
        case CurrentLimitRejected():
            return _rejected(reported, event)
        case _:
            return reported


def _connected(reported: Reported, event: ChargerConnected) -> Reported:
    """Another piece of hardware has confirmed nothing of what the one before it has; only its
    fail-safe it confirms before it is accepted."""
    here = {
        "connected": True,
        "not_taken": frozenset(),
        "serial": event.serial,
        "installation_id": event.installation_id,
    }
    if reported.serial not in {"", event.serial}:
        return Reported.model_validate(
            {
                **here,
                "fail_safes": reported.fail_safes,
                "holds": Holding(holds=reported.holds.holds, spread=reported.holds.spread),
                "rejected": reported.rejected,
                "session_ended": reported.session_ended,
            }
        )
    return reported.model_copy(update=here)


def _holding(before: Holding, event: HoldingEvent) -> Holding:
    match event:
        case LimitWayChosen():
            return before.model_copy(update={"holds": event.holds, "spread": event.spread})
        case LimitNotInForce():
            return before.model_copy(update={"limit_shown_a": event.shown_a})
        case FailSafeNotInForce():
            return before.model_copy(update={"fail_safe_shown_a": event.shown_a})
        case _:
            return Holding(holds=before.holds, spread=before.spread)


def _rejected(reported: Reported, event: CurrentLimitRejected) -> Reported:
    sequences = (*reported.rejected, event.sequence)[-REJECTIONS_MAX:]
    update: dict[str, object] = {"rejected": sequences}
    if event.terminals is not None and event.terminals != ALL_TERMINALS:
        update["not_taken"] = reported.not_taken | {event.terminals}
    return reported.model_copy(update=update)


def _fail_safe_applied(
    reported: Reported, event: FailSafeApplied, recorded_at: datetime
) -> Reported:
    known = reported.fail_safe
    if known is not None and known.at >= recorded_at:
        return reported  # it was folded before
    before_a = known.fail_safe_a if known is not None else 0.0
    if known is not None and recorded_at - known.at < timedelta(seconds=CAR_FOLLOW_S):
        before_a = max(before_a, known.before_a)
    confirmed = Confirmed(
        fail_safe_a=event.fail_safe_a,
        at=recorded_at,
        before_a=before_a,
        installation_id=event.installation_id,
    )
    latest = (*reported.fail_safes, confirmed)[-FAIL_SAFES_MAX:]
    return reported.model_copy(update={"fail_safes": latest})


def _limit_applied(
    reported: Reported, event: CurrentLimitApplied, recorded_at: datetime
) -> Reported:
    """A car follows from now on: by the clock of the log, whatever the gateway's may show."""
    confirmed = {**reported.confirmed_at}
    confirmed.setdefault(event.sequence, recorded_at)
    newest = max(confirmed)
    ordered = sorted(confirmed.items())
    following = [
        it for it in ordered[:-CONFIRMATIONS_MAX] if it[1] > recorded_at - FOLLOWED_AFTER
    ]
    update: dict[str, object] = {
        "confirmed_at": dict([*following, *ordered[-CONFIRMATIONS_MAX:]])
    }
    if event.sequence == newest:
        goes_on = (
            reported.confirmed_a == event.limit_a
            and reported.confirmed_until is not None
            and recorded_at <= reported.confirmed_until
        )
        update["confirmed_a"] = event.limit_a
        update["confirmed_until"] = event.valid_until
        if not goes_on:
            update["confirmed_since"] = recorded_at
    return reported.model_copy(update=update)


def offer_of(reported: Reported | None, now_s: float) -> Offer | None:
    """
    Name what a charger offers its car, and since when.

    It is the limit that it has confirmed last; once the lease of that is over, by whatever clock, it is the
    current that it falls back to. A car that takes nothing of a limit that has ended has not finished.
    """
    if reported is None or reported.confirmed_a is None or reported.confirmed_since is None:
        return None
    until = reported.confirmed_until
    if until is None or now_s <= until.timestamp():
        return Offer(reported.confirmed_a, reported.confirmed_since.timestamp())
    if reported.fail_safe is None:
        return None
    return Offer(reported.fail_safe.fail_safe_a, until.timestamp() + CLOCK_SKEW_S)

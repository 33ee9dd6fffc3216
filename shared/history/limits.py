"""
What one charger may draw at a moment, told from what was decided, what it confirmed, and when it was there.

A limit is in force once its charger has confirmed it, until its lease ends; then the charger is on its
fail-safe. What is decided and not confirmed is not in force.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.history.merging import Told
from shared.ids import ChargerId, InstallationId, Serial
from shared.messages.balancer import (
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    LimitedBy,
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
from shared.phases import Phase
from shared.units import TOLERANCE_A


@dataclass(frozen=True, slots=True)
class Decided:
    """A limit as it was decided, with the extensions of its lease."""

    position: int
    """Of the decision, in the balancer's log."""
    at: datetime
    epoch: int
    limit_a: float
    phases: tuple[Phase, ...]
    limited_by: LimitedBy | None
    ends: tuple[tuple[int, datetime], ...]
    """For each sequence number under which it was announced, when that lease ends."""

    @property
    def ends_at(self) -> datetime:
        """When the last lease that was announced ends."""
        return self.ends[-1][1]


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that was announced to a charger, and reported by it, up to some moment."""

    decided: tuple[Decided, ...] = ()
    confirmed: tuple[tuple[int, datetime], ...] = ()
    """Sequence numbers, and when each was confirmed; in their order."""
    rejected: frozenset[int] = frozenset()
    fail_safe_a: float | None = None
    """As the charger has confirmed it."""
    serial: Serial | None = None
    online: bool = False
    since: datetime | None = None
    """When it connected last, or when its connection was lost; none if it never connected."""
    session_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds at a moment."""

    decided: Decided | None
    """The limit in force; none while the charger is on its fail-safe, or was never there."""
    since: datetime | None
    until: datetime | None
    """When its lease ends."""
    lapsed: Decided | None = None
    """The last limit that was in force, if that is over."""
    pending: Decided | None = None
    """What was decided last, if its charger has not confirmed it."""
    refused: bool = False
    """The charger would not take what is pending."""
    before: Decided | None = None
    """The last limit of other amperes that was in force."""
    course: Course = field(default_factory=Course)


# --- Folding ---


def course_of(
    installation_id: InstallationId, charger_id: ChargerId, story: Iterable[Told]
) -> Course:
    """Fold what the logs tell of a charger in an installation."""
    course = Course()
    for told in story:
        event = told.event
        if getattr(event, "installation_id", None) != installation_id:
            continue
        if isinstance(event, ChargerEvent) and event.charger_id == charger_id:
            course = _reported(course, event, told.recorded.recorded_at)
        elif isinstance(event, CurrentLimitAllocated) and event.charger_id == charger_id:
            lease = Lease.model_validate(event.model_dump(include=set(Lease.model_fields)))
            course = _told(course, told, lease, event.epoch, event.limited_by)
        elif isinstance(event, LeasesRenewed):
            for lease in event.leases:
                if lease.charger_id == charger_id:
                    course = _told(course, told, lease, event.epoch, None)
    return course


def _told(
    course: Course, told: Told, lease: Lease, epoch: int, reason: LimitedBy | None
) -> Course:
    """A renewal goes on with the reason of what it renews, unless that had run out."""
    last = course.decided[-1] if course.decided else None
    end = (lease.sequence, lease.valid_until)
    at = told.recorded.recorded_at
    goes_on = last is not None and reason is None and last.ends_at > at
    if last is not None and goes_on and abs(last.limit_a - lease.limit_a) < TOLERANCE_A:
        extended = replace(last, ends=(*last.ends, end))
        return replace(course, decided=(*course.decided[:-1], extended))
    known = reason if reason is not None or last is None else last.limited_by
    decided = Decided(
        told.recorded.position, at, epoch, lease.limit_a, lease.phases, known, (end,)
    )
    return replace(course, decided=(*course.decided, decided))


def _reported(course: Course, event: ChargerEvent, at: datetime) -> Course:
    match event:
        case ChargerConnected():
            return _connected(course, event, at)
        case ChargerDisconnected():
            return replace(course, online=False, since=at)
        case SessionStarted():
            return replace(course, session_since=at)
        case SessionEnded():
            return replace(course, session_since=None)
        case FailSafeApplied():
            return replace(course, fail_safe_a=event.fail_safe_a)
        case CurrentLimitApplied():
            return replace(course, confirmed=(*course.confirmed, (event.sequence, at)))
        case CurrentLimitRejected():
            return replace(course, rejected=course.rejected | {event.sequence})
        case _:
            return course


def _connected(course: Course, event: ChargerConnected, at: datetime) -> Course:
    """Another piece of hardware has confirmed nothing of what the one before it has."""
    if course.serial not in {None, event.serial}:
        course = replace(course, confirmed=(), session_since=None)
    return replace(course, online=True, since=at, serial=event.serial)


# --- At a moment ---


def in_force(course: Course, at: datetime) -> InForce:
    """Say what holds at a moment, which is at or after everything that was folded."""
    confirmed_at = dict(reversed(course.confirmed))
    runs = [it for it in course.decided if _confirmed(it, confirmed_at)]
    newest = course.decided[-1] if course.decided else None
    pending = newest if newest is not None and not _confirmed(newest, confirmed_at) else None
    if pending is not None and pending.ends_at <= at:
        pending = None
    told = InForce(
        None,
        None,
        None,
        pending=pending,
        refused=pending is not None and pending.ends[-1][0] in course.rejected,
        course=course,
    )
    if not runs:
        return told
    last = runs[-1]
    until = max(end for sequence, end in last.ends if sequence in confirmed_at)
    if until <= at:
        return replace(told, since=until, lapsed=last, before=_before(runs, last))
    return replace(
        told,
        decided=last,
        since=_since(runs, confirmed_at),
        until=until,
        before=_before(runs, last),
    )


def _confirmed(decided: Decided, confirmed_at: dict[int, datetime]) -> bool:
    return any(sequence in confirmed_at for sequence, _ in decided.ends)


def _since(runs: list[Decided], confirmed_at: dict[int, datetime]) -> datetime:
    """Go back through decisions that changed the reason and not the amperes."""
    first = runs[-1]
    for earlier in reversed(runs[:-1]):
        if not _same(earlier, first) or earlier.ends_at <= first.at:
            break
        first = earlier
    return min(confirmed_at[sequence] for sequence, _ in first.ends if sequence in confirmed_at)


def _before(runs: list[Decided], last: Decided) -> Decided | None:
    return next((it for it in reversed(runs) if not _same(it, last)), None)


def _same(one: Decided, other: Decided) -> bool:
    return abs(one.limit_a - other.limit_a) < TOLERANCE_A and one.phases == other.phases

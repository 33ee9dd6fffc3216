"""
Why a charger gives what it gives: one plain sentence, made of what the balancer has announced.

    “12.0 A: breaker “Level 1”, phase L2, is fully shared by 9 cars”
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.charger_figures import (
    ChargerFacts,
    leased,
    same,
    silent_s_of,
    waiting_since_of,
)
from services.portal.documents import Share
from services.portal.facts import READING_STALE_S
from services.portal.out_of_use import why_locked, why_removed
from services.portal.wording import SHOWN_A, amperes, clock_time, counted, duration
from shared.ids import CircuitId
from shared.messages.balancer import MAIN, LimitedBy, Rule
from shared.phases import Phase
from shared.units import PILOT_MIN_A


@dataclass(frozen=True, slots=True)
class Situation:
    """What a sentence may speak of besides the rule itself."""

    limit_a: float | None
    draw_a: float | None
    circuits: Mapping[CircuitId, str]
    """The names of breakers."""
    car: bool = True
    waiting_since: str | None = None
    turn: int | None = None
    """The place in the queue, 1 for the next one."""


def why(limited_by: LimitedBy, situation: Situation) -> str:
    """Say in one sentence why a limit is what it is."""
    limit = f"{amperes(situation.limit_a)} A"
    match limited_by.rule:
        case (
            Rule.BREAKER
            | Rule.AVAILABLE
            | Rule.UNMANAGED
            | Rule.GRID_OPERATOR
            | Rule.TARIFF
            | Rule.OWNER
            | Rule.SCHEDULE
            | Rule.CONTRACT
        ):
            return f"{limit}: {_where(limited_by, situation)} is {_shared(limited_by)}"
        case Rule.CHARGER | Rule.OWN_BREAKER:
            own = limited_by.rule is Rule.OWN_BREAKER
            return f"{limit}: the most {'its own breaker carries' if own else 'this charger can give'}"
        case Rule.CAR:
            return _car(situation)
        case Rule.QUEUE:
            return _queue(limited_by, situation)
        case Rule.NO_CAR:
            return f"{limit}: {'the car asks for nothing' if situation.car else 'no car'}"
        case Rule.DISOBEYS:
            return _disobeys(situation, limit)
        case Rule.DECREASE_FIRST:
            return f"{limit} for now: others must first confirm that they have made room"
        case Rule.SWITCHING:
            return f"{limit} for now: it changes its phases first"
        case Rule.LOCKED | Rule.OUT_OF_USE:
            return f"{limit}: {_kept_out(limited_by, situation)}"


def _kept_out(limited_by: LimitedBy, situation: Situation) -> str:
    circuit_id = limited_by.circuit_id
    what = "the installation"
    if circuit_id is not None and circuit_id != MAIN:
        what = f"circuit {situation.circuits.get(circuit_id, circuit_id)}"
    locked = limited_by.rule is Rule.LOCKED
    return f"locked, because {what} was deactivated" if locked else f"{what} is deactivated"


_PLACES: Final = {
    Rule.AVAILABLE: "all that is available",
    Rule.UNMANAGED: "what other load leaves of {breaker}",
    Rule.GRID_OPERATOR: "what the grid operator allows at {breaker}",
    Rule.TARIFF: "what the tariff allows at {breaker}",
    Rule.OWNER: "what the owner allows at {breaker}",
    Rule.SCHEDULE: "what is allowed at this time at {breaker}",
    Rule.CONTRACT: "what the contract's peak still leaves at {breaker}",
}
"""What is shared out, where it is not all of a breaker."""


def _where(limited_by: LimitedBy, situation: Situation) -> str:
    breaker = _breaker(limited_by.circuit_id, situation.circuits)
    place = _PLACES.get(limited_by.rule, "{breaker}").format(breaker=breaker)
    return place if limited_by.phase is None else f"{place}, phase {limited_by.phase},"


def _breaker(circuit_id: CircuitId | None, names: Mapping[CircuitId, str]) -> str:
    if circuit_id is None:
        return "a breaker"
    if circuit_id == MAIN:
        return "the main breaker"
    return f"breaker “{names.get(circuit_id, circuit_id)}”"


def _shared(limited_by: LimitedBy) -> str:
    if limited_by.shared_by == 1:
        return "fully used by this car"
    if limited_by.shared_by > 1:
        return f"fully shared by {counted(limited_by.shared_by, 'car')}"
    return "fully used"


def _car(situation: Situation) -> str:
    takes_a = situation.limit_a if situation.draw_a is None else situation.draw_a
    if takes_a is None or takes_a < SHOWN_A:
        return "The car takes nothing now; its share is lent to others"
    return f"The car takes no more than {amperes(takes_a)} A; the rest is lent to others"


def _queue(limited_by: LimitedBy, situation: Situation) -> str:
    since = f" since {situation.waiting_since}" if situation.waiting_since else ""
    turn = f", turn {situation.turn}" if situation.turn else ""
    return (
        f"Waiting{since}{turn}: not everybody can have {PILOT_MIN_A:g} A now"
        f"{_on(limited_by.circuit_id, limited_by.phase, situation.circuits)}"
    )


def _on(
    circuit_id: CircuitId | None, phase: Phase | None, names: Mapping[CircuitId, str]
) -> str:
    if circuit_id is None:
        return ""
    place = (
        "the main breaker" if circuit_id == MAIN else f"“{names.get(circuit_id, circuit_id)}”"
    )
    return f" on {place}" if phase is None else f" on {place}, {phase}"


def _disobeys(situation: Situation, limit: str) -> str:
    if situation.draw_a is None or situation.limit_a is None:
        return "The car draws more than it was told; it is counted at what it draws"
    if situation.draw_a <= situation.limit_a:
        return "The car has drawn more than it was told; it is counted at the most it drew"
    return (
        f"The car draws {amperes(situation.draw_a)} A, more than the {limit} it was told; "
        "it is counted at what it draws"
    )


# --- One charger ---


def why_of(
    facts: ChargerFacts,
    draw_a: float | None,
    limit_a: float | None,
    now: datetime,
    zone: ZoneInfo | None,
) -> str:
    """
    Say why a charger gives what it gives.

    The reason that weighs most is given: unreachable, faulty, unwilling, or the balancer's. That
    nothing was read lately is said before it.
    """
    reason = _reason(facts, draw_a, limit_a, now, zone)
    silent_s = silent_s_of(facts, now)
    gone = facts.removed is not None or facts.charger.lock is not None
    if silent_s <= READING_STALE_S or gone:
        return reason
    return f"No reading for {duration(silent_s)}. {reason}"


def _reason(
    facts: ChargerFacts,
    draw_a: float | None,
    limit_a: float | None,
    now: datetime,
    zone: ZoneInfo | None,
) -> str:
    condition, lock = facts.condition, facts.charger.lock
    if facts.removed is not None:
        return why_removed(facts.removed, now, zone)
    if lock is not None:
        return why_locked(facts.charger, lock, facts.layout, facts.refusal, now, zone)
    if condition.since is None:
        return f"Waits to be connected for the first time, as {facts.charger.serial}"
    if not condition.online:
        return _offline(facts, clock_time(condition.since, now, zone), now)
    if condition.fault is not None:
        info = f", {condition.fault.info}" if condition.fault.info else ""
        at = clock_time(condition.fault.reported_at, now, zone)
        return f"Reports {condition.fault.error_code}{info} since {at}"
    if condition.rejected is not None:
        rejected_a = amperes(condition.rejected.limit_a)
        return f"Did not take the limit of {rejected_a} A; what it had before stays in force"
    return _balanced(facts, draw_a, limit_a, now, zone)


def _offline(facts: ChargerFacts, since: str, now: datetime) -> str:
    fail_safe_a = facts.condition.fail_safe_a
    if fail_safe_a is None:
        return f"Offline since {since}: what it does now is not known"
    fail_safe = amperes(fail_safe_a)
    if leased(facts, now):
        return f"Offline since {since}: when its limit runs out it falls back to {fail_safe} A"
    return f"Offline since {since}: it has fallen back to its fail-safe of {fail_safe} A"


def _balanced(
    facts: ChargerFacts,
    draw_a: float | None,
    limit_a: float | None,
    now: datetime,
    zone: ZoneInfo | None,
) -> str:
    """The balancer's reason, unless its limit has run out and another one is in force."""
    share, car = facts.share, facts.condition.session is not None
    if limit_a is None and car:
        return "No limit is known to be in force: the charger has confirmed none"
    if share is None or _run_out(share, limit_a, now):
        reason = "its fail-safe, because no limit is in force" if car else "no car"
        return f"{amperes(limit_a)} A: {reason}"
    waiting_since = waiting_since_of(facts.condition, share)
    return why(
        share.limited_by,
        Situation(
            limit_a=share.limit_a,
            draw_a=draw_a,
            circuits=facts.circuits,
            car=car,
            waiting_since=clock_time(waiting_since, now, zone) if waiting_since else None,
            turn=facts.turn,
        ),
    )


def _run_out(share: Share, limit_a: float | None, now: datetime) -> bool:
    if share.valid_until is None or share.limit_a is None or limit_a is None:
        return False
    return now >= share.valid_until and not same(share.limit_a, limit_a)

"""
Why a charger gives what it gives: plain sentences, made of what is known of it.

    “12.0 A: circuit Level 1 (32 A) is fully shared out on L2 among 9 cars”
    “If circuit Level 1 carried more, the main breaker (160 A) on L2 would be next, at 14.5 A”
"""

from dataclasses import dataclass
from datetime import datetime
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
from services.portal.wording import amperes, clock_time, duration
from shared.history.why import Situation, afterwards, because, waits
from shared.messages.balancer import LimitedBy, Rule
from shared.speech import _


@dataclass(frozen=True, slots=True)
class Why:
    """Why a charger gives what it gives, and what would be next; that is empty if nobody knows."""

    text: str
    then: str = ""


def why(limited_by: LimitedBy, situation: Situation) -> Why:
    """Say why a limit is what it is, and what would be next."""
    then = afterwards(limited_by, situation)
    return Why(_introduced(limited_by, situation), "" if then is None else _capital(then))


def _introduced(limited_by: LimitedBy, situation: Situation) -> str:
    reason = because(limited_by, situation)
    match limited_by.rule:
        case Rule.CAR | Rule.DISOBEYS:
            return _capital(reason)  # it names the amperes that matter
        case Rule.QUEUE:
            return f"{_capital(waits(situation))}: {reason}"
        case Rule.DECREASE_FIRST | Rule.SWITCHING | Rule.WAKING:
            limit = amperes(situation.limit_a)
            return _("%(limit)s A for now: %(why)s", limit=limit, why=reason)
        case _:
            return f"{amperes(situation.limit_a)} A: {reason}"


def _capital(clause: str) -> str:
    return clause[:1].upper() + clause[1:]


# --- One charger ---


def why_of(
    facts: ChargerFacts,
    draw_a: float | None,
    limit_a: float | None,
    now: datetime,
    zone: ZoneInfo | None,
) -> Why:
    """
    Say why a charger gives what it gives.

    The reason that weighs most is given: unreachable, faulty, unwilling, or the balancer's. That
    nothing was read lately is said before it.
    """
    weightier = _weightier(facts, now, zone)
    reason = (
        _balanced(facts, draw_a, limit_a, now, zone) if weightier is None else Why(weightier)
    )
    silent_s = silent_s_of(facts, now)
    gone = facts.removed is not None or facts.charger.lock is not None
    if silent_s <= READING_STALE_S or gone:
        return reason
    silent = _("No reading for %(time)s.", time=duration(silent_s))
    return Why(f"{silent} {reason.text}", reason.then)


def _weightier(facts: ChargerFacts, now: datetime, zone: ZoneInfo | None) -> str | None:
    """Say what weighs more than the balancer's reason, if anything does."""
    condition, lock = facts.condition, facts.charger.lock
    if facts.removed is not None:
        return why_removed(facts.removed, now, zone)
    if lock is not None:
        return why_locked(facts.charger, lock, facts.layout, facts.refusal, now, zone)
    if condition.since is None:
        serial = facts.charger.serial
        return _("Waits to be connected for the first time, as %(serial)s", serial=serial)
    if not condition.online:
        return _offline(facts, clock_time(condition.since, now, zone), now)
    if condition.fault is not None:
        fault = ", ".join(it for it in (condition.fault.error_code, condition.fault.info) if it)
        at = clock_time(condition.fault.reported_at, now, zone)
        return _("Reports %(fault)s since %(time)s", fault=fault, time=at)
    if condition.rejected is not None:
        return _(
            "Did not take the limit of %(limit)s A; what it had before stays in force",
            limit=amperes(condition.rejected.limit_a),
        )
    return None


def _offline(facts: ChargerFacts, since: str, now: datetime) -> str:
    fail_safe_a = facts.condition.fail_safe_a
    if fail_safe_a is None:
        return _("Offline since %(time)s: what it does now is not known", time=since)
    fail_safe = amperes(fail_safe_a)
    if leased(facts.condition, now):
        return _(
            "Offline since %(time)s: when its limit runs out it falls back to %(limit)s A",
            time=since,
            limit=fail_safe,
        )
    return _(
        "Offline since %(time)s: it has fallen back to its fail-safe of %(limit)s A",
        time=since,
        limit=fail_safe,
    )


def _balanced(
    facts: ChargerFacts,
    draw_a: float | None,
    limit_a: float | None,
    now: datetime,
    zone: ZoneInfo | None,
) -> Why:
    """The balancer's reason, unless its limit has run out and another one is in force."""
    share, car = facts.share, facts.condition.session is not None
    if limit_a is None and car:
        return Why(_("No limit is known to be in force: the charger has confirmed none"))
    if share is None or _run_out(share, limit_a, now):
        reason = (
            _("its fail-safe, because no limit is in force") if car else _("no car is there")
        )
        return Why(f"{amperes(limit_a)} A: {reason}")
    waiting_since = waiting_since_of(facts.condition, share)
    turn_at, until = share.limited_by.turn_at, share.limited_by.until
    return why(
        share.limited_by,
        Situation(
            limit_a=share.limit_a,
            draw_a=draw_a,
            circuits=facts.circuits,
            car=car,
            waiting_since=clock_time(waiting_since, now, zone) if waiting_since else None,
            place=facts.turn,
            turn_at=clock_time(turn_at, now, zone) if turn_at and turn_at > now else None,
            until=clock_time(until, now, zone) if until and until > now else None,
        ),
    )


def _run_out(share: Share, limit_a: float | None, now: datetime) -> bool:
    if share.valid_until is None or share.limit_a is None or limit_a is None:
        return False
    return now >= share.valid_until and not same(share.limit_a, limit_a)

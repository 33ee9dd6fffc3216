"""
Why a charger gives what it gives, for somebody who has never heard of it: one or two full sentences.

    “Circuit Level 1 may carry 50 A, and 4 cars share it on L1: 12.0 A is this car's fair share.”

Cards and lists have the short form of `why.py`; a page has the room to say it so that nobody has to ask.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.portal.charger_figures import ChargerFacts, leased, silent_s_of
from services.portal.facts import READING_STALE_S
from services.portal.one_charger.causes import Cause, cause_of
from services.portal.one_charger.rule_sentences import sentence_of
from services.portal.out_of_use import why_locked
from services.portal.wording import amperes, clock_time, duration
from shared.speech import _


def sentence(
    facts: ChargerFacts,
    draw_a: float | None,
    limit_a: float | None,
    now: datetime,
    zone: ZoneInfo,
) -> str:
    """
    Say why a charger gives what it gives.

    Args:
        facts: what is known of it.
        draw_a: what its car draws; none: nobody knows.
        limit_a: what is in force; none: it has confirmed nothing.
        now: the present moment.
        zone: where it is.
    """
    cause = cause_of(facts, limit_a, now)
    told = _told(cause, facts, draw_a, limit_a, now, zone)
    silent_s = silent_s_of(facts, now)
    if cause is Cause.LOCKED or silent_s <= READING_STALE_S:
        return told
    silence = _("It has sent no reading for %(time)s.", time=duration(silent_s))
    return f"{told} {silence}"


def _told(
    cause: Cause,
    facts: ChargerFacts,
    draw_a: float | None,
    limit_a: float | None,
    now: datetime,
    zone: ZoneInfo,
) -> str:
    condition = facts.condition
    match cause:
        case Cause.LOCKED:
            return _locked(facts, now, zone)
        case Cause.UNSEEN:
            return _("It has never been connected, so it gives nothing.")
        case Cause.OFFLINE:
            return _offline(facts, now, zone)
        case Cause.FAULT:
            return _fault(facts, now, zone)
        case Cause.UNWILLING:
            refused_a = None if condition.rejected is None else condition.rejected.limit_a
            return _(
                "The charger did not take the limit of %(limit)s A that it was told; what it had before "
                "stays in force.",
                limit=amperes(refused_a),
            )
        case Cause.UNCONFIRMED:
            return _(
                "The charger has confirmed no limit yet, so nobody knows what it allows its car."
            )
        case Cause.RUN_OUT:
            return _run_out(facts, limit_a)
        case Cause.RULE:
            return sentence_of(facts, draw_a)


def _locked(facts: ChargerFacts, now: datetime, zone: ZoneInfo) -> str:
    lock = facts.charger.lock
    assert lock is not None  # noqa: S101  # that is the cause
    return f"{why_locked(facts.charger, lock, facts.layout, facts.refusal, now, zone)}."


def _offline(facts: ChargerFacts, now: datetime, zone: ZoneInfo) -> str:
    condition = facts.condition
    assert condition.since is not None  # noqa: S101  # it was seen
    since, fail_safe_a = clock_time(condition.since, now, zone), condition.fail_safe_a
    if fail_safe_a is None:
        return _("It is offline since %(time)s, and what it does is not known.", time=since)
    if leased(condition, now) and condition.applied is not None:
        return _(
            "It is offline since %(time)s. Its last limit of %(limit)s A holds until %(until)s; then it "
            "falls back to its fail-safe of %(fail_safe)s A.",
            time=since,
            limit=amperes(condition.applied.limit_a),
            until=clock_time(condition.applied.valid_until, now, zone),
            fail_safe=amperes(fail_safe_a),
        )
    return _(
        "It is offline since %(time)s, and has fallen back to its fail-safe of %(fail_safe)s A.",
        time=since,
        fail_safe=amperes(fail_safe_a),
    )


def _fault(facts: ChargerFacts, now: datetime, zone: ZoneInfo) -> str:
    fault = facts.condition.fault
    assert fault is not None  # noqa: S101  # that is the cause
    what = f"{fault.error_code}: {fault.info}" if fault.info else fault.error_code
    return _(
        "The charger reports a fault since %(time)s (%(fault)s), and does not charge with one.",
        time=clock_time(fault.reported_at, now, zone),
        fault=what,
    )


def _run_out(facts: ChargerFacts, limit_a: float | None) -> str:
    if facts.condition.session is None:
        return _("No car is plugged in.")
    return _(
        "No limit is in force: the charger holds its car to its fail-safe of %(limit)s A.",
        limit=amperes(limit_a),
    )

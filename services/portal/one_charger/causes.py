"""Which cause of a charger's current weighs most: sentences and ways on follow it."""

from datetime import datetime
from enum import StrEnum

from services.portal.charger_figures import ChargerFacts, same


class Cause(StrEnum):
    """What a charger's current comes from, in the order in which they are looked for."""

    LOCKED = "locked"
    UNSEEN = "never connected"
    OFFLINE = "offline"
    FAULT = "fault"
    UNWILLING = "limit refused"
    """Its charger would not take the limit that was decided."""
    UNCONFIRMED = "no limit confirmed"
    """A car is there, and the charger has confirmed neither a limit nor a fail-safe."""
    RUN_OUT = "limit run out"
    """No limit is in force; the fail-safe holds."""
    RULE = "rule"
    """A rule of the balancer's holds the limit down."""


def cause_of(facts: ChargerFacts, limit_a: float | None, now: datetime) -> Cause:
    """
    Name the cause that weighs most: a charger that is not there is not held down by a breaker.

    Args:
        facts: what is known of the charger.
        limit_a: what is in force at present; none: it has confirmed nothing.
        now: the present moment.
    """
    condition = facts.condition
    if facts.charger.lock is not None:
        return Cause.LOCKED
    if condition.since is None:
        return Cause.UNSEEN
    if not condition.online:
        return Cause.OFFLINE
    if condition.fault is not None:
        return Cause.FAULT
    if condition.rejected is not None:
        return Cause.UNWILLING
    if limit_a is None and condition.session is not None:
        return Cause.UNCONFIRMED
    return Cause.RUN_OUT if _run_out(facts, limit_a, now) else Cause.RULE


def _run_out(facts: ChargerFacts, limit_a: float | None, now: datetime) -> bool:
    share = facts.share
    if share is None:
        return True
    if share.valid_until is None or share.limit_a is None or limit_a is None:
        return False
    return now >= share.valid_until and not same(share.limit_a, limit_a)

"""
What would give a charger more: for every reason of a limit, who or what can lift it, in plain sentences.

    “More comes as soon as another car behind circuit Level 1 takes less or leaves: what it leaves is shared
    out at once.”
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.charger_figures import ChargerFacts
from services.portal.one_charger.causes import Cause, cause_of
from services.portal.one_charger.rule_remedies import REMEDIES, UNLOCKED
from shared.speech import _

REMEDIES_MAX: Final = 3


def remedies(
    facts: ChargerFacts, limit_a: float | None, now: datetime, zone: ZoneInfo | None
) -> tuple[str, ...]:
    """
    Say what would give a charger more; at most `REMEDIES_MAX` sentences, what is likeliest first.

    Args:
        facts: what is known of the charger.
        limit_a: what holds at present.
        now: the present moment.
        zone: where the charger is.
    """
    return tuple(_told(cause_of(facts, limit_a, now), facts, now, zone))[:REMEDIES_MAX]


def _told(
    cause: Cause, facts: ChargerFacts, now: datetime, zone: ZoneInfo | None
) -> Iterator[str]:
    match cause:
        case Cause.LOCKED:
            yield from (_(it) for it in UNLOCKED)
        case Cause.UNSEEN:
            yield _(
                "It begins once it is switched on and reaches this server under its serial number, "
                "%(serial)s.",
                serial=facts.charger.serial,
            )
        case Cause.OFFLINE:
            yield from _offline(facts)
        case Cause.FAULT:
            yield _("Unplug the car, and wait a minute; some faults end with that.")
            yield _("If it stays, somebody has to look at the charger: it reports this itself.")
        case Cause.UNWILLING:
            yield _(
                "It is told the limit again by itself. If it goes on refusing, its firmware or its "
                "settings need a look."
            )
        case Cause.UNCONFIRMED:
            yield _("A limit follows by itself within seconds, if the balancer is at work.")
        case Cause.RUN_OUT:
            yield _run_out(facts)
        case Cause.RULE:
            share = facts.share
            assert share is not None  # noqa: S101  # a rule comes with a decision
            yield from REMEDIES[share.limited_by.rule](facts, share, now, zone)


def _offline(facts: ChargerFacts) -> Iterator[str]:
    yield _(
        "It gets more when it is online again; it connects by itself. Check its power, then its "
        "network."
    )
    if (facts.condition.fail_safe_a or 0.0) > 0:
        yield _(
            "A fail-safe is a current that it may always draw, so that a lost connection overloads "
            "nothing."
        )
    else:
        yield _("Its fail-safe is 0 A, so that a lost connection overloads nothing.")


def _run_out(facts: ChargerFacts) -> str:
    if facts.condition.session is None:
        return _("Plug a car in: it is given a share within seconds.")
    return _("More comes by itself as soon as the balancer decides again.")

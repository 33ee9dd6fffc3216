"""The breakers on a charger's way up, and which of them holds its current down."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.breaker_view import BreakerView, breaker_view, breakers_of
from services.portal.charger_figures import ChargerFacts
from services.portal.facts import Facts
from services.portal.view import Freshness, freshness_of
from shared.history.why import SHARED_OUT
from shared.ids import CircuitId
from shared.messages.balancer import Rule
from shared.speech import _

HELD_AT_A_BREAKER: Final = SHARED_OUT | {Rule.QUEUE, Rule.IMBALANCE}
"""Rules that hold at one breaker, which is marked on the way up."""


@dataclass(frozen=True, slots=True)
class Step:
    """A breaker on a charger's way up; `holds` says that it is the one that holds the current down."""

    view: BreakerView
    holds: str


def way_up(facts: Facts, known: ChargerFacts, now: datetime, zone: ZoneInfo) -> Iterator[Step]:
    """Name the breakers above a charger, the nearest first."""
    breakers = {it.circuit_id: it for it in breakers_of(facts.layout)}
    stale = freshness_of(facts, now)[0] is Freshness.STALE
    for circuit_id in facts.layout.path(known.charger.circuit_id):
        if circuit_id in breakers:
            view = breaker_view(breakers[circuit_id], facts, (), stale, now, zone)
            yield Step(view, _holds(known, circuit_id))


def _holds(facts: ChargerFacts, circuit_id: CircuitId) -> str:
    share = facts.share
    if share is None or facts.condition.session is None or not facts.condition.online:
        return ""
    reason = share.limited_by
    if reason.circuit_id != circuit_id or reason.rule not in HELD_AT_A_BREAKER:
        return ""
    if reason.phase is None:
        return _("holds it down")
    return _("holds it down on %(phase)s", phase=reason.phase)

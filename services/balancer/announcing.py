"""Decisions turned into events: what the log will say of them."""

from collections.abc import Iterator
from datetime import UTC, datetime

from services.balancer.decider import Decision
from services.balancer.facts import SiteFacts
from services.balancer.site import LINES
from shared.messages import Event
from shared.messages.balancer import (
    BreakerLoad,
    ChargerQueued,
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    LimitIgnored,
    LimitObeyed,
    OverloadDetected,
    SiteBalance,
    UnmanagedLoadCounted,
)
from shared.phases import PhaseCurrents


def moment(seconds: float) -> datetime:
    """Turn seconds since 1970 into a time."""
    return datetime.fromtimestamp(seconds, UTC)


def events_of(
    facts: SiteFacts,
    decision: Decision,
    now_s: float,
    reading_received_at: datetime | None,
) -> Iterator[Event]:
    """Say a decision as events, in the order in which its limits were counted; what it sets aside for
    other load comes before the limits that respect it."""
    for circuit_id, load in facts.loads.items():
        if not load.announced:
            yield UnmanagedLoadCounted(
                installation_id=facts.installation_id,
                circuit_id=circuit_id,
                load_a=load.lines_a,
                basis=load.basis,
            )
    leases: list[Lease] = []
    for announcement in decision.announcements:
        lease = Lease(
            charger_id=announcement.charger_id,
            limit_a=announcement.grant.limit_a,
            phases=announcement.grant.lines,
            valid_until=moment(announcement.grant.valid_until_s),
            sequence=announcement.grant.sequence,
            terminals=announcement.grant.terminals,
        )
        if announcement.renewal:
            leases.append(lease)
            continue
        yield CurrentLimitAllocated(
            installation_id=facts.installation_id,
            epoch=facts.epoch,
            limited_by=announcement.limited_by,
            reading_received_at=reading_received_at,
            layout_position=facts.layout_position,
            **lease.model_dump(),
        )
    if leases:
        yield LeasesRenewed(
            installation_id=facts.installation_id,
            epoch=facts.epoch,
            leases=tuple(leases),
            layout_position=facts.layout_position,
        )
    for queued in decision.queued:
        yield ChargerQueued(
            installation_id=facts.installation_id,
            charger_id=queued.charger_id,
            waiting_since=moment(now_s),
            limited_by=queued.limited_by,
        )


def obedience_of(facts: SiteFacts) -> Iterator[LimitIgnored | LimitObeyed]:
    """Say which cars draw more than they were told, and which do so no more: each once."""
    for charger_id, charger in facts.chargers.items():
        draws_a, newest = charger.behaviour.disobeys_a, charger.standing.newest
        if draws_a is not None and not charger.said_to_ignore:
            yield LimitIgnored(
                installation_id=facts.installation_id,
                charger_id=charger_id,
                limit_a=charger.standing.fail_safe_a if newest is None else newest.limit_a,
                measured_a=draws_a,
                session_id=charger.behaviour.session_id,
            )
        elif draws_a is None and charger.said_to_ignore:
            yield LimitObeyed(installation_id=facts.installation_id, charger_id=charger_id)


def overloads_of(facts: SiteFacts, decision: Decision) -> Iterator[OverloadDetected]:
    """Say which breakers carry more than they may."""
    for overload in decision.overloads:
        breaker, line = facts.site.at(overload.constraint)
        yield OverloadDetected(
            installation_id=facts.installation_id,
            circuit_id=breaker.circuit_id,
            phase=line,
            measured_a=overload.measured_a,
            set_a=breaker.set_a,
        )


def balance_of(
    facts: SiteFacts, decision: Decision, now_s: float, decisions: int
) -> SiteBalance:
    """Draw the live picture of a site."""
    return SiteBalance(
        installation_id=facts.installation_id,
        measured_at=moment(now_s),
        decisions=decisions,
        breakers=tuple(
            BreakerLoad(
                circuit_id=breaker.circuit_id,
                set_a=breaker.set_a,
                measured_a=_three(decision.measured_a, index),
                committed_a=_three(decision.committed_a, index),
                stale=index in decision.stale,
            )
            for index, breaker in enumerate(facts.site.breakers)
        ),
    )


def _three(of: tuple[float, ...], breaker: int) -> PhaseCurrents:
    first = breaker * LINES
    return (of[first], of[first + 1], of[first + 2])

"""
The story of several logs: who did what, when and why, and what it changed, from what to what.

The events of one command are told together. What the balancer and the chargers say to each other
all day is counted, not told, unless it is asked for.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.history.differences import Difference, differences
from shared.history.folding import evolve
from shared.history.merging import Told
from shared.history.sentences import sentence
from shared.history.states import Installation
from shared.history.wording import Words, describe
from shared.ids import InstallationId, PersonId
from shared.messages.balancer import ChargerQueued, CurrentLimitAllocated, LeasesRenewed
from shared.messages.telemetry import ChargerStatusChanged, CurrentLimitApplied

ROUTINE: Final = frozenset(
    it.__name__
    for it in (
        CurrentLimitAllocated,
        LeasesRenewed,
        ChargerQueued,
        CurrentLimitApplied,
        ChargerStatusChanged,
    )
)
"""Types of events that come by the thousand and tell little one by one. A fault is told on its own."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One event, in words, with what it changed."""

    told: Told
    text: str
    changes: tuple[str, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """What one command led to, in one log: everything that was recorded together."""

    service: str
    recorded_at: datetime
    zone: tzinfo | None
    """Where it happened."""
    actor: str
    command_id: str
    correlation_id: str
    causation_id: str | None
    allowed_by: str | None
    """By what right a person did it; none for those who need none."""
    reason: str | None
    ticket: str | None
    facts: tuple[Fact, ...]

    def as_json(self) -> dict[str, Any]:
        """Lay it out for programs."""
        return {
            "service": self.service,
            "recorded_at": self.recorded_at.isoformat(),
            "actor": self.actor,
            "command_id": self.command_id,
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
            "allowed_by": self.allowed_by,
            "reason": self.reason,
            "ticket": self.ticket,
            "events": [_fact_as_json(it) for it in self.facts],
        }


@dataclass(frozen=True, slots=True)
class Routine:
    """What was counted only, between two acts."""

    from_at: datetime
    to_at: datetime
    counts: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Lay it out for programs."""
        return {
            "routine": dict(self.counts),
            "from": self.from_at.isoformat(),
            "to": self.to_at.isoformat(),
        }


Entry = Act | Routine


def timeline(
    story: Iterable[Told],
    concerns: Callable[[Told], bool],
    *,
    everything: bool = False,
    zone: tzinfo | None = None,
    people: Mapping[PersonId, str] | None = None,
) -> Iterator[Entry]:
    """
    Tell a story, from its beginning.

    Args:
        story: merged events; also those that are not told, because they are folded: they say what
            things were called and what there was before.
        concerns: whether an event belongs to what was asked about.
        everything: tell routine events one by one as well.
        zone: the time zone of times in sentences; by default each installation's own.
        people: what they are called, as far as that may be told; others are told by their ids.
    """
    states: dict[InstallationId, Installation] = {}
    counts: Counter[str] = Counter()
    from_at = to_at = None
    open_act: Act | None = None
    for told in story:
        fact = _fact(told, states, zone, people or {})
        if not concerns(told):
            continue
        recorded = told.recorded
        if recorded.type in ROUTINE and not everything:
            counts[recorded.type] += 1
            from_at, to_at = from_at or recorded.recorded_at, recorded.recorded_at
            continue
        if open_act is not None and not counts and _together(open_act, told):
            open_act = _joined(open_act, fact)
            continue
        if open_act is not None:
            yield open_act
        if from_at is not None and to_at is not None:
            yield Routine(from_at, to_at, dict(counts))
            counts.clear()
            from_at = to_at = None
        open_act = _act(told, fact, zone or zone_of(_state(told, states)))
    if open_act is not None:
        yield open_act
    if from_at is not None and to_at is not None:
        yield Routine(from_at, to_at, dict(counts))


def zone_of(state: Installation | None) -> tzinfo | None:
    """Name the time zone of an installation; none if nobody has said."""
    if state is None or state.building is None:
        return None
    return ZoneInfo(state.building.time_zone)


def _fact(
    told: Told,
    states: dict[InstallationId, Installation],
    zone: tzinfo | None,
    people: Mapping[PersonId, str],
) -> Fact:
    event = told.event
    if event is None:
        return Fact(told, f"{told.recorded.type}, which this version cannot read", (), ())
    key = getattr(event, "installation_id", "")
    before = states.get(key) or Installation(key)
    after = evolve(before, event)
    if key:
        states[key] = after
    found = tuple(differences(before, after))
    words = Words(before, after, zone or zone_of(after), people)
    changes = describe([it for it in found if it.field is not None], words)
    return Fact(told, sentence(event, words), tuple(changes), found)


def _state(told: Told, states: Mapping[InstallationId, Installation]) -> Installation | None:
    return states.get(getattr(told.event, "installation_id", ""))


def _together(act: Act, told: Told) -> bool:
    return (act.service, act.command_id) == (told.service, told.recorded.meta.command_id)


def _act(told: Told, fact: Fact, zone: tzinfo | None) -> Act:
    recorded, event = told.recorded, told.event
    meta = recorded.meta
    return Act(
        service=told.service,
        recorded_at=recorded.recorded_at,
        zone=zone,
        actor=meta.actor,
        command_id=meta.command_id,
        correlation_id=meta.correlation_id,
        causation_id=meta.causation_id,
        allowed_by=meta.allowed_by,
        reason=getattr(event, "reason", None),
        ticket=getattr(event, "ticket", None),
        facts=(fact,),
    )


def _joined(act: Act, fact: Fact) -> Act:
    event = fact.told.event
    return replace(
        act,
        reason=act.reason or getattr(event, "reason", None),
        ticket=act.ticket or getattr(event, "ticket", None),
        facts=(*act.facts, fact),
    )


def _fact_as_json(fact: Fact) -> dict[str, Any]:
    recorded = fact.told.recorded
    return {
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "type": recorded.type,
        "event_id": str(recorded.event_id),
        "text": fact.text,
        "changes": [it.as_json() for it in fact.differences],
    }

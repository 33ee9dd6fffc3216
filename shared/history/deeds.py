"""
Who did what, by what right; and who was refused what.

Deeds are what people, programs and the operator of the platform bring about, in the order of all logs.
What chargers report and what the balancer decides are no deeds: the timeline has them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, Final

from shared.history.merging import Told
from shared.history.timeline import Act, timeline
from shared.ids import PersonId
from shared.messages import Event
from shared.messages.permissions import AccessRefused
from shared.messages.telemetry import ChargerRefused
from shared.recorded import Recorded
from shared.speech import marked

PERMISSIONS: Final = "permissions"
PERSON: Final = "person/"
"""What stands before the id of a person who acts."""
_CHARGER: Final = "charger/"
_PEOPLE: Final = re.compile(
    rb'"(?:actor|grantee)":"person/([\w-]{1,64})"|"person_id":"([\w-]{1,64})"'
)
"""Where people are named in an event or its metadata."""
_AUTOMATA: Final = frozenset({"balancer", "notifications", "system"})
"""Actors that nobody stands behind. What permissions does by itself counts: it takes roles away."""
_REFUSALS: Final = (AccessRefused, ChargerRefused)


class Door(StrEnum):
    """Where a wish came in."""

    PORTAL = "portal"
    """From a person or a program, whose rights were checked."""
    OPERATOR = "operator"
    """From the operator of the platform, or from a service: nobody is asked for a right there."""
    GATEWAY = "gateway"
    """From somebody who claimed to be a charger."""


DOORS: Final = {
    Door.PORTAL: marked("through the portal"),
    Door.OPERATOR: marked("as operator or service, who need no right"),
    Door.GATEWAY: marked("at the gateway for chargers"),
}
"""How people are told."""


@dataclass(frozen=True, slots=True)
class Deed:
    """
    A change that was made, or a wish that was refused.

    Args:
        who: the actor, as in the metadata of events.
        name: what that person is called, if it may be told.
        what: a sentence for each event.
        asked_for: of a refusal, the action or the command; none of a change that was made.
        why_not: of a refusal, its name and what it would take.
        right: by which right, as far as one was asked for.
        first: position of its first event in the log of `service`.
        last: of its last one.
    """

    at: datetime
    zone: tzinfo | None
    who: str
    name: str | None
    what: tuple[str, ...]
    asked_for: str | None
    why_not: str | None
    right: str | None
    door: Door
    service: str
    first: int
    last: int
    command_id: str
    correlation_id: str
    causation_id: str | None
    reason: str | None
    ticket: str | None

    @property
    def refused(self) -> bool:
        return self.asked_for is not None

    @property
    def where(self) -> str:
        """Name the place in the logs, such as `installation:7–9`."""
        return f"{self.service}:{self.first}" + (
            f"–{self.last}" if self.last > self.first else ""
        )

    def as_json(self) -> dict[str, Any]:
        """Lay it out for programs."""
        return {
            "at": self.at.isoformat(),
            "who": self.who,
            "name": self.name,
            "refused": self.refused,
            "what": list(self.what),
            "asked_for": self.asked_for,
            "why_not": self.why_not,
            "right": self.right,
            "door": str(self.door),
            "service": self.service,
            "first_position": self.first,
            "last_position": self.last,
            "command_id": self.command_id,
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
            "reason": self.reason,
            "ticket": self.ticket,
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deeds are asked for: of which actors, from when until when, and whether refusals only."""

    who: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    refused: bool = False

    def takes(self, told: Told) -> bool:
        recorded = told.recorded
        if self.since is not None and recorded.recorded_at < self.since:
            return False
        if self.until is not None and recorded.recorded_at > self.until:
            return False
        if self.refused and not isinstance(told.event, _REFUSALS):
            return False
        return self.who is None or recorded.meta.actor in self.who


EVERYTHING: Final = Wanted()


def is_deed(told: Told) -> bool:
    """Tell whether somebody stands behind an event."""
    if told.service == PERMISSIONS or isinstance(told.event, _REFUSALS):
        return True
    actor = told.recorded.meta.actor
    return actor not in _AUTOMATA and not actor.startswith(_CHARGER)


def deeds(
    story: Iterable[Told],
    concerns: Callable[[Told], bool],
    wanted: Wanted = EVERYTHING,
    zone: tzinfo | None = None,
    people: Mapping[PersonId, str] | None = None,
) -> Iterator[Deed]:
    """
    Tell who did what, from the beginning.

    Args:
        story: merged events of all logs; also those that are not told, which say what things were called.
        concerns: whether an event belongs to what was asked about.
        wanted: which of those.
        zone: of times in sentences; by default the installation's own.
        people: what they are called, as far as that may be told.
    """
    named = {f"{PERSON}{person_id}": name for person_id, name in (people or {}).items()}

    def told_here(told: Told) -> bool:
        return is_deed(told) and wanted.takes(told) and concerns(told)

    for entry in timeline(story, told_here, everything=True, zone=zone, people=people):
        if isinstance(entry, Act):
            yield _deed(entry, named.get(entry.actor))


def people_in(logs: Iterable[Iterable[Recorded]]) -> frozenset[PersonId]:
    """Name everybody who did something in some logs, or of whom they tell."""
    found = (
        match
        for log in logs
        for recorded in log
        for content in (recorded.data, recorded.meta_json)
        for match in _PEOPLE.finditer(content)
    )
    return frozenset((it[1] or it[2]).decode() for it in found)


def _deed(act: Act, name: str | None) -> Deed:
    refusal = next(
        (it.told.event for it in act.facts if isinstance(it.told.event, _REFUSALS)), None
    )
    asked_for, why_not = _refusal(refusal)
    positions = [it.told.recorded.position for it in act.facts]
    return Deed(
        at=act.recorded_at,
        zone=act.zone,
        who=act.actor,
        name=name,
        what=tuple(it.text for it in act.facts),
        asked_for=asked_for,
        why_not=why_not,
        right=act.allowed_by,
        door=_door(act, refused=refusal is not None),
        service=act.service,
        first=positions[0],
        last=positions[-1],
        command_id=act.command_id,
        correlation_id=act.correlation_id,
        causation_id=act.causation_id,
        reason=act.reason,
        ticket=act.ticket,
    )


def _refusal(event: Event | None) -> tuple[str | None, str | None]:
    match event:
        case AccessRefused():
            return event.asked_for, ": ".join(filter(None, (event.refusal, event.detail)))
        case ChargerRefused():
            return f"connection of charger {event.serial}", event.reason
        case _:
            return None, None


def _door(act: Act, *, refused: bool) -> Door:
    if act.actor.startswith(_CHARGER):
        return Door.GATEWAY
    return Door.PORTAL if refused or act.allowed_by is not None else Door.OPERATOR

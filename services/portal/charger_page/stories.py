"""What happened to one charger lately, in words: pure, from logs to a few lines."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.past import Logs, Names
from services.portal.when import When, when
from shared.history.merging import Told, merge
from shared.history.timeline import Act, timeline
from shared.ids import ChargerId, InstallationId

SHOWN_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class StoryLine:
    """Something that happened; `who` is empty where nobody stands behind it."""

    at: When
    who: str
    texts: tuple[str, ...]


def story_of(
    logs: Logs,
    people: Names,
    installation_id: InstallationId,
    charger_id: ChargerId,
    zone: ZoneInfo,
) -> Sequence[StoryLine]:
    """
    Tell the newest things that happened to a charger, the newest first.

    Args:
        logs: of services, as far as they are about the installation.
        people: what people are called, as far as it may be told.
        installation_id: where it stands.
        charger_id: which.
        zone: of the times.
    """

    def concerns(told: Told) -> bool:
        event = told.event
        return (
            getattr(event, "charger_id", None) == charger_id
            and getattr(event, "installation_id", None) == installation_id
        )

    story = timeline(merge(logs), concerns, zone=zone, people=people)
    newest = deque((it for it in story if isinstance(it, Act)), SHOWN_MAX)
    return [_line(it, people, zone) for it in reversed(newest)]


def _line(act: Act, people: Mapping[str, str], zone: ZoneInfo) -> StoryLine:
    return StoryLine(
        at=when(act.recorded_at, zone),
        who=_who(act.actor, people),
        texts=tuple(it.text for it in act.facts),
    )


def _who(actor: str, people: Mapping[str, str]) -> str:
    kind, _, name = actor.partition("/")
    if kind == "person":
        return people.get(name, actor)
    return actor if kind == "client" else ""

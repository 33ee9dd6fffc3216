"""The story of a serial number, and what unlocking it would change, as they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.portal.past import Logs, Names
from services.portal.support.telling import Page, Wanted, page_of
from services.portal.support.trees import set_up
from shared.history.folding import evolve, fold
from shared.history.merging import merge
from shared.history.moments import LAYOUTS
from shared.history.sentences import sentence
from shared.history.serial_story import story_of
from shared.history.serial_words import locked_lines, where_lines
from shared.history.unlocking import why_locked
from shared.history.wording import Words, describe
from shared.ids import InstallationId, Serial
from shared.messages import Event


@dataclass(frozen=True, slots=True)
class Told:
    """
    What the logs say of a serial number.

    Args:
        where: where it is, and was.
        why: why it is locked, and what its charger has done since; nothing if it is not.
        ways: what would unlock it.
        page: what happened to it, the latest first.
    """

    where: Sequence[str]
    why: Sequence[str]
    ways: Sequence[str]
    page: Page


def told(
    serial: Serial, installation_id: InstallationId, zone: ZoneInfo, logs: Logs, people: Names
) -> Told:
    """Tell the story of a serial number, as far as the logs of an installation have it."""
    story = story_of(serial, merge(logs))
    why = why_locked(story)
    stay = story.stay or (story.stays[-1] if story.stays else None)
    wanted = Wanted(charger_id=None if stay is None else stay.charger_id, serial=serial)
    return Told(
        where=where_lines(story, zone),
        why=[] if why is None else locked_lines(story, why, zone),
        ways=[] if why is None else [it.what for it in why.ways],
        page=page_of(installation_id, wanted, zone, logs, people),
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """What unlocking would append, and what that would change."""

    events: Sequence[tuple[str, str]]
    """Each one's name, and what it says."""
    changes: Sequence[str]


def trial(
    installation_id: InstallationId,
    events: Sequence[Event],
    zone: ZoneInfo,
    logs: Logs,
    people: Names,
) -> Trial:
    """Show what events would change, at the end of what has happened."""
    past = (it.event for it in merge({LAYOUTS: logs.get(LAYOUTS, ())}))
    before = fold(installation_id, (it for it in past if it is not None))
    after = before
    for event in events:
        after = evolve(after, event)
    words = Words(before, after, zone, people)
    return Trial(
        events=[(type(it).__name__, sentence(it, words)) for it in events],
        changes=describe(set_up(before, after), words),
    )

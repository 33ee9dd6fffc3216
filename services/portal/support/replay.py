"""
A moment of the past: what happened then, what it changed, and the installation as it was.

Moments are numbered by what changed the set-up, from 1 at its creation on. A moment can also be named by
its time, or in any other way that `ampledger history --at` takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.past import Logs, Names, concerning
from services.portal.support.telling import who_of
from services.portal.support.trees import Node, set_up, tree_of
from services.portal.when import When, when
from shared.history.merging import Told, merge
from shared.history.moments import LAYOUTS, AtPosition, AtTime, AtVersion, UnknownMoment, parse
from shared.history.replaying import Step, replayed
from shared.history.sentences import sentence
from shared.history.wording import Words, describe
from shared.ids import InstallationId
from shared.speech import _

FIRST: Final = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Which moment is asked for.

    Args:
        installation_id: where.
        at: the moment, as people write it; empty: the latest.
        since: what it is compared with; empty: the moment before it.
        now: the present moment.
        zone: of a time without an offset.
    """

    installation_id: InstallationId
    at: str
    since: str
    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Moment:
    """
    What is shown of a moment.

    Args:
        at: its number.
        since: of what it is compared with, if somebody has chosen that.
        last: number of the latest one.
        text: what happened.
        changes: what differs, from what to what.
        tree: the installation as it was.
        fault: why another moment is shown than was asked for.
    """

    at: int
    since: int | None
    last: int
    when: When
    who: str
    text: str
    reason: str
    changes: tuple[str, ...]
    tree: Node
    fault: str = ""


def moment_of(asked: Asked, logs: Logs, people: Names) -> Moment | None:
    """
    Go back to a moment.

    Returns:
        What is shown; none: the log is longer than what is read of it, so that its beginning is missing.
    """
    concerns = concerning(asked.installation_id)

    def is_step(told: Told) -> bool:
        return told.service == LAYOUTS and concerns(told)

    steps = replayed(merge(logs), is_step)
    if not steps or steps[0].told.recorded.version != FIRST:
        return None
    fault = ""
    try:
        at = _numbered(steps, asked.at, asked) if asked.at else len(steps)
        since = _numbered(steps, asked.since, asked) if asked.since else None
    except UnknownMoment as unknown:
        at, since, fault = len(steps), None, str(unknown)
    return _shown(asked, steps, at, since, people, fault)


def _numbered(steps: Sequence[Step], text: str, asked: Asked) -> int:
    """
    Find the number of a moment.

    Raises:
        UnknownMoment: there is none.
    """
    version = f"version:{text}" if text.isdecimal() else text
    wanted = parse(version, (), asked.now, asked.zone)
    match wanted:
        case AtVersion():
            upto = [it for it in steps if it.told.recorded.version <= wanted.version]
            known = FIRST <= wanted.version <= len(steps)
        case AtPosition():
            upto = [it for it in steps if it.told.recorded.position <= wanted.position]
            known = bool(upto)
        case AtTime():
            upto = [it for it in steps if it.told.recorded.recorded_at <= wanted.time]
            known = bool(upto)
    if not known:
        raise UnknownMoment(
            _(
                "Nothing had happened here by “%(moment)s”; there are %(n)s moments, from 1 on.",
                moment=text,
                n=len(steps),
            )
        )
    return len(upto)


def _shown(
    asked: Asked,
    steps: Sequence[Step],
    at: int,
    since: int | None,
    people: Names,
    fault: str,
) -> Moment:
    step = steps[at - 1]
    recorded, event = step.told.recorded, step.told.event
    compared = step.before if since is None else steps[since - 1].after
    words = Words(compared, step.after, asked.zone, people)
    then = replace(words, before=step.before)
    return Moment(
        at=at,
        since=since,
        last=len(steps),
        when=when(recorded.recorded_at, asked.zone),
        who=who_of(recorded.meta.actor, people),
        text=recorded.type if event is None else sentence(event, then),
        reason=getattr(event, "reason", None) or "",
        changes=tuple(describe(set_up(compared, step.after), words)),
        tree=tree_of(compared, step.after),
        fault=fault,
    )

"""What somebody asks about, with the events that tell of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum

from cli.support.reading import Logs
from shared.history.folding import fold
from shared.history.merging import Told, merge
from shared.history.moments import AtPosition, Moment, UnknownMoment
from shared.history.serial_story import story_of
from shared.history.serials import SerialStory
from shared.history.states import Installation
from shared.recorded import Recorded


class Kind(StrEnum):
    """What can be asked about."""

    INSTALLATION = "installation"
    SERIAL = "serial"
    USER = "user"


class UnknownSubject(ValueError):
    """The logs know nothing of this name."""


Events = Mapping[str, list[Recorded]]
"""By service, each in the order of its log."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about, with everything that is needed to tell of it."""

    kind: Kind
    name: str
    stream: str
    """The stream whose versions are meant."""
    events: Events
    concerns: Callable[[Told], bool]
    zone: tzinfo | None = None
    """Where it happened; none if nothing tells."""
    serial_story: SerialStory | None = None

    def state(self, events: Events) -> Installation:
        """Fold some of its events: those of its installation, of a serial the latest one it was in."""
        story = merge(events)
        installation_id = self.name
        if self.kind is Kind.SERIAL:
            stay = story_of(self.name, story).stays
            if not stay:
                raise UnknownMoment(f"{self.name} was in no installation then")
            installation_id = stay[-1].installation_id
        mine = (
            it.event
            for it in story
            if it.event is not None
            and getattr(it.event, "installation_id", None) == installation_id
        )
        return fold(installation_id, mine)


def layouts(installation_id: str) -> str:
    """Name the stream of an installation's layout."""
    return f"installation-{installation_id}"


async def timed(logs: Logs, moment: Moment) -> Moment:
    """
    Say when a position was recorded, so that the other logs can be cut there, too.

    Raises:
        UnknownMoment: the log does not hold it.
    """
    if not isinstance(moment, AtPosition):
        return moment
    recorded_at = await logs.recorded_at(moment.service, moment.position)
    if recorded_at is None:
        head = await logs.head(moment.service)
        raise UnknownMoment(
            f"the log of {moment.service} ends at {head}, there is no position {moment.position}"
        )
    return AtPosition(moment.service, moment.position, recorded_at)

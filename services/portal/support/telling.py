"""The human timeline of an installation: who, when, why, and what it changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from services.portal.past import Logs, Names, concerning
from services.portal.when import When, calendar, when
from shared.history.deeds import PERSON
from shared.history.merging import Told, merge
from shared.history.moments import LAYOUTS
from shared.history.timeline import Act, timeline
from shared.ids import ChargerId, InstallationId, Serial
from shared.messages.permissions import AccessRefused
from shared.messages.telemetry import ChargerRefused
from shared.speech import _, marked

SHOWN: Final = 50
"""How many entries a page has."""


class Kind(StrEnum):
    """What can be asked for alone."""

    ALL = "all"
    LAYOUT = "setup"
    CHARGERS = "chargers"
    PEOPLE = "people"
    REFUSED = "refused"


KINDS: Final = {
    Kind.ALL: marked("Everything"),
    Kind.LAYOUT: marked("Set-up and locks"),
    Kind.CHARGERS: marked("Chargers"),
    Kind.PEOPLE: marked("People"),
    Kind.REFUSED: marked("Refusals"),
}
_SERVICES: Final = {
    Kind.LAYOUT: LAYOUTS,
    Kind.CHARGERS: "telemetry",
    Kind.PEOPLE: "permissions",
}
_REFUSALS: Final = (AccessRefused, ChargerRefused)


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What is asked for.

    Args:
        kind: of entries.
        charger_id: only what is about this charger.
        serial: of that charger.
        before: only what comes before this place in a log, such as `installation:12`.
    """

    kind: Kind = Kind.ALL
    charger_id: ChargerId | None = None
    serial: Serial | None = None
    before: str | None = None

    def takes(self, told: Told) -> bool:
        """Tell whether an event is asked for."""
        event = told.event
        if self.kind is Kind.REFUSED and not isinstance(event, _REFUSALS):
            return False
        if _SERVICES.get(self.kind, told.service) != told.service:
            return False
        if self.charger_id is None:
            return True
        named = getattr(event, "charger_id", None), getattr(event, "serial", None)
        return named[0] == self.charger_id or (named[1] is not None and named[1] == self.serial)


@dataclass(frozen=True, slots=True)
class Line:
    """One fact, and what it changed."""

    text: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """What happened together."""

    day: str
    """Such as “Friday, 27 November 2026”; empty if the row before has the same."""
    time: str
    at: When
    who: str
    refused: bool
    lines: tuple[Line, ...]
    reason: str
    ticket: str
    where: str
    """In the logs, such as `installation:12`: the row's own name."""
    step: int | None
    """Of the replay: the installation right behind it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the timeline."""

    rows: tuple[Row, ...]
    before: str | None
    """Where the next page goes on; none: there is nothing earlier."""


def page_of(
    installation_id: InstallationId, wanted: Wanted, zone: ZoneInfo, logs: Logs, people: Names
) -> Page:
    """
    Tell what happened, the latest first.

    Args:
        installation_id: where.
        wanted: what is asked for.
        zone: of days and times.
        logs: all logs that are about it.
        people: what they are called, as far as it may be told.
    """
    concerns = concerning(installation_id)

    def asked(told: Told) -> bool:
        return concerns(told) and wanted.takes(told)

    entries = timeline(merge(logs), asked, people=people)
    acts = [it for it in entries if isinstance(it, Act)][::-1]
    names = [_where(it) for it in acts]
    first = names.index(wanted.before) + 1 if wanted.before in names else 0
    shown = acts[first : first + SHOWN]
    more = len(acts) > first + SHOWN
    rows = tuple(_rows(shown, zone, people))
    return Page(rows, rows[-1].where if more else None)


def _rows(acts: list[Act], zone: ZoneInfo, people: Names) -> Iterator[Row]:
    last = None
    for act in acts:
        there = act.recorded_at.astimezone(zone)
        day = format_date(there.date(), "full", locale=calendar())
        yield Row(
            day="" if day == last else day,
            time=format_time(there, "HH:mm:ss", locale=calendar()),
            at=when(act.recorded_at, zone),
            who=who_of(act.actor, people),
            refused=any(isinstance(it.told.event, _REFUSALS) for it in act.facts),
            lines=tuple(Line(it.text, it.changes) for it in act.facts),
            reason=act.reason or "",
            ticket=act.ticket or "",
            where=_where(act),
            step=act.facts[-1].told.recorded.version if act.service == LAYOUTS else None,
        )
        last = day


def _where(act: Act) -> str:
    return f"{act.service}:{act.facts[0].told.recorded.position}"


def who_of(actor: str, people: Mapping[str, str]) -> str:
    """
    Name who did something.

    >>> who_of("person/ada", {"ada": "Ada Lien"}), who_of("operator", {})
    ('Ada Lien', 'operator')
    """
    if not actor.startswith(PERSON):
        return actor
    person_id = actor.removeprefix(PERSON)
    return people.get(person_id) or _("person %(id)s", id=person_id)

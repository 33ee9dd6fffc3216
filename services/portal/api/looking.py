"""What every handler of what is read stands on: what is read from, and the check before it."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol, TypeVar

from fastapi import Path, Request
from starlette.requests import HTTPConnection

from services.portal.api.entering import AskerOf
from services.portal.documents import Layout
from services.portal.guarding import Guard, NotHere
from services.portal.heard import Heard
from services.portal.looks import Admit
from services.portal.past import Past
from services.portal.reading_desk import ReadingDesk
from services.portal.session_book import SessionBook
from services.portal.tail import Tail
from services.portal.traces.tracing import Traces
from services.portal.view import InstallationView
from services.portal.viewers import Sight
from services.portal.warned import Warnings
from shared.ids import ID_PATTERN, PersonId
from shared.messages import Message
from shared.messages.people import Query
from shared.messages.signing_in import Asker
from shared.meter_query import MeterStandings
from shared.rights.book import GrantBook
from shared.rights.grants import Grant, Place
from shared.rights.table import Action

M = TypeVar("M", bound=Message)


class AskNotices(Protocol):
    """Asks notifications something."""

    async def __call__(self, query: Query, answer: type[M], /) -> M | None: ...


Here = Annotated[str, Path(pattern=ID_PATTERN)]


@dataclass(frozen=True, slots=True)
class Sources:
    """
    What is read from.

    Args:
        layout: an installation as it is set up; none if there is no such one.
        layouts: all of them.
        view: an installation as it is at this moment.
        book_of_sessions: those that were, and are.
        book: what has been granted.
        guard: checks who asks.
        admit: lets somebody look at the past.
        past: what the logs of all services tell.
        traces: how currents went lately.
        now: reads the clock.
        heard: how far the portal has come in the logs that it follows.
        tail: reads on in them.
        still_asks: tells, in the middle of a long answer, whether it is still the same who asks.
        names: what people are called, as far as somebody may know it.
        warnings: of an installation; none if there never was one.
        notices: asks notifications; none if it does not answer.
        readings: asks telemetry what was measured.
        meters: asks telemetry how an installation's meters are heard of.
    """

    layout: Callable[[str], Layout | None]
    layouts: Callable[[], list[Layout]]
    view: Callable[[Sight], InstallationView | None]
    book_of_sessions: SessionBook
    book: GrantBook
    guard: Guard
    admit: Admit
    past: Past
    traces: Traces
    now: Callable[[], datetime]
    heard: Heard
    tail: Tail
    still_asks: Callable[[HTTPConnection], Awaitable[bool]]
    names: Callable[[Collection[PersonId], str], Awaitable[Mapping[PersonId, str]]]
    warnings: Callable[[str], Warnings | None]
    notices: AskNotices
    readings: ReadingDesk
    meters: Callable[[str], Awaitable[MeterStandings]]


class Looking:
    """
    Knows who asks, and finds what they may see.

    Args:
        sources: what is read from.
        asker_of: says who asks.
    """

    def __init__(self, sources: Sources, asker_of: AskerOf) -> None:
        self.sources = sources
        self._asker_of = asker_of

    def asker(self, request: Request) -> Asker:
        asker = self._asker_of(request)
        assert asker is not None  # noqa: S101  # nobody else is let in
        return asker

    def seen(
        self,
        request: Request,
        action: Action,
        installation_id: str,
        charger_id: str | None = None,
    ) -> tuple[Asker, Layout]:
        """
        Check that whoever asks may, and find the installation.

        Raises:
            NotHere: there is no such place, or none where they have a role.
            Forbidden: they may not.
        """
        asker, place = self.asker(request), Place(installation_id, charger_id)
        name = f"read {request.scope['route'].name}"
        self.sources.guard.check(asker, action, place, name)
        layout = self.sources.layout(installation_id)
        known = layout is not None and (
            charger_id is None or any(it.charger_id == charger_id for it in layout.chargers)
        )
        if layout is None or not known:
            raise NotHere(f"there is no {place}, or none where you have a role")
        return asker, layout

    def own(self, asker: Asker, installation_id: str) -> list[Grant]:
        found = self.sources.book.grants.of(asker.actor, self.sources.now(), installation_id)
        return [grant for _, grant in found]

"""The handlers of what was: sessions, reports, the past; and of who may do what."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from starlette.responses import Response

from services.portal.api.forms import wanted as wanted_form
from services.portal.api.looking import Here, Looking
from services.portal.api.paging import (
    PAGE,
    Cursor,
    Limit,
    Page,
    bad_cursor,
    page_from,
    page_of,
    read_cursor,
)
from services.portal.api.problems import Bad
from services.portal.api.readings import HeldRole, held
from services.portal.api.reports import (
    Form,
    as_csv,
    as_json,
    as_ndjson,
    lines_of,
    streamed,
)
from services.portal.billing.columns import Names
from services.portal.billing.lines import Line
from services.portal.billing.prices import Prices
from services.portal.billing.totals import Totals
from services.portal.charging import ChargingSession
from services.portal.documents import Layout
from services.portal.looks import REASON_CHARS_MAX
from services.portal.past import TooManyLook
from services.portal.session_book import Which
from shared.history.deeds import Deed, Wanted
from shared.ids import ID_PATTERN
from shared.rights.grants import NOTHING, Grant, Place
from shared.rights.table import Action

At = Annotated[datetime | None, Query()]
Who = Annotated[str | None, Query(pattern=ID_PATTERN)]
BEFORE_ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)
NOBODY: Final = ""
"""An id that no person has."""


class Records:
    """One method for every route, by its name in `READ_ROUTES`."""

    def __init__(self, looking: Looking) -> None:
        self._at = looking

    async def own_sessions(
        self, request: Request, cursor: Cursor = None, limit: Limit = PAGE
    ) -> Page[ChargingSession]:
        """The sessions of whoever asks, the newest first."""
        asker = self._at.asker(request)
        self._at.sources.guard.check(asker, Action.OWN_SESSIONS, Place(), "own_sessions")
        # A program is no person, and has no sessions of its own.
        wanted = Which(person_id=asker.person_id or NOBODY)
        return await self._sessions(wanted, cursor, limit)

    async def sessions(
        self,
        request: Request,
        installation_id: Here,
        begins: At = None,
        ends: At = None,
        person_id: Who = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ChargingSession]:
        """Sessions at an installation, the newest first: all, or those of a time or a person."""
        self._at.seen(request, Action.ALL_SESSIONS, installation_id)
        wanted = Which(installation_id, None, person_id, begins=begins, ends=ends)
        return await self._sessions(wanted, cursor, limit)

    async def charger_sessions(
        self,
        request: Request,
        installation_id: Here,
        charger_id: Here,
        begins: At = None,
        ends: At = None,
        person_id: Who = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ChargingSession]:
        """Sessions at a charger, the newest first: all, or those of a time or a person."""
        self._at.seen(request, Action.ALL_SESSIONS, installation_id, charger_id)
        wanted = Which(installation_id, charger_id, person_id, begins=begins, ends=ends)
        return await self._sessions(wanted, cursor, limit)

    async def report(
        self,
        request: Request,
        installation_id: Here,
        begins: At = None,
        ends: At = None,
        form: Annotated[Form | None, Query(alias="format")] = None,
    ) -> Response:
        """
        What was charged in a span of time: every session that ended in it; by default, ever.

        As JSON it has sums as well. `format` is for links, which cannot say what they accept.
        """
        _, layout = self._at.seen(request, Action.REPORTS, installation_id)
        wanted = Which(
            installation_id,
            begins=_with_offset(begins or BEFORE_ALL),
            ends=_with_offset(ends or self._at.sources.now()),
            over=True,
        )
        chosen = form or Form.of(wanted_form(request.headers.get("Accept", "")))
        totals = Totals(ZoneInfo(layout.time_zone))
        names, lines = await self._read(request, layout, wanted)
        body: AsyncIterator[str | bytes]
        match chosen:
            case Form.CSV:
                body = as_csv(lines, names)
            case Form.NDJSON:
                body = as_ndjson(lines, names)
            case Form.JSON:
                body = as_json(lines, names, wanted, totals)
        return streamed(chosen, installation_id, body)

    async def _sessions(
        self, wanted: Which, cursor: str | None, limit: int
    ) -> Page[ChargingSession]:
        for at in (wanted.begins, wanted.ends):
            if at is not None:
                _with_offset(at)
        book = self._at.sources.book_of_sessions
        found = await book.page(wanted, _begin(cursor), limit + 1)
        return page_from(found, lambda it: it.order, limit)

    async def _read(
        self, request: Request, layout: Layout, wanted: Which
    ) -> tuple[Names, AsyncIterator[Sequence[Line]]]:
        """Begin to read sessions as lines, with the names that whoever asks may know."""
        book = self._at.sources.book_of_sessions
        whose = await book.people(wanted)
        people = await self._at.sources.names(whose, self._at.asker(request).actor)
        names = Names({it.charger_id: it.name for it in layout.chargers}, people)
        prices = Prices(layout.tariffs, ZoneInfo(layout.time_zone))
        return names, lines_of(book, wanted, prices)

    async def history(
        self,
        request: Request,
        installation_id: Here,
        reason: Annotated[str | None, Query(max_length=REASON_CHARS_MAX)] = None,
        refused: bool = False,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[dict[str, Any]]:
        """
        Who did what at an installation, and by what right, the newest first; or who was refused what.

        Support says why it looks, and that is on record before anything is shown.
        """
        asker, _ = self._at.seen(request, Action.HISTORY, installation_id)
        await self._at.sources.admit(asker, installation_id, reason)
        try:
            found = await self._at.sources.past.deeds(
                installation_id, Wanted(refused=refused), asker.actor
            )
        except TooManyLook:
            raise Bad(
                503,
                "TooManyLook",
                "many look at the past at this moment; try again in a few seconds",
            ) from None
        page = page_of(found, _deed_order, cursor, limit, newest_first=True)
        return Page(items=[it.as_json() for it in page.items], next=page.next)

    async def roles(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[HeldRole]:
        """Who has which role at an installation and its chargers."""
        self._at.seen(request, Action.PERMISSIONS, installation_id)
        return self._roles(installation_id, lambda _: True, cursor, limit)

    async def charger_roles(
        self,
        request: Request,
        installation_id: Here,
        charger_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[HeldRole]:
        """Who has which role at a charger, and nowhere else."""
        self._at.seen(request, Action.PERMISSIONS, installation_id, charger_id)
        return self._roles(
            installation_id, lambda it: it.charger_id == charger_id, cursor, limit
        )

    def _roles(
        self,
        installation_id: str,
        wanted: Callable[[Grant], bool],
        cursor: str | None,
        limit: int,
    ) -> Page[HeldRole]:
        grants = self._at.sources.book.grants.places.get(installation_id, NOTHING).grants
        now = self._at.sources.now()
        told = held(it for it in grants if it.holds(now) and wanted(it))
        return page_of(
            told, lambda it: (it.grantee, it.role, it.charger_id or ""), cursor, limit
        )


def _deed_order(deed: Deed) -> tuple[str, ...]:
    """Deeds are in the order of time; at the same moment, in that of their logs."""
    at = deed.at.astimezone(UTC).isoformat(timespec="microseconds")
    return (at, deed.service, f"{deed.first:020}")


def _begin(cursor: str | None) -> tuple[datetime, str] | None:
    """Read where a page of sessions begins: behind one that began at a moment, by its id."""
    if cursor is None:
        return None
    key = read_cursor(cursor)
    try:
        at, session_id = key
        return datetime.fromisoformat(at).astimezone(UTC), session_id
    except ValueError:
        raise bad_cursor() from None


def _with_offset(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise Bad(
            422,
            "InvalidRequest",
            "a time needs its offset from UTC, such as 2026-11-01T00:00:00Z",
        )
    return moment

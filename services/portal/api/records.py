"""The handlers of what was: sessions, reports, the past; and of who may do what."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from starlette.responses import Response

from services.portal.api.looking import Here, Looking
from services.portal.api.paging import PAGE, Cursor, Limit, Page, page_of
from services.portal.api.problems import Bad
from services.portal.api.readings import HeldRole, held
from services.portal.api.reports import as_csv, report_of
from services.portal.charging import ChargingSession
from services.portal.looks import REASON_CHARS_MAX
from services.portal.past import TooManyLook
from shared.history.deeds import Deed, Wanted
from shared.rights.grants import NOTHING, Grant, Place
from shared.rights.table import Action

At = Annotated[datetime | None, Query()]


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
        found = (
            self._at.sources.sessions.of(asker.person_id) if asker.person_id is not None else ()
        )
        return page_of(found, lambda it: it.order, cursor, limit, newest_first=True)

    async def sessions(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ChargingSession]:
        """All sessions at an installation, the newest first."""
        self._at.seen(request, Action.ALL_SESSIONS, installation_id)
        found = self._at.sources.sessions.at(installation_id)
        return page_of(found, lambda it: it.order, cursor, limit, newest_first=True)

    async def charger_sessions(
        self,
        request: Request,
        installation_id: Here,
        charger_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ChargingSession]:
        """All sessions at a charger, the newest first."""
        self._at.seen(request, Action.ALL_SESSIONS, installation_id, charger_id)
        found = self._at.sources.sessions.at(installation_id, charger_id)
        return page_of(found, lambda it: it.order, cursor, limit, newest_first=True)

    async def report(
        self,
        request: Request,
        installation_id: Here,
        begins: At = None,
        ends: At = None,
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    ) -> Response:
        """What was charged in a span of time: every session that ended in it; by default, ever."""
        _, layout = self._at.seen(request, Action.REPORTS, installation_id)
        first = begins or datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        last = ends or self._at.sources.now()
        if first.tzinfo is None or last.tzinfo is None:
            raise Bad(
                422,
                "InvalidRequest",
                "a time needs its offset from UTC, such as 2026-11-01T00:00:00Z",
            )
        names = {it.charger_id: it.name for it in layout.chargers}
        sessions = self._at.sources.sessions.at(installation_id)
        report = report_of(installation_id, sessions, names, first, last)
        if form == "json":
            return Response(report.model_dump_json(), media_type="application/json")
        headers = {"Content-Disposition": f'attachment; filename="{installation_id}.csv"'}
        return Response(as_csv(report), headers=headers, media_type="text/csv; charset=utf-8")

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

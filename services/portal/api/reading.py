"""The handlers of what is read. Each names the action that it is, and where."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.portal.api.commands import CHARGER, INSTALLATION
from services.portal.api.entering import AskerOf
from services.portal.api.paging import PAGE, Cursor, Limit, Page, page_of
from services.portal.api.problems import Bad
from services.portal.api.readings import (
    ChargerTold,
    CircuitTold,
    HeldRole,
    InstallationListed,
    InstallationTold,
    charger_told,
    circuit_told,
    held,
    installation_listed,
    installation_told,
)
from services.portal.api.reports import Report, as_csv, report_of
from services.portal.charging import ChargingSession, Sessions
from services.portal.documents import Layout
from services.portal.guarding import Guard, NotHere
from services.portal.view import InstallationView
from services.portal.viewers import Sight
from shared.ids import ID_PATTERN
from shared.messages.signing_in import Asker
from shared.rights.book import GrantBook
from shared.rights.grants import NOTHING, Grant, Place
from shared.rights.table import Action

Here = Annotated[str, Path(pattern=ID_PATTERN)]
At = Annotated[datetime | None, Query()]


@dataclass(frozen=True, slots=True)
class ReadRoute:
    """
    Something that is read.

    Args:
        path: below `/api/v1`.
        action: what it is in the table of rights; none: it is about whoever asks, and nobody else.
        answers: the model of the answer; none: as the page's own view has it.
    """

    path: str
    name: str
    action: Action | None
    answers: Any = None


READ_ROUTES: Final = (
    ReadRoute("/me", "me", None, None),
    ReadRoute("/installations", "installations", None, Page[InstallationListed]),
    ReadRoute("/sessions", "own_sessions", Action.OWN_SESSIONS, Page[ChargingSession]),
    ReadRoute(INSTALLATION, "installation", Action.SEE, InstallationTold),
    ReadRoute(f"{INSTALLATION}/circuits", "circuits", Action.SEE, Page[CircuitTold]),
    ReadRoute(f"{INSTALLATION}/chargers", "chargers", Action.SEE, Page[ChargerTold]),
    ReadRoute(CHARGER, "charger", Action.SEE, ChargerTold),
    ReadRoute(f"{INSTALLATION}/live", "live", Action.LIVE),
    ReadRoute(f"{CHARGER}/live", "charger_live", Action.LIVE),
    ReadRoute(
        f"{INSTALLATION}/sessions", "sessions", Action.ALL_SESSIONS, Page[ChargingSession]
    ),
    ReadRoute(
        f"{CHARGER}/sessions", "charger_sessions", Action.ALL_SESSIONS, Page[ChargingSession]
    ),
    ReadRoute(f"{INSTALLATION}/report", "report", Action.REPORTS, Report),
    ReadRoute(f"{INSTALLATION}/roles", "roles", Action.PERMISSIONS, Page[HeldRole]),
    ReadRoute(f"{CHARGER}/roles", "charger_roles", Action.PERMISSIONS, Page[HeldRole]),
)
"""Everything that is read, and what it takes."""


@dataclass(frozen=True, slots=True)
class Sources:
    """
    What is read from.

    Args:
        layout: an installation as it is set up; none if there is no such one.
        layouts: all of them.
        view: an installation as it is at this moment.
        sessions: those that were, and are.
        book: what has been granted.
        guard: checks who asks.
        now: reads the clock.
    """

    layout: Callable[[str], Layout | None]
    layouts: Callable[[], list[Layout]]
    view: Callable[[Sight], InstallationView | None]
    sessions: Sessions
    book: GrantBook
    guard: Guard
    now: Callable[[], datetime]


class Me(BaseModel):
    """Who asks."""

    actor: str
    name: str
    scopes: list[str] | None
    """What the token may be used for; none: a browser's session."""
    csrf_token: str | None
    """What a browser's session says in X-CSRF-Token."""
    roles: list[dict[str, Any]]


class Reading:
    """One method for every route of `READ_ROUTES`, by its name."""

    def __init__(self, sources: Sources, asker_of: AskerOf) -> None:
        self._from = sources
        self._asker_of = asker_of

    # --- About whoever asks ---

    async def me(self, request: Request) -> Me:
        """Who asks, and which roles they have."""
        asker = self._asker(request)
        now = self._from.now()
        roles = [
            {"installation_id": where} | held([grant])[0].model_dump(mode="json")
            for where, grant in self._from.book.grants.of(asker.actor, now)
        ]
        scopes = None if asker.scopes is None else sorted(asker.scopes)
        return Me(
            actor=asker.actor,
            name=asker.name,
            scopes=scopes,
            csrf_token=asker.csrf,
            roles=roles,
        )

    async def installations(
        self, request: Request, cursor: Cursor = None, limit: Limit = PAGE
    ) -> Page[InstallationListed]:
        """The installations where whoever asks has a role."""
        asker = self._asker(request)
        seen = [
            installation_listed(it, self._own(asker, it.installation_id))
            for it in self._from.layouts()
            if self._from.guard.may(asker, Action.SEE, Place(it.installation_id))
        ]
        return page_of(seen, lambda it: (it.installation_id,), cursor, limit)

    async def own_sessions(
        self, request: Request, cursor: Cursor = None, limit: Limit = PAGE
    ) -> Page[ChargingSession]:
        """The sessions of whoever asks, the newest first."""
        asker = self._asker(request)
        self._from.guard.check(asker, Action.OWN_SESSIONS, Place(), "own_sessions")
        found = self._from.sessions.of(asker.person_id) if asker.person_id is not None else ()
        return page_of(found, lambda it: it.order, cursor, limit, newest_first=True)

    # --- Where one has a role ---

    async def installation(self, request: Request, installation_id: Here) -> InstallationTold:
        """An installation as it is set up."""
        asker, layout = self._seen(request, Action.SEE, installation_id)
        return installation_told(layout, self._own(asker, installation_id))

    async def circuits(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[CircuitTold]:
        """The circuits of an installation."""
        _, layout = self._seen(request, Action.SEE, installation_id)
        told = map(circuit_told, layout.circuits)
        return page_of(told, lambda it: (it.circuit_id,), cursor, limit)

    async def chargers(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ChargerTold]:
        """The chargers of an installation; to whoever has a role at some of them only, those."""
        asker, layout = self._seen(request, Action.SEE, installation_id)
        told = [
            charger_told(layout, it)
            for it in layout.chargers
            if self._from.guard.sees(asker, Place(installation_id, it.charger_id))
        ]
        return page_of(told, lambda it: (it.charger_id,), cursor, limit)

    async def charger(
        self, request: Request, installation_id: Here, charger_id: Here
    ) -> ChargerTold:
        """A charger as it is set up."""
        _, layout = self._seen(request, Action.SEE, installation_id, charger_id)
        found = next(it for it in layout.chargers if it.charger_id == charger_id)
        return charger_told(layout, found)

    async def live(
        self, request: Request, installation_id: Here, deactivated: bool = False
    ) -> Response:
        """An installation as it is at this moment; on demand also what is out of use."""
        self._seen(request, Action.LIVE, installation_id)
        return _json(self._from.view(Sight(installation_id, deactivated)))

    async def charger_live(
        self, request: Request, installation_id: Here, charger_id: Here
    ) -> Response:
        """A charger as it is at this moment."""
        self._seen(request, Action.LIVE, installation_id, charger_id)
        view = self._from.view(Sight(installation_id, deactivated=True))
        assert view is not None  # noqa: S101  # it has a layout
        return _json(next(it for it in view.chargers if it.id == charger_id))

    async def sessions(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ChargingSession]:
        """All sessions at an installation, the newest first."""
        self._seen(request, Action.ALL_SESSIONS, installation_id)
        found = self._from.sessions.at(installation_id)
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
        self._seen(request, Action.ALL_SESSIONS, installation_id, charger_id)
        found = self._from.sessions.at(installation_id, charger_id)
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
        _, layout = self._seen(request, Action.REPORTS, installation_id)
        first = begins or datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        last = ends or self._from.now()
        if first.tzinfo is None or last.tzinfo is None:
            raise Bad(
                422,
                "InvalidRequest",
                "a time needs its offset from UTC, such as 2026-11-01T00:00:00Z",
            )
        names = {it.charger_id: it.name for it in layout.chargers}
        sessions = self._from.sessions.at(installation_id)
        report = report_of(installation_id, sessions, names, first, last)
        if form == "json":
            return Response(report.model_dump_json(), media_type="application/json")
        headers = {"Content-Disposition": f'attachment; filename="{installation_id}.csv"'}
        return Response(as_csv(report), headers=headers, media_type="text/csv; charset=utf-8")

    async def roles(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[HeldRole]:
        """Who has which role at an installation and its chargers."""
        self._seen(request, Action.PERMISSIONS, installation_id)
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
        self._seen(request, Action.PERMISSIONS, installation_id, charger_id)
        return self._roles(
            installation_id, lambda it: it.charger_id == charger_id, cursor, limit
        )

    # --- What all of them need ---

    def _asker(self, request: Request) -> Asker:
        asker = self._asker_of(request)
        assert asker is not None  # noqa: S101  # nobody else is let in
        return asker

    def _seen(
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
        asker, place = self._asker(request), Place(installation_id, charger_id)
        name = f"read {request.scope['route'].name}"
        self._from.guard.check(asker, action, place, name)
        layout = self._from.layout(installation_id)
        known = layout is not None and (
            charger_id is None or any(it.charger_id == charger_id for it in layout.chargers)
        )
        if layout is None or not known:
            raise NotHere(f"there is no {place}, or none where you have a role")
        return asker, layout

    def _own(self, asker: Asker, installation_id: str) -> list[Grant]:
        found = self._from.book.grants.of(asker.actor, self._from.now(), installation_id)
        return [grant for _, grant in found]

    def _roles(
        self,
        installation_id: str,
        wanted: Callable[[Grant], bool],
        cursor: str | None,
        limit: int,
    ) -> Page[HeldRole]:
        grants = self._from.book.grants.places.get(installation_id, NOTHING).grants
        now = self._from.now()
        told = held(it for it in grants if it.holds(now) and wanted(it))
        return page_of(
            told, lambda it: (it.grantee, it.role, it.charger_id or ""), cursor, limit
        )


def _json(body: object) -> Response:
    return Response(
        orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"}
    )

"""The list of installations: what somebody may see of them, as a page and for programs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.documents import Layout
from services.portal.knocks import Knock
from services.portal.paper import NO_STORE, as_json
from services.portal.parts import Parts
from services.portal.setup.finding import (
    ALL,
    FILTERS,
    Pages,
    Search,
    found,
    like,
    on_page,
    paged,
    search_of,
    standing_of,
)
from services.portal.signing_in.asking import required
from services.portal.view import InstallationView
from services.portal.viewers import Sight
from shared.rights.grants import Place
from shared.rights.table import Action
from shared.speech import _, spoken

DRAWN_AT_A_TIME: Final = 8


@dataclass(frozen=True, slots=True)
class _Found:
    """What is shown of a search."""

    views: Sequence[InstallationView]
    pages: Pages


class ListPages:
    """The page, and what keeps it up to date."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: Request) -> Response:
        """Show what is looked for, and who was turned away."""
        asker, search = required(request), search_of(request.query_params)
        if self._parts.seeing.only_own(asker):
            return RedirectResponse("/my", 303, NO_STORE)
        visible = self._visible(request)
        shown = await self._found(visible, search)
        return self._parts.paper.page(
            request,
            "installations.html",
            search=search,
            filters=[(name, _(text)) for name, text in FILTERS.items()],
            rows=[(it, standing_of(it)) for it in shown.views],
            pages=shown.pages,
            all_of_them=len(visible),
            hidden=sum(it.deactivated is not None for it in visible),
            may_create=self._parts.guard.may(asker, Action.CREATE_INSTALLATION, Place()),
            knocks=self._knocks(request),
        )

    async def listed(self, request: Request) -> Response:
        """Say the same to a program, or to the page that keeps itself up to date."""
        shown = await self._found(self._visible(request), search_of(request.query_params))
        rows = [
            {"head": it.head, "scene": it.scene, "standing": standing_of(it)}
            for it in shown.views
        ]
        return as_json({"installations": rows, "knocks": self._knocks(request)})

    def _visible(self, request: Request) -> list[Layout]:
        asker, seeing = required(request), self._parts.seeing
        layouts = self._parts.models.layouts.held.values()
        return [it for it in layouts if seeing.live(asker, it.installation_id)]

    async def _found(self, visible: Sequence[Layout], search: Search) -> _Found:
        """Only those are drawn that are shown, unless it is asked for what they are like."""
        those = found(visible, search)
        if search.show != ALL:
            views = [it for it in await self._drawn(those) if like(it, search.show)]
            pages = paged(len(views), search.page)
            return _Found(on_page(views, pages), pages)
        pages = paged(len(those), search.page)
        return _Found(await self._drawn(on_page(those, pages)), pages)

    async def _drawn(self, those: Sequence[Layout]) -> list[InstallationView]:
        """Draw some; others get their turn in between, since hundreds take a second or two."""
        views: list[InstallationView] = []
        for count, it in enumerate(those, 1):
            view = self._parts.sights.view(Sight(it.installation_id, language=spoken()))
            if view is not None:
                views.append(view)
            if count % DRAWN_AT_A_TIME == 0:
                await asyncio.sleep(0)
        return views

    def _knocks(self, request: Request) -> Sequence[Knock]:
        sees = self._parts.seeing.knocks(required(request))
        return self._parts.sights.knocks() if sees else ()

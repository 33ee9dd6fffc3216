"""
The page on which somebody asks the owners of a place for a role there.

Whoever has no role at a place is not told whether it exists. So the answer is the same whatever was
written, and takes the same time: what leads nowhere is asked of permissions, too.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.access.words import options, role_named
from services.portal.acting import command_id_of, minted_id
from services.portal.documents import Charger, Layout
from services.portal.doing import Wrong, filled_in
from services.portal.parts import Parts
from services.portal.signing_in.asking import required
from shared.ids import ChargerId, InstallationId, Serial, new_id, normal_serial
from shared.messages import Answer, Verdict
from shared.messages.permissions import RequestAccess, Role
from shared.speech import _

ASKABLE: Final = frozenset({Role.USER, Role.OWNER})
TAKES_S: Final = 1.2
"""How long an answer takes, in seconds: longer than it is waited until something is seen."""
NO_SUCH_PLACE: Final = "UnknownPlace"
Standing = Mapping[Serial, tuple[Layout, Charger]]


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    pages = AskPages(parts)
    return (
        Route("/ask", pages.page, methods=["GET", "POST"]),
        Route("/installations/{installation_id}/ask", pages.page, methods=["GET", "POST"]),
    )


class AskPages:
    """The page, empty and filled in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._asked(request)
        required(request)
        named = request.path_params.get("installation_id") or request.query_params.get("at", "")
        return self._parts.paper.page(request, "ask.html", place=named, roles=options(ASKABLE))

    async def _asked(self, request: Request) -> Response:
        filled = await filled_in(request)
        clock = asyncio.get_running_loop().time
        began_s = clock()
        command_id = command_id_of(filled.asker, filled.key or new_id())
        standing = self._parts.models.standing()
        installation_id, charger_id = place_named(filled.one("place"), standing)
        fields = {
            "request_id": minted_id(command_id),
            "person_id": filled.asker.person_id,
            "installation_id": installation_id,
            "charger_id": charger_id,
            "role": role_named(filled.one("role")) or filled.one("role"),
            "words": filled.one("words"),
        }
        done = await self._parts.doing.carry_out(filled, RequestAccess, fields)
        await asyncio.sleep(max(0.0, TAKES_S - (clock() - began_s)))
        if isinstance(done, Wrong) and done.name == NO_SUCH_PLACE:
            done = Answer(verdict=Verdict.ACCEPTED)
        if isinstance(done, Wrong):
            wrong = _named_place(done)
            return self._parts.paper.page(
                request,
                "ask.html",
                wrong.status,
                place="",
                roles=options(ASKABLE),
                wrong=wrong,
                filled=filled,
            )
        text = _(
            "If there is such a place, its owners are asked. You find it on this page once they "
            "have agreed."
        )
        return self._parts.doing.done(request, "/", done, text)


def place_named(text: str, standing: Standing) -> tuple[InstallationId, ChargerId | None]:
    """
    Read which place is meant: a charger by its serial number, or an installation by its id.

    >>> place_named(" harbour-garage ", {})
    ('harbour-garage', None)
    """
    try:
        found = standing.get(str(normal_serial(text)))
    except ValueError:
        found = None
    if found is None:
        return text.strip(), None
    layout, charger = found
    return layout.installation_id, charger.charger_id


def _named_place(wrong: Wrong) -> Wrong:
    """Say what is wrong with the field that was filled in, which names an installation or a charger."""
    if "installation_id" not in wrong.fields:
        return wrong
    text = _("This is neither the id of an installation nor a serial number.")
    return Wrong(wrong.status, wrong.text, {**wrong.fields, "place": text}, wrong.name)

"""The page on which people have themselves forgotten, after a clear word that it is meant."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.portal.doing import Filled, Wrong, filled_in
from services.portal.inquiring import inquire
from services.portal.paper import NO_STORE
from services.portal.parts import Parts
from services.portal.signing_in.asking import required
from services.portal.told import tell
from shared.messages.people import People, PeopleAnswer
from shared.messages.permissions import ForgetPerson, Role
from shared.messages.signing_in import Asker
from shared.rights.table import Action
from shared.speech import _

PATH: Final = "/account/forget"


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the route."""
    return (Route(PATH, ForgetPage(parts).page, methods=["GET", "POST"]),)


class ForgetPage:
    """The page, and what it does."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._forget(request)
        return await self._shown(request)

    async def _forget(self, request: Request) -> Response:
        filled = await filled_in(request)
        address = await self._address(filled.asker)
        if filled.one("address").casefold() != address.casefold():
            text = _(
                "Write your own address, %(address)s, to show that you mean it.",
                address=address,
            )
            return await self._shown(request, Wrong(422, text, {"address": text}), filled)
        fields = {"person_id": filled.asker.person_id}
        done = await self._parts.doing.carry_out(filled, ForgetPerson, fields)
        if isinstance(done, Wrong):
            return await self._shown(request, done, filled)
        response = RedirectResponse("/sign-in", 303, NO_STORE)
        tell(
            response,
            request,
            [_("You are forgotten here. Nobody can read your data any more.")],
        )
        return response

    async def _shown(
        self, request: Request, wrong: Wrong | None = None, filled: Filled | None = None
    ) -> Response:
        asker = required(request)
        return self._parts.paper.page(
            request,
            "forget.html",
            wrong.status if wrong else 200,
            wrong=wrong,
            filled=filled,
            address=await self._address(asker),
            owned=self._owned(asker),
            fresh=self._parts.guard.fresh(asker, Action.PERMISSIONS),
        )

    async def _address(self, asker: Asker) -> str:
        if asker.person_id is None:
            return ""
        asked = People(person_ids=(asker.person_id,))
        found = await inquire(self._parts.client, asker, asked, PeopleAnswer)
        return next((it.email for it in found.people), "")

    def _owned(self, asker: Asker) -> list[str]:
        """Name the installations that have nobody else who owns them as a whole."""
        grants, now = self._parts.models.book.grants, self._parts.now()
        found = []
        for where, own in grants.of(asker.actor, now):
            if own.role is not Role.OWNER or own.charger_id is not None:
                continue
            others = [
                it
                for it in grants.places[where].grants
                if it.role is Role.OWNER
                and it.charger_id is None
                and it.holds(now)
                and it.grantee != asker.actor
            ]
            layout = self._parts.models.layouts.get(where)
            if not others and layout is not None:
                found.append(layout.name)
        return found

"""The pages on which owners and installers say who may do what, at an installation or at one charger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.access import asking, forgetting
from services.portal.access.cards import holders
from services.portal.access.giving import give
from services.portal.access.roles import (
    Look,
    given_in,
    givers_in,
    groups,
    open_requests,
    rows,
)
from services.portal.access.words import options, role_named
from services.portal.acting import command_id_of, minted_id
from services.portal.documents import Charger
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.inquiring import inquire
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.session_book import Which
from services.portal.signing_in.questions import PermissionsUnavailable
from shared.acts_query import ask_acts
from shared.ids import ChargerId, new_id
from shared.messages import Command
from shared.messages.people import AccessOf, AccessOfAnswer, CardsAt, CardsAtAnswer
from shared.messages.permissions import (
    AnswerRequest,
    BlockCard,
    RegisterCard,
    RemoveCard,
    RevokeRole,
    Role,
    UnblockCard,
)
from shared.messaging import ServiceUnavailable
from shared.naming import names_of
from shared.rights.grants import Place
from shared.rights.table import Action
from shared.speech import LANGUAGES, _, marked, spoken

PERMISSIONS: Final = "permissions"
CARD_DEEDS: Final[Mapping[str, tuple[type[Command], str]]] = {
    "block": (BlockCard, marked("The card is blocked: nobody charges with it.")),
    "unblock": (UnblockCard, marked("The card counts again.")),
    "remove": (RemoveCard, marked("The card was removed; it can be registered anew.")),
}


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    pages = AccessPages(parts)
    home = "/installations/{installation_id}"
    return (
        Route(f"{home}/access", pages.show),
        Route(f"{home}/chargers/{{charger_id}}/access", pages.show),
        Route(f"{home}/access/roles", pages.give, methods=["POST"]),
        Route(f"{home}/access/roles/revoke", pages.revoke, methods=["POST"]),
        Route(f"{home}/access/requests/{{request_id}}", pages.answer, methods=["POST"]),
        Route(f"{home}/access/cards", pages.register, methods=["POST"]),
        Route(f"{home}/access/cards/{{card_id}}", pages.card, methods=["POST"]),
        *asking.routes(parts),
        *forgetting.routes(parts),
    )


@dataclass(frozen=True, slots=True)
class _At:
    """The installation, and the charger if the page is about one."""

    here: Here
    charger: Charger | None

    @property
    def charger_id(self) -> ChargerId | None:
        return None if self.charger is None else self.charger.charger_id

    @property
    def path(self) -> str:
        if self.charger is None:
            return f"{self.here.path}/access"
        return f"{self.here.path}/chargers/{self.charger.charger_id}/access"


class AccessPages:
    """One method for every route. What is refused is shown on the page again, with what was filled in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._doing = parts.doing

    async def show(self, request: Request) -> Response:
        return await self._page(
            request, self._at(request, request.path_params.get("charger_id"))
        )

    async def give(self, request: Request) -> Response:
        filled, at = await self._filled(request)
        zone = ZoneInfo(at.here.layout.time_zone)

        def grantable(charger_id: ChargerId | None) -> frozenset[Role]:
            return self._grantable(at.here, charger_id)

        done = await give(self._doing, filled, at.here.id, zone, grantable)
        if isinstance(done, Wrong):
            return await self._page(request, at, done, filled)
        text = _("%(who)s has the role now.", who=filled.one("name") or filled.one("email"))
        return self._doing.done(request, at.path, done, text)

    async def revoke(self, request: Request) -> Response:
        filled, at = await self._filled(request)
        fields = {
            "installation_id": at.here.id,
            "charger_id": filled.one("charger") or None,
            "grantee": filled.one("grantee"),
            "role": role_named(filled.one("role")) or filled.one("role"),
        }
        return await self._do(
            request, at, filled, RevokeRole, fields, _("The role is taken away.")
        )

    async def answer(self, request: Request) -> Response:
        filled, at = await self._filled(request)
        granted = filled.one("granted") == "1"
        fields = {
            "installation_id": at.here.id,
            "request_id": request.path_params["request_id"],
            "granted": granted,
        }
        text = _("They have the role now.") if granted else _("The request is turned down.")
        return await self._do(request, at, filled, AnswerRequest, fields, text)

    async def register(self, request: Request) -> Response:
        filled, at = await self._filled(request)
        command_id = command_id_of(filled.asker, filled.key or new_id())
        fields = {
            "card_id": minted_id(command_id),
            "person_id": filled.one("person_id"),
            "number": filled.one("number"),
            **filled.some("label"),
        }
        text = _("The card is registered.")
        return await self._do(request, at, filled, RegisterCard, fields, text)

    async def card(self, request: Request) -> Response:
        filled, at = await self._filled(request)
        found = CARD_DEEDS.get(filled.one("do"))
        if found is None:
            raise HTTPException(400, _("Nothing was asked for"))
        kind, text = found
        card_id = request.path_params["card_id"]
        fields = {"person_id": filled.one("person_id"), "card_id": card_id}
        return await self._do(request, at, filled, kind, fields, _(text))

    # --- What all of them do ---

    def _at(self, request: Request, charger_id: ChargerId | None) -> _At:
        """Find the place, for somebody who may say who may do what there."""
        here = self._parts.places.here(request, Action.PERMISSIONS, charger_id)
        found = (it for it in here.layout.chargers if it.charger_id == charger_id)
        charger = next(found, None)
        if charger is None and charger_id is not None:
            raise HTTPException(404, _("There is no charger “%(id)s” here", id=charger_id))
        return _At(here, charger)

    async def _filled(self, request: Request) -> tuple[Filled, _At]:
        """Read a form; `of` names the charger whose page it was on."""
        filled = await filled_in(request)
        return filled, self._at(request, filled.one("of") or None)

    async def _do(
        self,
        request: Request,
        at: _At,
        filled: Filled,
        kind: type[Command],
        fields: Mapping[str, Any],
        text: str,
    ) -> Response:
        done = await self._doing.carry_out(filled, kind, fields)
        if isinstance(done, Wrong):
            return await self._page(request, at, done, filled)
        return self._doing.done(request, at.path, done, text)

    def _grantable(self, here: Here, charger_id: ChargerId | None) -> frozenset[Role]:
        grants, place = self._parts.models.book.grants, Place(here.id, charger_id)
        return grants.grantable(here.asker.actor, place, self._parts.now())

    async def _look(self, here: Here) -> Look:
        client = self._parts.client
        try:
            logs = await ask_acts(client, (PERMISSIONS,), here.id)
        except ServiceUnavailable as fault:
            raise PermissionsUnavailable(str(fault)) from fault
        given = given_in(logs[PERMISSIONS])
        return Look(
            actor=here.asker.actor,
            layout=here.layout,
            grantable=lambda it: self._grantable(here, it),
            given=given,
            people=await names_of(client, givers_in(given), here.asker.actor),
            now=self._parts.now(),
        )

    async def _page(
        self,
        request: Request,
        at: _At,
        wrong: Wrong | None = None,
        filled: Filled | None = None,
    ) -> Response:
        here, client, charger_id = at.here, self._parts.client, at.charger_id
        of = AccessOf(installation_id=here.id)
        access = await inquire(client, here.asker, of, AccessOfAnswer)
        at_cards = CardsAt(installation_id=here.id, charger_id=charger_id)
        cards = await inquire(client, here.asker, at_cards, CardsAtAnswer)
        look = await self._look(here)
        grantable = self._grantable(here, charger_id)
        last = await self._parts.sessions.last(Which(here.id, charger_id))
        card_holders = holders(cards, last, look.zone)
        return self._parts.paper.page(
            request,
            "access.html",
            wrong.status if wrong else 200,
            here=here,
            at=at,
            wrong=wrong,
            filled=filled,
            roles=rows(access, look, charger_id),
            requests=open_requests(access, look, charger_id),
            groups=groups(access, charger_id),
            holders=card_holders,
            holder_options=[(it.person_id, it.name) for it in card_holders],
            keeps_cards=Role.OWNER in grantable,
            role_options=options(grantable),
            place_options=_places(at),
            language_options=list(LANGUAGES.items()),
            own_language=spoken(),
            fresh=here.fresh(Action.PERMISSIONS),
        )


def _places(at: _At) -> list[tuple[str, str]]:
    """Offer where a role may count."""
    if at.charger is not None:
        return [(at.charger.charger_id, at.charger.name)]
    chargers = ((it.charger_id, it.name) for it in at.here.layout.chargers)
    return [("", _("the whole installation")), *chargers]

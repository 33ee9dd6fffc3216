"""The page about who may do what: drawn for whoever looks, and again with what was refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.access.cards import holders
from services.portal.access.roles import (
    Look,
    given_in,
    givers_in,
    groups,
    open_requests,
    rows,
)
from services.portal.access.words import options
from services.portal.documents import Charger
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.inquiring import inquire
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.session_book import Which
from services.portal.signing_in.questions import PermissionsUnavailable
from shared.acts_query import ask_acts
from shared.ids import ChargerId
from shared.messages import Command
from shared.messages.people import AccessOf, AccessOfAnswer, CardsAt, CardsAtAnswer
from shared.messages.permissions import (
    Role,
)
from shared.messaging import ServiceUnavailable
from shared.naming import names_of
from shared.rights.grants import Place
from shared.rights.table import Action
from shared.speech import LANGUAGES, _, spoken

PERMISSIONS: Final = "permissions"
NOTHING_ASKED: Final = "Nothing was asked for"


@dataclass(frozen=True, slots=True)
class At:
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


class AccessPage:
    """Finds the place, has done what is filled in, and draws the page."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.doing = parts.doing

    def at(self, request: Request, charger_id: ChargerId | None) -> At:
        """Find the place, for somebody who may say who may do what there."""
        here = self._parts.places.here(request, Action.PERMISSIONS, charger_id)
        found = (it for it in here.layout.chargers if it.charger_id == charger_id)
        charger = next(found, None)
        if charger is None and charger_id is not None:
            raise HTTPException(404, _("There is no charger “%(id)s” here", id=charger_id))
        return At(here, charger)

    async def filled(self, request: Request) -> tuple[Filled, At]:
        """Read a form; `of` names the charger whose page it was on."""
        filled = await filled_in(request)
        return filled, self.at(request, filled.one("of") or None)

    async def do(
        self,
        request: Request,
        at: At,
        filled: Filled,
        kind: type[Command],
        fields: Mapping[str, Any],
        text: str,
    ) -> Response:
        done = await self.doing.carry_out(filled, kind, fields)
        if isinstance(done, Wrong):
            return await self.page(request, at, done, filled)
        return self.doing.done(request, at.path, done, text)

    def grantable(self, here: Here, charger_id: ChargerId | None) -> frozenset[Role]:
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
            grantable=lambda it: self.grantable(here, it),
            given=given,
            people=await names_of(client, givers_in(given), here.asker.actor),
            now=self._parts.now(),
        )

    async def page(
        self,
        request: Request,
        at: At,
        wrong: Wrong | None = None,
        filled: Filled | None = None,
    ) -> Response:
        here, client, charger_id = at.here, self._parts.client, at.charger_id
        of = AccessOf(installation_id=here.id)
        access = await inquire(client, here.asker, of, AccessOfAnswer)
        at_cards = CardsAt(installation_id=here.id, charger_id=charger_id)
        cards = await inquire(client, here.asker, at_cards, CardsAtAnswer)
        look, shown_groups = await self._look(here), groups(access, charger_id)
        grantable = self.grantable(here, charger_id)
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
            groups=shown_groups,
            group_options=[
                ("", _("a person")),
                *((it.group_id, it.name) for it in shown_groups),
            ],
            holders=card_holders,
            holder_options=[(it.person_id, it.name) for it in card_holders],
            keeps_cards=Role.OWNER in grantable,
            role_options=options(grantable),
            place_options=_places(at),
            language_options=list(LANGUAGES.items()),
            own_language=spoken(),
            fresh=here.fresh(Action.PERMISSIONS),
        )


def _places(at: At) -> list[tuple[str, str]]:
    """Offer where a role may count."""
    if at.charger is not None:
        return [(at.charger.charger_id, at.charger.name)]
    chargers = ((it.charger_id, it.name) for it in at.here.layout.chargers)
    return [("", _("the whole installation")), *chargers]

"""What owners keep: groups with their members, and the cards of people."""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.access.drawing import AccessPage
from services.portal.access.giving import add_member
from services.portal.acting import command_id_of, minted_id
from services.portal.doing import Wrong
from shared.ids import new_id
from shared.messages import Command
from shared.messages.permissions import (
    BlockCard,
    CreateGroup,
    DissolveGroup,
    RegisterCard,
    RemoveCard,
    RemoveMember,
    UnblockCard,
)
from shared.speech import _, marked

NOTHING_ASKED: Final = marked("Nothing was asked for")
CARD_DEEDS: Final[Mapping[str, tuple[type[Command], str]]] = {
    "block": (BlockCard, marked("The card is blocked: nobody charges with it.")),
    "unblock": (UnblockCard, marked("The card counts again.")),
    "remove": (RemoveCard, marked("The card was removed; it can be registered anew.")),
}


class KeepingPages:
    """One method for every form."""

    def __init__(self, page: AccessPage) -> None:
        self._pages = page

    async def group(self, request: Request) -> Response:
        filled, at = await self._pages.filled(request)
        command_id = command_id_of(filled.asker, filled.key or new_id())
        name = filled.one("group_name")
        fields = {"group_id": minted_id(command_id), "name": name, "kept_at": at.here.id}
        text = _("The group %(name)s is there; give it a role, and add its members.", name=name)
        return await self._pages.do(request, at, filled, CreateGroup, fields, text)

    async def member(self, request: Request) -> Response:
        """Add somebody, take somebody out, or dissolve the group."""
        filled, at = await self._pages.filled(request)
        group_id = request.path_params["group_id"]
        match filled.one("do"):
            case "add":
                done = await add_member(self._pages.doing, filled, group_id)
                if isinstance(done, Wrong):
                    return await self._pages.page(request, at, done, None)
                text = _(
                    "%(who)s is a member now.", who=filled.one("name") or filled.one("email")
                )
                return self._pages.doing.done(request, at.path, done, text)
            case "remove":
                fields = {"group_id": group_id, "person_id": filled.one("person_id")}
                text = _("They are no member any more.")
                return await self._pages.do(request, at, filled, RemoveMember, fields, text)
            case "dissolve":
                fields = {"group_id": group_id}
                text = _("The group is dissolved; what it was given has ended.")
                return await self._pages.do(request, at, filled, DissolveGroup, fields, text)
            case _:
                raise HTTPException(400, _(NOTHING_ASKED))

    async def register(self, request: Request) -> Response:
        filled, at = await self._pages.filled(request)
        command_id = command_id_of(filled.asker, filled.key or new_id())
        fields = {
            "card_id": minted_id(command_id),
            "person_id": filled.one("person_id"),
            "number": filled.one("number"),
            **filled.some("label"),
        }
        text = _("The card is registered.")
        return await self._pages.do(request, at, filled, RegisterCard, fields, text)

    async def card(self, request: Request) -> Response:
        filled, at = await self._pages.filled(request)
        found = CARD_DEEDS.get(filled.one("do"))
        if found is None:
            raise HTTPException(400, _(NOTHING_ASKED))
        kind, text = found
        card_id = request.path_params["card_id"]
        fields = {"person_id": filled.one("person_id"), "card_id": card_id}
        return await self._pages.do(request, at, filled, kind, fields, _(text))

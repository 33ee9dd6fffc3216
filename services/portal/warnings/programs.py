"""Webhooks: programs that are told, their secrets, and what was given up."""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.acting import command_id_of, minted_id
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.notice_desk import ask
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.when import when
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.notices import DeadLetters, DeadLettersAnswer, TellingOf, TellingOfAnswer
from shared.messages.notifications import (
    AddWebhook,
    NotificationsCommand,
    PingWebhook,
    RemoveWebhook,
    ReplayDeadLetters,
    RotateWebhookSecret,
    WarningKind,
)
from shared.rights.table import Action
from shared.speech import _, marked
from shared.warning_words import kind_name

DEEDS: Final[Mapping[str, tuple[type[NotificationsCommand], str]]] = {
    "ping": (PingWebhook, marked("A ping is on its way; look whether your program got it.")),
    "remove": (RemoveWebhook, marked("Nothing is delivered there any more.")),
    "replay": (ReplayDeadLetters, marked("It is on its way once more.")),
}


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    pages = WebhookPages(parts)
    home = "/installations/{installation_id}/warnings/webhooks"
    return (
        Route(home, pages.show),
        Route(home, pages.add, methods=["POST"]),
        Route(f"{home}/{{webhook_id}}", pages.do, methods=["POST"]),
    )


class WebhookPages:
    """One method for every route. A secret is on the page that answers the form, and on no other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: Request) -> Response:
        return await self._page(request, self._parts.places.here(request, Action.WARNINGS))

    async def add(self, request: Request) -> Response:
        filled = await filled_in(request)
        here = self._parts.places.here(request, Action.WARNINGS)
        command_id = command_id_of(filled.asker, filled.key or new_id())
        fields = {
            "installation_id": here.id,
            "webhook_id": minted_id(command_id),
            "url": filled.one("url"),
            "kinds": filled.all("kinds"),
        }
        done = await self._parts.doing.carry_out(filled, AddWebhook, fields)
        if isinstance(done, Wrong):
            return await self._page(request, here, done, filled)
        return await self._page(request, here, secret=_secret(done))

    async def do(self, request: Request) -> Response:
        """Do what the button says that was pressed."""
        filled = await filled_in(request)
        here = self._parts.places.here(request, Action.WARNINGS)
        fields = {
            "installation_id": here.id,
            "webhook_id": request.path_params["webhook_id"],
        }
        deed = filled.one("deed")
        if deed == "rotate":
            done = await self._parts.doing.carry_out(filled, RotateWebhookSecret, fields)
            if isinstance(done, Wrong):
                return await self._page(request, here, done)
            return await self._page(request, here, secret=_secret(done))
        kind, text = DEEDS.get(deed, DEEDS["ping"])
        if kind is ReplayDeadLetters and filled.one("delivery"):
            fields["delivery_id"] = filled.one("delivery")
        done = await self._parts.doing.carry_out(filled, kind, fields)
        if isinstance(done, Wrong):
            return await self._page(request, here, done)
        return self._parts.doing.done(request, f"{here.path}/warnings/webhooks", done, _(text))

    async def _page(
        self,
        request: Request,
        here: Here,
        wrong: Wrong | None = None,
        filled: Filled | None = None,
        secret: str = "",
    ) -> Response:
        client, zone = self._parts.client, ZoneInfo(here.layout.time_zone)
        told = await ask(client, TellingOf(installation_id=here.id), TellingOfAnswer)
        given_up = await ask(client, DeadLetters(installation_id=here.id), DeadLettersAnswer)
        webhooks = told.webhooks if told else ()
        addresses = {it.webhook_id: it.url for it in webhooks}
        letters = [
            (it, when(it.dead_at, zone), addresses.get(it.webhook_id or "", ""))
            for it in (given_up.letters if given_up else ())
        ]
        return self._parts.paper.page(
            request,
            "webhooks.html",
            status=200 if wrong is None else wrong.status,
            here=here,
            answered=told is not None,
            webhooks=[(it, [kind_name(kind) for kind in it.kinds]) for it in webhooks],
            letters=letters,
            kinds=[(it, kind_name(it)) for it in WarningKind],
            secret=secret,
            wrong=wrong,
            filled=filled,
        )


def _secret(answer: Answer) -> str:
    """Name the secret, which only the first answer has."""
    if not answer.shown_once:
        return _(
            "It was shown before, and is not shown again. If it is lost, make another one."
        )
    return answer.shown_once[0].secret

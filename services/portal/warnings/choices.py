"""What somebody is told of by e-mail: chosen for each installation, and ended by a link in each e-mail."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.portal.doing import Filled, Wrong, filled_in
from services.portal.notice_desk import ask
from services.portal.parts import Parts
from services.portal.signing_in.asking import required
from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages.notices import ChoicesOf, ChoicesOfAnswer
from shared.messages.notifications import (
    ChooseNotifications,
    NotificationsChosen,
    Pace,
    Unsubscribe,
    WarningKind,
)
from shared.messaging import ServiceUnavailable
from shared.messaging import request as send
from shared.rights.table import Action
from shared.speech import LANGUAGES, _, marked
from shared.warning_words import kind_name

HOME: Final = "/my/notifications"
PACES: Final = {
    Pace.AT_ONCE: marked("At once; what comes together is told together"),
    Pace.HOURLY: marked("Once an hour, if there is something"),
    Pace.DAILY: marked("Once a day, at eight in the morning"),
    Pace.NEVER: marked("Never"),
}
NOBODY: Final = "person/anonymous"


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    pages = ChoicePages(parts)
    return (
        Route(HOME, pages.everywhere),
        Route(f"{HOME}/{{installation_id}}", pages.one, methods=["GET", "POST"]),
        Route("/unsubscribe", pages.unsubscribe, methods=["GET", "POST"]),
    )


class ChoicePages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def everywhere(self, request: Request) -> Response:
        answer = await self._choices(request)
        layout = self._parts.models.layouts.get
        lines = [
            (it, found.name, _(PACES[it.pace]))
            for it in (answer.choices if answer else ())
            if (found := layout(it.installation_id)) is not None
        ]
        return self._parts.paper.page(
            request,
            "my_notifications.html",
            lines=sorted(lines, key=lambda it: it[1]),
            answered=answer is not None,
            by_email=answer is not None and answer.by_email,
        )

    async def one(self, request: Request) -> Response:
        if request.method == "GET":
            return await self._form(request)
        filled = await filled_in(request)
        here = self._parts.places.here(request, Action.WARNINGS)
        done = await self._parts.doing.carry_out(
            filled, ChooseNotifications, _fields(filled, here.id)
        )
        if isinstance(done, Wrong):
            return await self._form(request, done, filled)
        return self._parts.doing.done(request, HOME, done, _("Your choice counts from now on."))

    async def _form(
        self, request: Request, wrong: Wrong | None = None, filled: Filled | None = None
    ) -> Response:
        here = self._parts.places.here(request, Action.WARNINGS)
        answer = await self._choices(request)
        mine = [
            it for it in (answer.choices if answer else ()) if it.installation_id == here.id
        ]
        return self._parts.paper.page(
            request,
            "choose_notifications.html",
            status=200 if wrong is None else wrong.status,
            here=here,
            chosen=mine[0] if mine else _nothing(request, here.id),
            answered=answer is not None,
            by_email=answer is not None and answer.by_email,
            kinds=[(it, kind_name(it)) for it in WarningKind],
            paces=[(it.value, _(text)) for it, text in PACES.items()],
            languages_of_mail=list(LANGUAGES.items()),
            wrong=wrong,
            filled=filled,
        )

    async def _choices(self, request: Request) -> ChoicesOfAnswer | None:
        person_id = required(request).person_id
        if person_id is None:
            raise HTTPException(403, _("Programs are told by webhooks, not by e-mail."))
        return await ask(self._parts.client, ChoicesOf(person_id=person_id), ChoicesOfAnswer)

    # --- By the link in an e-mail ---

    async def unsubscribe(self, request: Request) -> Response:
        """Show one button, or do it: a mail program sends the form without showing it (RFC 8058)."""
        given = request.query_params
        about = {
            "installation_id": given.get("installation", ""),
            "person_id": given.get("person", ""),
            "mark": given.get("mark", ""),
        }
        done, why = False, ""
        if request.method == "POST":
            done, why = await self._end(about)
        return self._parts.paper.page(
            request,
            "unsubscribe.html",
            status=200 if done or not why else 409,
            done=done,
            why=why,
            link=f"/unsubscribe?{request.url.query}",
        )

    async def _end(self, about: dict[str, str]) -> tuple[bool, str]:
        try:
            command = Unsubscribe(command_id=new_id(), **about)
        except ValueError:
            return False, _("This link was damaged on its way. Choose under My notifications.")
        subject = subjects.asked(Unsubscribe, command.installation_id)
        try:
            answer = await send(self._parts.client, command, subject, Context(NOBODY, new_id()))
        except ServiceUnavailable:
            return False, _("This cannot be done at present. Try again in a moment.")
        return answer.accepted, answer.detail or ""


def _nothing(request: Request, installation_id: str) -> NotificationsChosen:
    return NotificationsChosen(
        installation_id=installation_id,
        person_id=required(request).person_id or "",
        kinds=(),
        pace=Pace.NEVER,
    )


def _fields(filled: Filled, installation_id: str) -> dict[str, Any]:
    begins, ends = filled.one("quiet_from"), filled.one("quiet_to")
    return {
        "installation_id": installation_id,
        "person_id": filled.asker.person_id,
        "kinds": filled.all("kinds"),
        "pace": filled.one("pace"),
        "quiet": {"begins": begins, "ends": ends} if begins or ends else None,
        "language": filled.one("language") or "en",
    }

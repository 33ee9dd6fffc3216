"""
A look at the past on a page: whoever has no role there says why, before anything is shown.

Many looks at a time, or a service that is away, are answered as such; nothing else goes on meanwhile.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.looks import Admit, ReasonNeeded
from services.portal.past import Logs, Names, Past, TooManyLook
from services.portal.places import Here
from shared.decider import Refused
from shared.messaging import ServiceUnavailable
from shared.speech import _

REASON: Final = "reason"
COME_AGAIN_S: Final = "5"

Page = Callable[..., Response]
"""Draws a template with what it may show."""
T = TypeVar("T")


class LookingBack:
    """Takes looks at the past, for pages."""

    def __init__(self, page: Page, past: Past, admit: Admit) -> None:
        self._page = page
        self._past = past
        self._admit = admit

    async def look(
        self, request: Request, here: Here, tell: Callable[[Logs, Names], T]
    ) -> T | Response:
        """
        Have something told of an installation.

        Args:
            request: has the `reason` of who has no role there, among what is asked for.
            here: the installation.
            tell: tells it, beside the loop; what it raises of `ValueError` is not caught here.

        Returns:
            What was told; or the page that asks for a reason.

        Raises:
            HTTPException: 403, somebody may not; 503, many look already, or a service does not answer.
        """
        reason = request.query_params.get(REASON)
        try:
            await self._admit(here.asker, here.id, reason)
            return await self._past.look(here.id, here.asker.actor, tell)
        except ReasonNeeded as refusal:
            kept = [it for it in request.query_params.multi_items() if it[0] != REASON]
            shown = reason and refusal
            return self._page(request, "look.html", here=here, refusal=shown, kept=kept)
        except Refused as refusal:
            raise HTTPException(HTTPStatus.FORBIDDEN, refusal.detail) from refusal
        except TooManyLook as fault:
            detail = _("Many look at the past at this moment; try again in a few seconds")
            raise _later(detail) from fault
        except ServiceUnavailable as fault:
            detail = _("The past cannot be read now: %(fault)s", fault=fault)
            raise _later(detail) from fault


def query_of(request: Request, **changes: object) -> str:
    """Spell what a page is asked for, some of it otherwise; none: left out. The reason goes along."""
    asked = {**request.query_params, **changes}
    said = {name: it for name, it in asked.items() if it is not None and it != ""}
    return f"?{urlencode(said)}" if said else "?"


def _later(detail: str) -> HTTPException:
    return HTTPException(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": COME_AGAIN_S}
    )

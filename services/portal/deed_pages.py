"""The page that says who did what at an installation, and who was refused what."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.deed_rows import rows
from services.portal.looks import Admit, ReasonNeeded
from services.portal.past import Past, TooManyLook
from services.portal.places import Here
from shared.decider import Refused
from shared.history.deeds import Wanted
from shared.messaging import ServiceUnavailable
from shared.speech import _

SHOWN_MAX: Final = 200
"""How many deeds are shown: the newest ones."""
COME_AGAIN_S: Final = "5"

Page = Callable[..., Response]
"""Draws a template with what it may show."""


class DeedPages:
    """The page; that there is such an installation was seen to before."""

    def __init__(
        self, page: Page, past: Past, admit: Admit, time_zone: ZoneInfo | None
    ) -> None:
        self._page = page
        self._past = past
        self._admit = admit
        self._time_zone = time_zone

    async def page(self, request: Request, here: Here) -> Response:
        """
        Show who did what.

        Raises:
            HTTPException: 403, somebody may not; 503, many look already, or a service does not answer.
        """
        who = request.query_params.get("who")
        refused = request.query_params.get("refused") == "1"
        reason = request.query_params.get("reason")
        about = {"here": here, "refused": refused}
        asker, installation_id = here.asker, here.id
        try:
            await self._admit(asker, installation_id, reason)
            wanted = Wanted(who=frozenset({who}) if who else None, refused=refused)
            found = await self._past.deeds(installation_id, wanted, asker.actor)
        except ReasonNeeded as refusal:
            return self._page(request, "look.html", refusal=reason and refusal, **about)
        except Refused as refusal:
            raise HTTPException(HTTPStatus.FORBIDDEN, refusal.detail) from refusal
        except TooManyLook as fault:
            detail = _("Many look at the past at this moment; try again in a few seconds")
            raise _later(detail) from fault
        except ServiceUnavailable as fault:
            raise _later(_("The past cannot be read now: %(fault)s", fault=fault)) from fault
        return self._page(
            request,
            "who_did.html",
            reason=reason,
            earlier=max(0, len(found) - SHOWN_MAX),
            rows=rows(found[-SHOWN_MAX:], self._time_zone),
            **about,
        )


def _later(detail: str) -> HTTPException:
    return HTTPException(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": COME_AGAIN_S}
    )

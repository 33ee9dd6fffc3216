"""The page that says who did what at an installation, and who was refused what."""

from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from services.portal.deed_rows import rows
from services.portal.looking_back import REASON, LookingBack, Page
from services.portal.looks import Admit
from services.portal.past import Past, deeds_told
from services.portal.places import Here
from shared.history.deeds import Wanted

SHOWN_MAX: Final = 200
"""How many deeds are shown: the newest ones."""


class DeedPages:
    """The page; that there is such an installation was seen to before."""

    def __init__(
        self, page: Page, past: Past, admit: Admit, time_zone: ZoneInfo | None
    ) -> None:
        self._page = page
        self._back = LookingBack(page, past, admit)
        self._time_zone = time_zone

    async def page(self, request: Request, here: Here) -> Response:
        """
        Show who did what.

        Raises:
            HTTPException: 403, somebody may not; 503, many look already, or a service does not answer.
        """
        who = request.query_params.get("who")
        refused = request.query_params.get("refused") == "1"
        wanted = Wanted(who=frozenset({who}) if who else None, refused=refused)
        found = await self._back.look(request, here, partial(deeds_told, here.id, wanted))
        if isinstance(found, Response):
            return found
        return self._page(
            request,
            "who_did.html",
            here=here,
            refused=refused,
            reason=request.query_params.get(REASON),
            earlier=max(0, len(found) - SHOWN_MAX),
            rows=rows(found[-SHOWN_MAX:], self._time_zone),
        )

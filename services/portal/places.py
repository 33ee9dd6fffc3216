"""Where a page is about: an installation, seen by somebody who may, with the way to its other pages."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.portal.documents import Charger, Layout
from services.portal.guarding import Guard, NotHere
from services.portal.signing_in.asking import required
from services.portal.tabs import Link, links
from shared.decider import Refused
from shared.ids import InstallationId
from shared.messages.signing_in import Asker
from shared.rights.grants import Place
from shared.rights.table import Action
from shared.speech import _


@dataclass(frozen=True, slots=True)
class Here:
    """
    An installation as somebody sees it.

    Args:
        asker: who looks.
        layout: how it is set up.
        tabs: its pages that they may see.
        may: tells whether they may do something here.
        fresh: tells whether they have shown lately enough who they are, to do something.
    """

    asker: Asker
    layout: Layout
    tabs: tuple[Link, ...]
    may: Callable[[Action], bool]
    fresh: Callable[[Action], bool]

    @property
    def id(self) -> InstallationId:
        return self.layout.installation_id

    @property
    def path(self) -> str:
        return f"/installations/{self.layout.installation_id}"


class Places:
    """
    Finds places for pages.

    Args:
        guard: checks who asks.
        layout: an installation as it is set up; none if there is no such one.
        open_warnings: counts the warnings of which nobody has taken notice.
    """

    def __init__(
        self,
        guard: Guard,
        layout: Callable[[InstallationId], Layout | None],
        open_warnings: Callable[[InstallationId], int],
    ) -> None:
        self._guard = guard
        self._layout = layout
        self._open_warnings = open_warnings

    def here(self, request: Request, action: Action, charger_id: str | None = None) -> Here:
        """
        Find the installation that the path names, for somebody who may see what an action is done with.

        Args:
            request: its path has an `installation_id`.
            action: what the page is for.
            charger_id: which charger it is about, if it is.

        Raises:
            HTTPException: 401, nobody is signed in; 403, they may not; 404, they have no role there,
                or there is no such place.
        """
        return self.at(request, request.path_params["installation_id"], action, charger_id)

    def at(
        self,
        request: Request,
        installation_id: InstallationId,
        action: Action,
        charger_id: str | None = None,
    ) -> Here:
        """
        Find an installation that the path does not name.

        Raises:
            HTTPException: as `here`.
        """
        asker = required(request)
        place = Place(installation_id, charger_id)
        layout = self._layout(installation_id)
        try:
            self._guard.look(asker, action, place, f"look at {action.value}")
        except NotHere as refusal:
            raise _nowhere(installation_id) from refusal
        except Refused as refusal:
            raise HTTPException(403, refusal.detail) from refusal
        if layout is None:
            raise _nowhere(installation_id)

        def may(wanted: Action) -> bool:
            return self._guard.may(asker, wanted, place)

        def fresh(wanted: Action) -> bool:
            return self._guard.fresh(asker, wanted)

        def may_whole(wanted: Action) -> bool:
            return self._guard.may(asker, wanted, Place(installation_id))

        tabs = tuple(
            links(
                installation_id,
                request.url.path,
                may_whole,
                self._open_warnings(installation_id),
            )
        )
        return Here(asker, layout, tabs, may, fresh)

    def charger(self, request: Request, action: Action) -> tuple[Here, Charger]:
        """
        Find the charger that the path names by its `charger_id`.

        Raises:
            HTTPException: as `here`.
        """
        charger_id: str = request.path_params["charger_id"]
        here = self.here(request, action, charger_id)
        found = (it for it in here.layout.chargers if it.charger_id == charger_id)
        charger = next(found, None)
        if charger is None:
            raise HTTPException(404, _("There is no charger “%(id)s” here", id=charger_id))
        return here, charger


def _nowhere(installation_id: InstallationId) -> HTTPException:
    return HTTPException(404, _("There is no installation “%(id)s”", id=installation_id))

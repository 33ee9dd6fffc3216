"""The routes of the past and of support."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.portal.parts import Parts
from services.portal.support.history_pages import HistoryPages
from services.portal.support.lookup_pages import LookupPages


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    history, lookup = HistoryPages(parts), LookupPages(parts)
    home = "/installations/{installation_id}"
    return (
        Route(f"{home}/history", history.timeline),
        Route(f"{home}/history/at", history.moment),
        Route("/support", lookup.lookup),
        Route("/support/serials/{serial}", lookup.serial),
        Route("/support/serials/{serial}/unlock", lookup.unlock, methods=["POST"]),
    )

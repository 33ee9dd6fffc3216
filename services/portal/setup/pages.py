"""The routes of setting up."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.portal.parts import Parts
from services.portal.setup.installation_pages import InstallationPages
from services.portal.setup.list_pages import ListPages


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Put the pages of setting up together."""
    listing, installations = ListPages(parts), InstallationPages(parts)
    return (
        Route("/", listing.page),
        Route("/api/installations", listing.listed),
        Route("/installations/new", installations.new),
        Route("/installations/new", installations.create, methods=["POST"]),
        Route("/installations/check", installations.check, methods=["POST"]),
    )

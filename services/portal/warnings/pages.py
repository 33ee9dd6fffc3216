"""The pages of warnings, and of who is told of them."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from services.portal.parts import Parts
from services.portal.warnings import choices, listed, orders, programs


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    return (
        *listed.routes(parts),
        *choices.routes(parts),
        *programs.routes(parts),
        *orders.routes(parts),
    )

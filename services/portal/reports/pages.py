"""The routes of sessions and reports."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.portal.parts import Parts
from services.portal.reports.month_pages import MonthPages
from services.portal.reports.session_pages import SessionPages


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Make the routes."""
    sessions, months = SessionPages(parts), MonthPages(parts)
    home = "/installations/{installation_id}"
    return (
        Route(f"{home}/sessions", sessions.show),
        Route(f"{home}/sessions.csv", sessions.csv),
        Route(f"{home}/reports", months.show),
        Route(f"{home}/reports/tariff", months.set_tariff, methods=["POST"]),
        Route(f"{home}/reports/{{month}}.{{form}}", months.file),
    )

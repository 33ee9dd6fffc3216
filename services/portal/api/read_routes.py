"""Everything that is read over the API, and what it takes: data."""

from dataclasses import dataclass
from typing import Any, Final

from services.portal.api.commands import CHARGER, CIRCUIT, INSTALLATION, METER
from services.portal.api.meters import MeterTold
from services.portal.api.paging import Page
from services.portal.api.readings import (
    ChargerTold,
    CircuitTold,
    HeldRole,
    InstallationListed,
    InstallationTold,
)
from services.portal.api.reports import Report
from services.portal.charging import ChargingSession
from services.portal.traces.trace import Trace
from shared.messages.notices import DeadLetter, WarningLine, WebhookLine
from shared.messages.notifications import NotificationsChosen, ReportOrdered
from shared.messages.readings import QuarterLine, ReadingLine
from shared.messages.signed import SignedValuesAnswer
from shared.rights.table import Action


@dataclass(frozen=True, slots=True)
class ReadRoute:
    """
    Something that is read.

    Args:
        path: below `/api/v1`.
        action: what it is in the table of rights; none: it is about whoever asks, and nobody else.
        answers: the model of the answer; none: as the page's own view has it.
    """

    path: str
    name: str
    action: Action | None
    answers: Any = None


READ_ROUTES: Final = (
    ReadRoute("/me", "me", None, None),
    ReadRoute("/installations", "installations", None, Page[InstallationListed]),
    ReadRoute("/sessions", "own_sessions", Action.OWN_SESSIONS, Page[ChargingSession]),
    ReadRoute(INSTALLATION, "installation", Action.SEE, InstallationTold),
    ReadRoute(f"{INSTALLATION}/circuits", "circuits", Action.SEE, Page[CircuitTold]),
    ReadRoute(f"{INSTALLATION}/chargers", "chargers", Action.SEE, Page[ChargerTold]),
    ReadRoute(CHARGER, "charger", Action.SEE, ChargerTold),
    ReadRoute(f"{INSTALLATION}/meters", "meters", Action.LIVE, Page[MeterTold]),
    ReadRoute(f"{INSTALLATION}/live", "live", Action.LIVE),
    ReadRoute(f"{CHARGER}/live", "charger_live", Action.LIVE),
    ReadRoute(f"{INSTALLATION}/events", "events", Action.LIVE),
    ReadRoute(f"{CHARGER}/trace", "charger_trace", Action.LIVE, Trace),
    ReadRoute(f"{CIRCUIT}/trace", "circuit_trace", Action.LIVE, Trace),
    ReadRoute(f"{CHARGER}/readings", "charger_readings", Action.LIVE, Page[ReadingLine]),
    ReadRoute(f"{CHARGER}/quarters", "charger_quarters", Action.LIVE, Page[QuarterLine]),
    ReadRoute(f"{METER}/readings", "meter_readings", Action.LIVE, Page[ReadingLine]),
    ReadRoute(f"{METER}/quarters", "meter_quarters", Action.LIVE, Page[QuarterLine]),
    ReadRoute(
        f"{INSTALLATION}/sessions", "sessions", Action.ALL_SESSIONS, Page[ChargingSession]
    ),
    ReadRoute(
        f"{CHARGER}/sessions", "charger_sessions", Action.ALL_SESSIONS, Page[ChargingSession]
    ),
    ReadRoute(
        "/sessions/{session_id}/signed",
        "own_signed_values",
        Action.OWN_SESSIONS,
        SignedValuesAnswer,
    ),
    ReadRoute(
        f"{CHARGER}/sessions/{{session_id}}/signed",
        "signed_values",
        Action.ALL_SESSIONS,
        SignedValuesAnswer,
    ),
    ReadRoute(f"{INSTALLATION}/report", "report", Action.REPORTS, Report),
    ReadRoute(f"{INSTALLATION}/history", "history", Action.HISTORY, Page[dict[str, Any]]),
    ReadRoute(f"{INSTALLATION}/roles", "roles", Action.PERMISSIONS, Page[HeldRole]),
    ReadRoute(f"{INSTALLATION}/warnings", "warnings", Action.WARNINGS, Page[WarningLine]),
    ReadRoute(f"{INSTALLATION}/webhooks", "webhooks", Action.WARNINGS, Page[WebhookLine]),
    ReadRoute(
        f"{INSTALLATION}/dead-letters", "dead_letters", Action.WARNINGS, Page[DeadLetter]
    ),
    ReadRoute(
        f"{INSTALLATION}/report-orders", "report_orders", Action.REPORTS, Page[ReportOrdered]
    ),
    ReadRoute("/notifications", "own_notifications", None, Page[NotificationsChosen]),
    ReadRoute(f"{CHARGER}/roles", "charger_roles", Action.PERMISSIONS, Page[HeldRole]),
)
"""Everything that is read, and what it takes."""

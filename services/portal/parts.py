"""What pages are made with, in one place: every group of pages takes from here what it needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from nats.aio.client import Client
from starlette.routing import BaseRoute

from services.portal.acting import Acting
from services.portal.billing.making import Maker
from services.portal.doing import Doing
from services.portal.facts import Facts
from services.portal.guarding import Guard
from services.portal.knocks import Knock
from services.portal.looks import Admit
from services.portal.paper import Paper
from services.portal.past import Past
from services.portal.places import Places
from services.portal.read_models import ReadModels
from services.portal.seeing import Seeing
from services.portal.session_book import SessionBook
from services.portal.signing_in.questions import Questions
from services.portal.traces.tracing import Traces
from services.portal.view import InstallationView
from services.portal.viewers import Sight, Viewers
from shared.ids import InstallationId


@dataclass(frozen=True, slots=True)
class Sights:
    """What there is to be seen."""

    view: Callable[[Sight], InstallationView | None]
    knocks: Callable[[], Sequence[Knock]]
    facts: Callable[[InstallationId], Facts | None]
    time_of_day: Callable[[], str]
    time_zone: ZoneInfo | None = None
    """Of times that no installation has one for; by default the machine's."""


@dataclass(frozen=True, slots=True)
class Parts:
    """
    What pages are made with.

    Args:
        paper: makes answers out of templates.
        sights: what there is to be seen at this moment.
        viewers: who looks now.
        seeing: what of it somebody may see.
        questions: asks permissions.
        past: what happened.
        admit: lets somebody look at it.
        guard: checks who may do something.
        acting: has it done.
        models: what the portal remembers.
        sessions: reads charging sessions.
        maker: makes reports of them.
        client: NATS, for queries.
        traces: how currents went lately.
        now: reads the clock.
    """

    paper: Paper
    sights: Sights
    viewers: Viewers
    seeing: Seeing
    questions: Questions
    past: Past
    admit: Admit
    guard: Guard
    acting: Acting
    models: ReadModels
    sessions: SessionBook
    maker: Maker
    client: Client
    traces: Traces
    now: Callable[[], datetime]

    @property
    def places(self) -> Places:
        """Find places for pages."""
        return Places(self.guard, self.models.layouts.get, self.models.open_warnings)

    @property
    def doing(self) -> Doing:
        """Have done what people fill in."""
        return Doing(self.acting)


Area = Callable[[Parts], Sequence[BaseRoute]]
"""A group of pages: makes its routes."""

"""Where the parts of the portal meet."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog
from fastapi import FastAPI

from services.portal.acting import Acting
from services.portal.api.application import api
from services.portal.api.looking import Sources
from services.portal.askers import asker_of
from services.portal.billing.making import Maker
from services.portal.charger_figures import limit_in_force_of
from services.portal.counting import Counted
from services.portal.facts import Facts
from services.portal.guarding import Guard
from services.portal.handlers import followers, listen
from services.portal.heard import Heard
from services.portal.knocks import Knock, knock_of
from services.portal.latest import Latest
from services.portal.looks import Looks
from services.portal.marks import Marks
from services.portal.notice_desk import ask as ask_notices
from services.portal.own_changes import OwnChanges
from services.portal.pages import application
from services.portal.paper import Paper
from services.portal.parts import Parts, Sights
from services.portal.past import ASKED, Past
from services.portal.read_models import ReadModels, key_of
from services.portal.reading_desk import ReadingDesk
from services.portal.refused import Refusals
from services.portal.report_desk import answer_reports
from services.portal.seeing import Seeing
from services.portal.session_book import SessionBook
from services.portal.settings import PortalSettings
from services.portal.signing_in.asking import still_asks
from services.portal.signing_in.questions import NatsQuestions
from services.portal.tabs import Link, menu
from services.portal.tail import Tail
from services.portal.traces.keeping import Keeping
from services.portal.traces.recent import Recent
from services.portal.traces.tracing import Traces
from services.portal.view import InstallationView, view_of
from services.portal.viewers import Sight, Viewers
from shared.acts_query import ask_acts
from shared.clock import utc_now
from shared.follow import cursor_of
from shared.head_start import take_head_start
from shared.ids import ChargerId, InstallationId
from shared.messages.signing_in import Asker
from shared.meter_query import ask_standings
from shared.naming import names_of
from shared.numbers import taking_number
from shared.rights.grants import Place
from shared.runtime import Runtime, run
from shared.service_grants import COPIES_MAX, PORTAL
from shared.speech import speaking
from shared.web_leaving import Leaving
from shared.web_server import listening_socket, serve

HEARD_OF: Final = ("installation", "telemetry", "balancer", "permissions")
"""Logs whose events people may hear over the API."""

log = structlog.get_logger()


async def assemble(runtime: Runtime, settings: PortalSettings) -> None:
    """Follow the logs, hear readings, and show them to whom they concern."""
    numbered = taking_number(settings.database_url, PORTAL)
    number = await runtime.stack.enter_async_context(numbered)
    runtime.spawn(number.keep(), "number")
    models = ReadModels(number.number)
    latest = Latest(listening_since=utc_now())
    heard = Heard()
    sights = sights_of(models, latest, runtime, settings)
    viewers = Viewers(sights.view)
    taken = listening_socket(settings.host, settings.port, settings.fd)
    runtime.stack.callback(taken.close)
    for follower in followers(models, runtime.pool, heard):
        await take_head_start(runtime.pool, follower, PORTAL, number.number, COPIES_MAX)
        await follower.reload()
        heard.begin(follower.service, await cursor_of(runtime.pool, follower))
        runtime.follow(follower)
    traces, marks = traces_of(models, runtime), Marks()
    await listen(runtime.client, latest, traces, marks)
    runtime.spawn(marks.run(runtime.pool), "marks")
    runtime.spawn(viewers.run(), "viewers")

    serving = False

    def on_started() -> None:
        nonlocal serving
        serving = True
        host, port = taken.getsockname()[:2]
        log.info("portal listens", host=host, port=port)

    runtime.health.add("web", lambda: serving)
    seeing = Seeing(lambda: models.book.grants, utc_now)
    past = Past(partial(ask_acts, runtime.client, ASKED), partial(names_of, runtime.client))
    guard, acting = acting_of(models, heard, runtime)
    admit = Looks(guard, models.book, acting, utc_now).admit
    book = SessionBook(runtime.pool)
    maker = Maker(book, partial(names_of, runtime.client))
    await answer_reports(runtime.client, maker, models.layouts.get)
    tail = Tail(runtime.client, HEARD_OF)

    def menu_of(asker: Asker, path: str) -> Sequence[Link]:
        return tuple(menu(path, lambda it: guard.may(asker, it, Place())))

    parts = Parts(
        paper=Paper(sights.time_of_day, menu_of),
        sights=sights,
        viewers=viewers,
        seeing=seeing,
        questions=NatsQuestions(runtime.client),
        past=past,
        admit=admit,
        guard=guard,
        acting=acting,
        models=models,
        sessions=book,
        maker=maker,
        client=runtime.client,
        traces=traces,
        now=utc_now,
    )
    pages = application(parts, api_of(parts, heard, tail))
    app = Counted(OwnChanges(pages, heard.until))
    leaving = Leaving(app, settings.drain_s, viewers.close)
    runtime.drains.append(leaving.leave)
    runtime.spawn(serve(leaving, taken, on_started, viewers.close, leaving=leaving), "web")


def acting_of(models: ReadModels, heard: Heard, runtime: Runtime) -> tuple[Guard, Acting]:
    """Check whatever people ask for, have it done, and have what is refused put on record."""
    refusals = Refusals(runtime.client, utc_now)
    runtime.spawn(refusals.run(), "refusals")

    def exists(installation_id: InstallationId) -> bool:
        return models.layouts.get(installation_id) is not None

    guard = Guard(models.book, exists, refusals.tell, utc_now)
    return guard, Acting(runtime.client, guard, heard, refusals)


def api_of(parts: Parts, heard: Heard, tail: Tail) -> FastAPI:
    """Put the API together."""
    models = parts.models
    sources = Sources(
        models.layouts.get,
        lambda: list(models.layouts.held.values()),
        parts.sights.view,
        parts.sessions,
        models.book,
        parts.guard,
        parts.admit,
        parts.past,
        parts.traces,
        parts.now,
        heard,
        tail,
        still_asks,
        partial(names_of, parts.client),
        models.warnings.get,
        partial(ask_notices, parts.client),
        ReadingDesk(parts.client),
        partial(ask_standings, parts.client),
    )
    return api(parts.acting, sources, asker_of)


def traces_of(models: ReadModels, runtime: Runtime) -> Traces:
    """Keep how currents go, in memory and in the portal's own database."""

    def limit_of(installation_id: InstallationId, charger_id: ChargerId) -> float | None:
        condition = models.conditions.get(key_of(installation_id, charger_id))
        return None if condition is None else limit_in_force_of(condition, utc_now())

    recent = Recent()
    keeping = Keeping(runtime.pool, recent, utc_now)
    runtime.spawn(keeping.run(), "traces")
    return Traces(recent, keeping, limit_of, utc_now)


def sights_of(
    models: ReadModels, latest: Latest, runtime: Runtime, settings: PortalSettings
) -> Sights:
    """Bind views to the present moment."""

    def facts(installation_id: InstallationId) -> Facts | None:
        return models.facts(installation_id, latest, runtime.client.is_connected)

    def view(sight: Sight) -> InstallationView | None:
        found = facts(sight.installation_id)
        if found is None:
            return None
        with speaking(sight.language):
            return view_of(found, utc_now(), settings.time_zone, deactivated=sight.deactivated)

    def knocks() -> Sequence[Knock]:
        now, standing = utc_now(), models.standing()
        return [
            knock_of(serial, refusal, standing, now, settings.time_zone)
            for serial, refusal in models.turned_away()
        ]

    def time_of_day() -> str:
        return utc_now().astimezone(settings.time_zone).strftime("%H:%M:%S")

    return Sights(view, knocks, facts, time_of_day, settings.time_zone)


def main() -> None:
    """Run the service until it is asked to stop."""
    settings = PortalSettings()
    run("portal", settings, partial(assemble, settings=settings))

"""Where the parts of the portal meet."""

from collections.abc import Sequence
from functools import partial

import structlog

from services.portal.documents import Refusal
from services.portal.handlers import followers, listen
from services.portal.latest import Latest
from services.portal.pages import Sights, application
from services.portal.read_models import ReadModels
from services.portal.server import listening_socket, serve
from services.portal.settings import PortalSettings
from services.portal.view import InstallationView, view_of
from services.portal.viewers import Viewers
from services.portal.wording import clock_time
from shared.clock import utc_now
from shared.follow import follow
from shared.ids import InstallationId
from shared.runtime import Runtime, run

log = structlog.get_logger()


async def assemble(runtime: Runtime, settings: PortalSettings) -> None:
    """Follow the three logs, hear readings, and show them."""
    models = ReadModels()
    latest = Latest(listening_since=utc_now())
    sights = sights_of(models, latest, runtime, settings)
    viewers = Viewers(sights.view)
    taken = listening_socket(settings.host, settings.port)
    runtime.stack.callback(taken.close)
    for follower in followers(models, runtime.pool):
        await follower.reload()
        name = f"follow-{follower.service}"
        runtime.spawn(follow(runtime.client, runtime.pool, follower), name)
    await listen(runtime.client, latest)
    runtime.spawn(viewers.run(), "viewers")

    serving = False

    def on_started() -> None:
        nonlocal serving
        serving = True
        host, port = taken.getsockname()[:2]
        log.info("portal listens", host=host, port=port)

    runtime.health.add("web", lambda: serving)
    app = application(sights, viewers)
    runtime.spawn(serve(app, taken, on_started, viewers.close), "web")


def sights_of(
    models: ReadModels, latest: Latest, runtime: Runtime, settings: PortalSettings
) -> Sights:
    """Bind views to the present moment."""

    def view(installation_id: InstallationId) -> InstallationView | None:
        facts = models.facts(installation_id, latest, runtime.client.is_connected)
        return None if facts is None else view_of(facts, utc_now(), settings.time_zone)

    def all_views() -> Sequence[InstallationView]:
        found = (view(it) for it in sorted(models.layouts.all()))
        return [it for it in found if it is not None]

    def turned_away() -> Sequence[tuple[str, Refusal, str]]:
        now = utc_now()
        return [
            (serial, refusal, clock_time(refusal.refused_at, now, settings.time_zone))
            for serial, refusal in models.turned_away()
        ]

    def time_of_day() -> str:
        return utc_now().astimezone(settings.time_zone).strftime("%H:%M:%S")

    return Sights(all_views, view, turned_away, time_of_day)


def main() -> None:
    """Run the service until it is asked to stop."""
    settings = PortalSettings()
    run("portal", settings, partial(assemble, settings=settings))

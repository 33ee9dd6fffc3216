"""Where the parts of the portal meet."""

from collections.abc import Sequence
from functools import partial

import structlog

from services.portal.handlers import followers, listen
from services.portal.knocks import Knock, knock_of
from services.portal.latest import Latest
from services.portal.pages import Sights, application
from services.portal.read_models import ReadModels
from services.portal.seeing import Seeing
from services.portal.settings import PortalSettings
from services.portal.signing_in.questions import NatsQuestions
from services.portal.view import InstallationView, view_of
from services.portal.viewers import Sight, Viewers
from shared.clock import utc_now
from shared.follow import follow
from shared.rights.book import GrantBook
from shared.runtime import Runtime, run
from shared.web_server import listening_socket, serve

log = structlog.get_logger()


async def assemble(runtime: Runtime, settings: PortalSettings) -> None:
    """Follow the logs, hear readings, and show them to whom they concern."""
    models = ReadModels()
    latest = Latest(listening_since=utc_now())
    sights = sights_of(models, latest, runtime, settings)
    viewers = Viewers(sights.view)
    taken = listening_socket(settings.host, settings.port)
    runtime.stack.callback(taken.close)
    book = GrantBook()
    for follower in (*followers(models, runtime.pool), book.follower("portal", runtime.pool)):
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
    seeing = Seeing(lambda: book.grants, utc_now)
    app = application(sights, viewers, seeing, NatsQuestions(runtime.client))
    runtime.spawn(serve(app, taken, on_started, viewers.close), "web")


def sights_of(
    models: ReadModels, latest: Latest, runtime: Runtime, settings: PortalSettings
) -> Sights:
    """Bind views to the present moment."""

    def view(sight: Sight) -> InstallationView | None:
        facts = models.facts(sight.installation_id, latest, runtime.client.is_connected)
        if facts is None:
            return None
        return view_of(facts, utc_now(), settings.time_zone, deactivated=sight.deactivated)

    def all_views() -> Sequence[InstallationView]:
        found = (view(Sight(it)) for it in sorted(models.layouts.all()))
        return [it for it in found if it is not None]

    def knocks() -> Sequence[Knock]:
        now, standing = utc_now(), models.standing()
        return [
            knock_of(serial, refusal, standing, now, settings.time_zone)
            for serial, refusal in models.turned_away()
        ]

    def time_of_day() -> str:
        return utc_now().astimezone(settings.time_zone).strftime("%H:%M:%S")

    return Sights(all_views, view, knocks, time_of_day)


def main() -> None:
    """Run the service until it is asked to stop."""
    settings = PortalSettings()
    run("portal", settings, partial(assemble, settings=settings))

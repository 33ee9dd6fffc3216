"""Where the parts of the notifications service meet."""

import asyncio
from datetime import timedelta
from functools import partial

from services.notifications.answering import Answers
from services.notifications.handlers import Desk, routes
from services.notifications.inspecting import Inspecting
from services.notifications.knowledge import Knowledge
from services.notifications.language import deliveries_at, settings_at, warnings_at
from services.notifications.ledger import Ledger
from services.notifications.mailing import Mailing
from services.notifications.outbox import Outbox
from services.notifications.recording import Recording
from services.notifications.reporting import Reporting
from services.notifications.settings import NOTICE_KEY_FILE, Settings
from services.notifications.telling import Telling
from services.notifications.watching import Watching
from services.notifications.webhooks import Webhooks
from shared.acts_query import answer_acts
from shared.commands import taking_commands
from shared.event_store import EventStore
from shared.follow import caught_up
from shared.ids import InstallationId
from shared.key_files import read_key
from shared.mailing import sending
from shared.relay import Relay
from shared.runtime import Runtime, run


def streams_of(installation_id: InstallationId) -> tuple[str, ...]:
    """Name the streams that are about an installation."""
    return (
        warnings_at(installation_id),
        settings_at(installation_id),
        deliveries_at(installation_id),
    )


async def assemble(runtime: Runtime, settings: Settings) -> None:
    """Open the log, follow the others, and only then raise, tell and take commands."""
    pool, client = runtime.pool, runtime.client
    key = read_key(settings.notice_key_file, NOTICE_KEY_FILE)
    store = await runtime.stack.enter_async_context(EventStore.open(pool))
    relay = Relay("notifications", store, client)
    runtime.announce(relay)
    watching = asyncio.Event()
    runtime.health.add("watching", watching.is_set)
    knowledge, ledger, outbox = Knowledge(), Ledger(), Outbox(pool)
    by_email = settings.smtp_url is not None
    gathered = timedelta(seconds=settings.gathered_s) if by_email else None
    telling = Telling(pool, store, ledger, knowledge, outbox, gathered=gathered)
    watch = Watching(store, knowledge, ledger, telling, outbox)
    followers = knowledge.followers(pool)
    for follower in followers:
        await follower.reload()
        runtime.follow(follower)
    await watch.listen(client)
    await answer_acts(client, "notifications", store, streams_of)
    await telling.read()
    # Nothing is raised, and nobody is told, on half of what is known.
    for follower in followers:
        await caught_up(client, pool, follower)
    runtime.spawn(telling.run(), "telling")
    runtime.spawn(Inspecting(client, knowledge).run(), "inspecting")
    runtime.spawn(watch.run(), "watching")
    runtime.spawn(Webhooks(outbox, ledger, key, settings.allowed).run(), "webhooks")
    runtime.spawn(Recording(store, outbox).run(), "recording")
    if settings.smtp_url is not None:
        send = sending(settings.smtp_url.get_secret_value(), settings.mail_from)
        mailing = Mailing(
            client, store, outbox, ledger, knowledge, send, settings.public_url, key
        )
        runtime.spawn(mailing.run(), "mailing")
        runtime.spawn(Reporting(knowledge, ledger, outbox).run(), "reporting")
    desk = Desk(store, knowledge, outbox, key, settings.allowed)
    answers = Answers(store, ledger, knowledge, outbox, desk, telling.read, by_email=by_email)
    await runtime.stack.enter_async_context(
        taking_commands(
            settings.nats_url,
            "ampledger-notifications",
            routes(desk),
            answers.routes(),
            drains=runtime.drains,
        )
    )
    watching.set()


def main() -> None:
    """Run the service until it is asked to stop."""
    settings = Settings()
    run("notifications", settings, partial(assemble, settings=settings))

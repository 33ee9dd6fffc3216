"""Where the parts of the permissions service meet."""

import asyncio
from functools import partial

from services.permissions import looks
from services.permissions.answering import query_routes
from services.permissions.card_queries import CardQueries
from services.permissions.desk import Desk, Parts
from services.permissions.directory import Directory
from services.permissions.handlers import checked_here, people_routes, refusal_routes
from services.permissions.layout_book import LayoutBook
from services.permissions.mailing import Mailer
from services.permissions.policies import Policies
from services.permissions.queries import Queries
from services.permissions.settings import MASTER_KEY_FILE, Settings
from services.permissions.sign_in.accounts import Accounts
from services.permissions.sign_in.assembly import signing_in
from services.permissions.sign_in.links import Links
from services.permissions.streams import access_at, refusals_at
from services.permissions.vault import Vault
from shared.acts_query import answer_acts
from shared.commands import taking_commands
from shared.event_store import EventStore
from shared.ids import InstallationId
from shared.key_files import read_key, read_keys
from shared.mailing import sending
from shared.relay import Relay
from shared.rights.cards import CARD_KEY_FILE
from shared.runtime import Runtime, run


def streams_of(installation_id: InstallationId) -> tuple[str, ...]:
    """Name the streams that are about an installation."""
    return (
        access_at(installation_id),
        refusals_at(installation_id),
        looks.stream_of(installation_id),
    )


async def assemble(runtime: Runtime, settings: Settings) -> None:
    """Open the log, copy it to its jetstream, know who there is, answer who asks."""
    pool, client = runtime.pool, runtime.client
    mark_key = read_key(settings.card_key_file, CARD_KEY_FILE)
    store = await runtime.stack.enter_async_context(EventStore.open(pool))
    relay = Relay("permissions", store, client)
    runtime.announce(relay)
    answering = asyncio.Event()
    runtime.health.add("answering", answering.is_set)
    await answer_acts(client, "permissions", store, streams_of)
    vault, layout = (
        Vault(pool, read_keys(settings.master_key_file, MASTER_KEY_FILE)),
        LayoutBook(),
    )
    await vault.open()
    await layout.open(pool)
    desk = Desk(Parts(pool, store, vault, layout, mark_key, Accounts(pool).forget))
    await desk.open()
    runtime.spawn(desk.tail(), "tail")
    runtime.follow(Policies(desk, layout).follower(pool))
    directory = Directory(desk, vault, mark_key)
    if settings.smtp_url is not None:
        send = sending(settings.smtp_url.get_secret_value(), settings.mail_from)
        mailer = Mailer(pool, directory, Links(pool), send, settings.public_url)
        runtime.spawn(mailer.run(), "mailer")
    check = checked_here(desk)
    await runtime.stack.enter_async_context(
        taking_commands(
            settings.nats_url,
            "ampledger-permissions",
            people_routes(desk),
            refusal_routes(store, layout, check),
            looks.routes(store, check),
            query_routes(
                Queries(desk.register, directory, vault),
                CardQueries(desk.register, directory, vault),
                desk,
            ),
            signing_in(runtime, settings, store, directory),
            drains=runtime.drains,
        )
    )
    answering.set()


def main() -> None:
    """Run the service until it is asked to stop."""
    settings = Settings()
    run("permissions", settings, partial(assemble, settings=settings))

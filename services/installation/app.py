"""Where the parts of the installation service meet."""

from services.installation.answering import query_routes
from services.installation.claims import stream_named
from services.installation.handlers import routes
from services.installation.language import COMMANDS
from services.installation.rehearsing import rehearsals
from shared.acts_query import answer_acts
from shared.commands import taking_commands
from shared.event_store import EventStore
from shared.rehearsing import answer_rehearsals
from shared.relay import Relay
from shared.rights.book import GrantBook
from shared.runtime import Runtime, RuntimeSettings, run


async def assemble(runtime: Runtime) -> None:
    """Open the log, copy it to its jetstream, know what people may, answer questions and commands."""
    store = await runtime.stack.enter_async_context(EventStore.open(runtime.pool))
    relay = Relay("installation", store, runtime.client)
    runtime.announce(relay)
    book = GrantBook()
    await book.open(runtime.pool)
    follower = book.follower("installation", runtime.pool)
    runtime.follow(follower)
    await answer_acts(runtime.client, "installation", store, lambda it: (stream_named(it),))
    decide = rehearsals(store, book.check)
    await answer_rehearsals(runtime.client, "installation", COMMANDS, decide)
    await runtime.stack.enter_async_context(
        taking_commands(
            runtime.settings.nats_url,
            "ampledger-installation",
            routes(store, book.check),
            query_routes(store),
            drains=runtime.drains,
        )
    )


def main() -> None:
    """Run the service until it is asked to stop."""
    run("installation", RuntimeSettings(), assemble)

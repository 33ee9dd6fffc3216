"""Where the parts of the permissions service meet."""

from functools import partial

from services.permissions.sign_in.assembly import signing_in
from services.permissions.sign_in.people import Person
from services.permissions.sign_in.settings import SignInSettings
from shared.acts_query import answer_acts
from shared.commands import taking_commands
from shared.event_store import EventStore
from shared.relay import Relay
from shared.runtime import Runtime, run


class Interim:
    """Takes everybody for known, under the name before the @, while the domain of people is not here."""

    async def by_email(self, email: str) -> str | None:
        local = email.partition("@")[0]
        return None if local.startswith("nobody") else local

    async def by_id(self, person_id: str) -> Person | None:
        return Person(person_id, f"{person_id}@example.com", person_id.title())

    async def seal(self, person_id: str, field: str, content: dict[str, str]) -> str:  # noqa: ARG002
        return ""


async def assemble(runtime: Runtime, settings: SignInSettings) -> None:
    """Open the log, copy it to its jetstream, answer who asks."""
    store = await runtime.stack.enter_async_context(EventStore.open(runtime.pool))
    relay = Relay("permissions", store, runtime.client)
    runtime.spawn(relay.run(), "relay")
    runtime.health.add("relay", relay.standing)
    await answer_acts(runtime.client, "permissions", store, lambda it: (f"installation-{it}",))
    router = signing_in(runtime, settings, store, Interim())
    await runtime.stack.enter_async_context(
        taking_commands(settings.nats_url, "ampledger-permissions", router)
    )


def main() -> None:
    """Run the service until it is asked to stop."""
    settings = SignInSettings()
    run("permissions", settings, partial(assemble, settings=settings))

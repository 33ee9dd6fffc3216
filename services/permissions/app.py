"""Where the parts of the permissions service meet."""

from shared.acts_query import answer_acts
from shared.event_store import EventStore
from shared.relay import Relay
from shared.runtime import Runtime, RuntimeSettings, run


async def assemble(runtime: Runtime) -> None:
    """Open the log, copy it to its jetstream."""
    store = await runtime.stack.enter_async_context(EventStore.open(runtime.pool))
    relay = Relay("permissions", store, runtime.client)
    runtime.spawn(relay.run(), "relay")
    runtime.health.add("relay", relay.standing)
    await answer_acts(runtime.client, "permissions", store, lambda it: (f"installation-{it}",))


def main() -> None:
    """Run the service until it is asked to stop."""
    run("permissions", RuntimeSettings(), assemble)

"""Where the parts of the balancer meet."""

import gc

from services.balancer.allocation import warm_up
from services.balancer.handlers import Balancer, listen
from services.balancer.knowledge import Knowledge
from services.balancer.partitions import holding_partitions
from services.balancer.settings import BalancerSettings
from shared.clock import utc_now
from shared.event_store import EventStore
from shared.follow import caught_up, follow
from shared.ids import new_id
from shared.relay import Relay
from shared.runtime import Runtime, run


async def assemble(runtime: Runtime, settings: BalancerSettings) -> None:
    """Take the partitions, learn what is in force, then decide."""
    store = await runtime.stack.enter_async_context(EventStore.open(runtime.pool))
    relay = Relay("balancer", store, runtime.client)
    runtime.spawn(relay.run(), "relay")
    runtime.health.add("relay", relay.standing)
    partitions = await runtime.stack.enter_async_context(
        holding_partitions(settings.database_url, holder=new_id())
    )
    runtime.spawn(partitions.prove(), "partitions")
    knowledge = Knowledge(runtime.pool, store)
    await knowledge.catch_up()
    balancer = Balancer(runtime.client, store, knowledge, partitions, settings.timing, utc_now)
    followers = balancer.followers()
    for follower in followers:
        runtime.spawn(follow(runtime.client, runtime.pool, follower), follower.service)
    await listen(runtime.client, balancer)
    # Nothing is decided on half of what is known.
    for follower in followers:
        await caught_up(runtime.client, runtime.pool, follower)
    # Nor while our own log may not be what was announced.
    await relay.agreed()
    runtime.spawn(balancer.run(settings.tick_s), "balancer")


def main() -> None:
    """Run the service until it is asked to stop."""
    settings = BalancerSettings()
    warm_up()
    # What is loaded by now stays. Looking through all of it for garbage would take longer than to decide.
    gc.freeze()
    run("balancer", settings, lambda runtime: assemble(runtime, settings))

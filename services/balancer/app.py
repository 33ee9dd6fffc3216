"""Where the parts of the balancer meet."""

from typing import Final

from services.balancer.allocation import warm_up
from services.balancer.clock_agreement import ClockAgreement
from services.balancer.counting import keep_count
from services.balancer.handlers import Balancer, listen
from services.balancer.knowledge import Knowledge
from services.balancer.locks import locking
from services.balancer.partitions import Partitions
from services.balancer.settings import BalancerSettings
from services.balancer.taking_over import TakingOver
from services.balancer.wondering import Wondering
from shared.clock import uptime_s, utc_now
from shared.event_store import EventStore
from shared.relay import Relay
from shared.runtime import Runtime, run
from shared.what_if_query import answer_what_if

TICK_S_MAX: Final = 120.0
"""A tick that waits for a log that does not answer ends before."""


async def assemble(runtime: Runtime, settings: BalancerSettings) -> None:
    """Learn what is in force, then take part, then decide for what was taken over."""
    store = await runtime.stack.enter_async_context(EventStore.open(runtime.pool))
    locks = await runtime.stack.enter_async_context(locking(settings.database_url))
    agreement = ClockAgreement(utc_now, uptime_s)
    partitions = Partitions(locks, uptime_s, lambda: runtime.client.is_connected, agreement)
    runtime.health.add("partitions", partitions.standing)
    runtime.spawn(partitions.keep(), "partitions")
    relay = Relay("balancer", store, runtime.client, partitions.leads)
    runtime.announce(relay)
    knowledge = Knowledge(runtime.pool, store, locks.slot)
    await knowledge.open_announced()
    balancer = Balancer(runtime.client, store, knowledge, partitions, settings.timing, utc_now)
    keep_count(balancer.decided, partitions.count, utc_now)
    followers = balancer.followers()
    for follower in followers:
        runtime.follow(follower)
    await listen(runtime.client, balancer)
    runtime.spawn(balancer.deliveries.run(), "deliveries")
    wondering = Wondering(balancer.latest, settings.timing, utc_now)
    await answer_what_if(runtime.client, wondering.answer)
    taking_over = TakingOver(runtime.client, runtime.pool, knowledge, partitions, followers)
    # Nothing is decided on half of what is known.
    await taking_over.up_to_date()
    # Nor while our own log may not be what was announced.
    await relay.agreed()
    partitions.join()
    runtime.spawn(taking_over.run(), "taking over")
    runtime.spawn(taking_over.keep_up(), "keeping up")
    pulse = runtime.health.pulse("decide", TICK_S_MAX)
    runtime.spawn(balancer.run(settings.tick_s, pulse.beat), "balancer")


def main() -> None:
    """Run the service until it is asked to stop."""
    settings = BalancerSettings()
    warm_up()
    run("balancer", settings, lambda runtime: assemble(runtime, settings))

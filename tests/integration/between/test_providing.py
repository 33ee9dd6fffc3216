"""The operator makes what services use of JetStream; with their own keys and roles they do the rest."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import asyncpg
import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from cli.composition import Addresses, ServiceSpec, as_role, service_database_url
from cli.database_roles import passwords_in
from cli.migrations import migrate_all
from cli.providing import copies_in, keep_services_provided, provide_services
from shared import epochs, subjects
from shared.event_store import EventStore
from shared.follow import follow
from shared.followers import Connection, Follower
from shared.messaging import connect
from shared.recorded import Recorded
from shared.relay import Relay
from shared.runtime import pool_of
from tests.support.commits import one
from tests.support.log_place import running
from tests.support.servers import EmbeddedServers
from tests.support.signed_in import signed_in
from tests.support.waiting import until

pytestmark = pytest.mark.integration

OWNER, FOLLOWER = "installation", "balancer"
SPECS = [ServiceSpec(it, f"services.{it}") for it in (OWNER, FOLLOWER)]
COPIES = copies_in(SPECS)
JETSTREAM, CONSUMER = subjects.jetstream_of(OWNER), f"{FOLLOWER}-{OWNER}"
WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Operator:
    """What the operator has: everything."""

    js: JetStreamContext
    addresses: Addresses

    @property
    def log_url(self) -> str:
        return service_database_url(self.addresses.database_url, OWNER)

    def own_url(self, service: str) -> str:
        url = service_database_url(self.addresses.database_url, service)
        return as_role(url, self.addresses.passwords[service])

    async def provide(self) -> None:
        await provide_services(self.js, self.addresses.database_url, COPIES)

    async def consumers(self) -> list[str]:
        return sorted(it.name for it in await self.js.consumers_info(JETSTREAM))

    async def last(self) -> int:
        return int((await self.js.stream_info(JETSTREAM)).state.last_seq)


@pytest_asyncio.fixture(loop_scope="session")
async def operator(own_servers: EmbeddedServers) -> AsyncIterator[Operator]:
    """Migrated databases of two services, and no jetstream at all."""
    client = await connect(own_servers.nats_url, "test-operator")
    js = client.jetstream()
    for info in await js.streams_info():
        await js.delete_stream(str(info.config.name))
    prefix = (await own_servers.create_database()).rpartition("/")[2].partition("?")[0]
    url = own_servers.postgres.url(prefix)
    passwords = passwords_in(own_servers.folder / prefix, COPIES)
    await migrate_all(SPECS, url, passwords)
    yield Operator(js, Addresses(own_servers.nats_url, url, None, passwords))
    await client.close()


async def test_what_is_missing_is_made_and_what_is_there_stays(operator: Operator) -> None:
    await operator.provide()
    before = await operator.js.consumer_info(JETSTREAM, CONSUMER)
    numbered = [f"{FOLLOWER}-{it}-{OWNER}" for it in (2, 3)]

    await operator.provide()

    assert await operator.consumers() == sorted([CONSUMER, *numbered])
    assert (await operator.js.consumer_info(JETSTREAM, CONSUMER)).created == before.created


async def test_a_consumer_as_earlier_versions_made_them_is_replaced(operator: Operator) -> None:
    await operator.provide()
    await operator.js.delete_consumer(JETSTREAM, CONSUMER)
    config = ConsumerConfig(
        durable_name=CONSUMER,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=7,
        ack_policy=AckPolicy.ALL,
    )
    await operator.js.add_consumer(JETSTREAM, config)

    await operator.provide()

    found = await operator.js.consumer_info(JETSTREAM, CONSUMER)
    assert found.config.deliver_policy == DeliverPolicy.ALL


async def test_nothing_is_made_for_a_log_that_is_halted(operator: Operator) -> None:
    owner = await asyncpg.connect(operator.log_url)
    await epochs.halt(owner, "restore", "an older copy")
    await owner.close()

    await operator.provide()

    assert await epochs.present_copy(operator.js, OWNER) is None


async def test_a_new_epoch_gets_its_jetstream_and_consumers(operator: Operator) -> None:
    """Also when whoever began it ended before JetStream heard of it."""
    await operator.provide()
    owner = await asyncpg.connect(operator.log_url)
    await owner.execute("update log_head set epoch = 2")
    await owner.close()

    await operator.provide()

    copy = await epochs.present_copy(operator.js, OWNER)
    assert copy is not None
    assert copy.name == subjects.jetstream_of(OWNER, 2)
    assert CONSUMER in {it.name for it in await operator.js.consumers_info(copy.name)}


@dataclass(slots=True)
class Heard:
    """What a follower has taken, by its positions."""

    positions: list[int] = field(default_factory=list)

    async def apply(self, _: Connection, recorded: Recorded) -> None:
        self.positions.append(recorded.position)

    async def reload(self) -> None:
        """Nothing is held in memory but what was heard."""

    def committed(self, _: Sequence[Recorded]) -> None:
        """Nobody is told."""

    async def count(self) -> int:
        return len(set(self.positions))


async def test_a_log_is_announced_and_followed_with_keys_and_roles_only(
    own_servers: EmbeddedServers, operator: Operator
) -> None:
    """And goes on when the jetstream and the consumer are lost meanwhile."""
    heard = Heard()
    follower = Follower(FOLLOWER, OWNER, heard.apply, heard.reload, heard.committed)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        pools = [await enter(pool_of(operator.own_url(it))) for it in (OWNER, FOLLOWER)]
        store = await enter(EventStore.open(pools[0]))
        clients = [await enter(signed_in(own_servers, it)) for it in (OWNER, FOLLOWER)]
        await enter(running(keep_services_provided(operator.addresses, COPIES)))
        await enter(running(Relay(OWNER, store, clients[0]).run()))
        await enter(running(follow(clients[1], pools[1], follower)))
        for _ in range(20):
            await store.append(one("garage-1"))
        await until(heard.count, lambda it: it == 20, WITHIN_S)

        await operator.js.delete_consumer(JETSTREAM, CONSUMER)
        await store.append(one("garage-1"))
        await until(heard.count, lambda it: it == 21, WITHIN_S)

        await operator.js.delete_stream(JETSTREAM)
        await store.append(one("garage-1"))
        await until(heard.count, lambda it: it == 22, WITHIN_S)
        await asyncio.sleep(0)

    assert heard.positions == list(range(1, 23))
    assert await operator.last() == 22

"""
What services use of JetStream and may not make themselves: jetstreams, and consumers on those of others.

Whoever makes a jetstream or a consumer may choose where its messages go, and from where they come: to and
from anything in the operator's account. So they are made here, by the operator: before the services start,
and again whenever one was lost or a new epoch of a log has begun. Services set their consumers to where
they are, and pull.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from cli.composition import Addresses, ServiceSpec, service_database_url
from cli.faults import ServerFault
from shared import epochs, subjects
from shared.append_call import MAKE_DURABLE
from shared.event_store import DATABASE_FAULTS
from shared.messaging import connect, disconnect, ensure_jetstream, telemetry_jetstream
from shared.pull import consumer_of
from shared.readings_consumer import readings_consumer
from shared.service_grants import READINGS_CONSUMERS, SERVICES, consumers_of
from shared.tasks import CutOff, in_child, keep_running

LOOK_S: Final = 2.0
"""How soon what was lost is made again."""
SPARE: Final = 2
"""For how many more processes there are consumers than shall run: one that was cut off may keep its number
for a while after another has taken its place."""
CONNECT_S_MAX: Final = 10.0
PROVIDE_S_MAX: Final = 60.0
"""How long making everything may take, on a machine that has much else to do."""

PROVIDE_FAULTS: Final = (NatsError, *DATABASE_FAULTS, TimeoutError, CutOff)

log = structlog.get_logger()


def copies_in(specs: Iterable[ServiceSpec]) -> dict[str, int]:
    """Count the processes of each service that is in the table of grants."""
    counted: dict[str, int] = {}
    for spec in specs:
        if spec.name in SERVICES:
            counted[spec.name] = counted.get(spec.name, 0) + 1
    return counted


async def provide_services(
    js: JetStreamContext, database_url: str, copies: Mapping[str, int]
) -> None:
    """
    Make the jetstreams and the consumers of services where they are missing.

    Args:
        js: of the operator.
        database_url: whose name begins the databases' names.
        copies: how many processes of each service there are; of the others nothing is made.
    """
    for name in copies:
        if SERVICES[name].has_log:
            await _provide_log(js, service_database_url(database_url, name), name)
        if subjects.TELEMETRY_JETSTREAM in SERVICES[name].jetstreams:
            await ensure_jetstream(js, telemetry_jetstream())
            for kind in READINGS_CONSUMERS:
                await _provide(js, subjects.TELEMETRY_JETSTREAM, readings_consumer(kind))
    for name, number in copies.items():
        for followed in SERVICES[name].follows:
            if followed in copies:
                wanted = consumers_of(name, followed)[: number + SPARE]
                await _provide_consumers(js, followed, wanted)


async def keep_services_provided(addresses: Addresses, copies: Mapping[str, int]) -> None:
    """Provide for services, for ever."""

    async def provide_again() -> None:
        async with _operator(addresses) as js:
            while True:
                await provide_services(js, addresses.database_url, copies)
                await asyncio.sleep(LOOK_S)

    def on_fault(fault: Exception) -> None:
        log.warning("services not provided for", reason=repr(fault))

    await keep_running(provide_again, PROVIDE_FAULTS, on_fault, LOOK_S)


async def provide_once(addresses: Addresses, copies: Mapping[str, int]) -> None:
    """
    Provide for services at this moment.

    Raises:
        Exception: one of PROVIDE_FAULTS; NATS or a database cannot be reached.
    """

    async def provide() -> None:
        async with _operator(addresses) as js:
            await provide_services(js, addresses.database_url, copies)

    await in_child(provide(), PROVIDE_S_MAX)


async def provide_at_start(addresses: Addresses, copies: Mapping[str, int]) -> None:
    """
    Provide for services that sign in with keys of their own, before they start.

    Raises:
        ServerFault: it cannot be made.
    """
    if addresses.nats_keys is None or not copies:
        return
    try:
        await provide_once(addresses, copies)
    except PROVIDE_FAULTS as fault:
        raise ServerFault(
            f"The jetstreams of the services cannot be made: {fault!r}",
            "The logs of nats and postgres in the data folder say more.",
        ) from fault


@asynccontextmanager
async def _operator(addresses: Addresses) -> AsyncIterator[JetStreamContext]:
    client = await connect(addresses.nats_url, "ampledger-providing")
    try:
        yield client.jetstream()
    finally:
        await disconnect(client)


async def _provide_log(js: JetStreamContext, database_url: str, service: str) -> None:
    """Have a jetstream take the events of a log in its present epoch; its relay judges if they agree."""
    connection = await asyncpg.connect(database_url, timeout=CONNECT_S_MAX)
    try:
        state = await epochs.log_state(connection)
        await connection.execute(MAKE_DURABLE)  # its head is about to be promised to followers
    finally:
        await connection.close(timeout=CONNECT_S_MAX)
    copy = await epochs.present_copy(js, service)
    if state.halted_why is None and (copy is None or copy.epoch < state.epoch):
        try:
            await epochs.take_over(js, service, state.epoch, state.position)
        except epochs.LogShorterThanJetstream as fault:
            log.info("no jetstream is made for a log that is shorter", reason=str(fault))


async def _provide(js: JetStreamContext, jetstream: str, wanted: ConsumerConfig) -> None:
    try:
        await js.consumer_info(jetstream, str(wanted.durable_name))
    except NotFoundError:
        await js.add_consumer(jetstream, wanted)


async def _provide_consumers(
    js: JetStreamContext, followed: str, wanted: Collection[str]
) -> None:
    try:
        jetstream = await js.find_stream_name_by_subject(subjects.events_of(followed))
        there = {it.name: it.config for it in await js.consumers_info(jetstream)}
        for name in wanted:
            if name in there and not _as_made_here(there[name]):
                await js.delete_consumer(
                    jetstream, name
                )  # of an earlier version of the program
            if name not in there or not _as_made_here(there[name]):
                await js.add_consumer(jetstream, consumer_of(name))
    except NotFoundError:
        return  # it has no jetstream yet, or has lost it just now


def _as_made_here(config: ConsumerConfig) -> bool:
    return config.deliver_policy == DeliverPolicy.ALL and config.deliver_subject is None

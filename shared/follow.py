"""
Following another service's log: in order, without gaps, each effect exactly once.

A durable pull consumer fetches a batch; the batch's effects and the cursor are written in one
transaction of the follower's own database; only then is the batch acknowledged. What the cursor has
seen is dropped. An event that cannot be applied parks its aggregate: later events of it queue behind,
others go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from shared import subjects
from shared.event_store import DATABASE_FAULTS
from shared.pull import BATCH_MAX, pulling
from shared.recorded import Meta, Recorded
from shared.relay import (
    EVENT_ID_HEADER,
    META_HEADER,
    RECORDED_AT_HEADER,
    SCHEMA_HEADER,
    STREAM_HEADER,
    VERSION_HEADER,
)
from shared.tasks import end_if_cancelled

ERROR_PAUSE_S: Final = 0.5
ACK_WAIT_S: Final = 30.0
TAKE_S_MAX: Final = 15.0
"""A batch that takes longer hangs on a connection that died unnoticed; it is begun again."""
CATCH_UP_PAUSE_S: Final = 0.05

log = structlog.get_logger()

Connection = Any
"""An asyncpg connection inside a transaction; asyncpg carries no types."""


class Gap(Exception):
    """The jetstream delivered a position beyond the next one: something was not delivered."""


@dataclass(frozen=True, slots=True)
class Follower:
    """
    Who follows which log, and what each event does.

    `apply` writes one event's effect into the transaction it is given; it may raise, which parks the
    event's aggregate. `reload` reads what is held in memory anew, at the start and whenever a
    transaction did not end as memory has it. `committed` hears of the events that took effect.
    """

    consumer: str
    service: str
    apply: Callable[[Connection, Recorded], Awaitable[None]]
    reload: Callable[[], Awaitable[None]]
    committed: Callable[[Sequence[Recorded]], None]


async def follow(client: Client, pool: "asyncpg.Pool[Any]", follower: Follower) -> None:
    """Follow for ever; on any fault start over from the cursor."""
    while True:
        end_if_cancelled()
        try:
            await _follow(client, pool, follower)
        except (Gap, *DATABASE_FAULTS, NatsError) as error:
            log.warning("follower starts over", service=follower.service, error=repr(error))
        await asyncio.sleep(ERROR_PAUSE_S)


async def _follow(client: Client, pool: "asyncpg.Pool[Any]", follower: Follower) -> None:
    async with asyncio.timeout(TAKE_S_MAX):
        await follower.reload()
        cursor = await cursor_of(pool, follower)
    durable = f"{follower.consumer}-{follower.service}"
    jetstream = subjects.jetstream_of(follower.service)
    config = ConsumerConfig(
        durable_name=durable,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=cursor + 1,
        ack_policy=AckPolicy.ALL,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=4 * BATCH_MAX,
        max_deliver=-1,
    )
    async with pulling(client, jetstream, config) as pull:
        while True:
            end_if_cancelled()
            messages = await pull.batch()
            if messages:
                async with asyncio.timeout(TAKE_S_MAX):
                    await _take(pool, follower, [recorded_of(it) for it in messages])
                await messages[-1].ack()


async def cursor_of(pool: "asyncpg.Pool[Any]", follower: Follower) -> int:
    """Name the last position whose effect is in the follower's database."""
    found = await pool.fetchval(
        "select position from cursor where consumer = $1 and service = $2",
        follower.consumer,
        follower.service,
    )
    return int(found or 0)


async def caught_up(client: Client, pool: "asyncpg.Pool[Any]", follower: Follower) -> None:
    """Wait until everything that is announced at this moment has been taken; a log that nobody has
    announced yet holds nothing."""
    js = client.jetstream()
    try:
        info = await js.stream_info(subjects.jetstream_of(follower.service))
    except NotFoundError:
        return
    while await cursor_of(pool, follower) < int(info.state.last_seq):  # noqa: ASYNC110  # only the database knows
        await asyncio.sleep(CATCH_UP_PAUSE_S)


async def _take(
    pool: "asyncpg.Pool[Any]", follower: Follower, batch: Sequence[Recorded]
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "insert into cursor values ($1, $2, 0) on conflict do nothing",
            follower.consumer,
            follower.service,
        )
        cursor = await connection.fetchval(
            "select position from cursor where consumer = $1 and service = $2 for update",
            follower.consumer,
            follower.service,
        )
        fresh = [recorded for recorded in batch if recorded.position > cursor]
        if not fresh:
            return
        if fresh[0].position != cursor + 1:
            raise Gap(f"{fresh[0].position} came after {cursor}")
        applied = [it for it in fresh if await _apply(connection, follower, it)]
        await connection.execute(
            "update cursor set position = $3 where consumer = $1 and service = $2",
            follower.consumer,
            follower.service,
            fresh[-1].position,
        )
    if len(applied) < len(fresh):
        await follower.reload()
    follower.committed(applied)


async def _apply(connection: Connection, follower: Follower, recorded: Recorded) -> bool:
    """Apply one event, or park it. A fault of the database itself is not the event's fault."""
    aggregate_id = recorded.stream
    behind = await connection.fetchval(
        "select 1 from parked where consumer = $1 and service = $2 and aggregate_id = $3 limit 1",
        follower.consumer,
        follower.service,
        aggregate_id,
    )
    error: str | None = "waits behind a parked event" if behind else None
    if error is None:
        try:
            async with connection.transaction():
                await follower.apply(connection, recorded)
        except (ValueError, KeyError, TypeError, ArithmeticError) as fault:
            error = f"{type(fault).__name__}: {fault}"
            log.exception(
                "event parked",
                service=follower.service,
                position=recorded.position,
                stream=aggregate_id,
                event_type=recorded.type,
            )
    if error is None:
        return True
    await connection.execute(
        "insert into parked values ($1, $2, $3, $4, $5) on conflict do nothing",
        follower.consumer,
        follower.service,
        recorded.position,
        aggregate_id,
        error,
    )
    return False


def recorded_of(message: Msg) -> Recorded:
    """Read an announced event with everything known about its recording."""
    headers = message.headers or {}
    return Recorded(
        position=message.metadata.sequence.stream,
        stream=headers[STREAM_HEADER],
        version=int(headers[VERSION_HEADER]),
        event_id=UUID(headers[EVENT_ID_HEADER]),
        recorded_at=datetime.fromisoformat(headers[RECORDED_AT_HEADER]),
        type=message.subject.rsplit(".", 1)[-1],
        schema_version=int(headers[SCHEMA_HEADER]),
        data=message.data,
        meta=Meta.model_validate_json(headers[META_HEADER]),
    )

"""How long an event is on its way from an append to whoever follows, and how fast copies are made."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig

from cli.bench.place import Place, open_store
from cli.bench.rates import quantile
from cli.bench.samples import commit, session_events
from cli.figures import Figures, figure
from shared import subjects
from shared.announced import recorded_of
from shared.event_store import EventStore
from shared.follow import follow
from shared.followers import Follower
from shared.messaging import connect, ensure_jetstream, log_jetstream
from shared.pull import pulling
from shared.relay import Relay

SERVICE: Final = "telemetry"
STREAMS: Final = 100
WITHIN_S: Final = 60.0
POLL_S: Final = 0.005
COPIED: Final = 40_000
COMMIT_EVENTS: Final = 100
PROJECTED_S: Final = 6.0


@dataclass(slots=True)
class Journey:
    """When events were handed in, and how long each took to its consumer."""

    asked_s: dict[str, float] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    pool: Any
    store: EventStore
    client: Client


async def measure_delivery(place: Place, rate: int, seconds: float) -> Figures:
    """
    Append single events at a steady rate, relay them, and hear them, all synced to disk.

    Args:
        place: the servers.
        rate: events a second.
        seconds: for how long.
    """
    async with _opened(place, f"deliver_{rate}") as line:
        await ensure_jetstream(line.client.jetstream(), log_jetstream(SERVICE))
        journey = Journey()
        async with (
            _running(Relay(SERVICE, line.store, line.client).run()),
            _running(_hear(line.client, journey)),
        ):
            await _append_steadily(line.store, journey, 100, 0.5)  # everybody is awake
            await _until(lambda: len(journey.took_s) == len(journey.asked_s))
            warm = len(journey.took_s)
            await _append_steadily(line.store, journey, rate, seconds)
            await _until(lambda: len(journey.took_s) == len(journey.asked_s))
    took_ms = [it * 1e3 for it in journey.took_s[warm:]]
    reference = {500: ("1.5; aim 2", "4.6 to 10.2; aim 10"), 5000: ("15", "31; aim 50")}[rate]
    return {
        f"deliver_{rate}_p50_ms": figure(quantile(took_ms, 50), "ms", reference[0]),
        f"deliver_{rate}_p99_ms": figure(quantile(took_ms, 99), "ms", reference[1]),
    }


async def _append_steadily(
    store: EventStore, journey: Journey, rate: int, seconds: float
) -> None:
    events = session_events()
    began_s = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * seconds)):
            due_s = began_s + number / rate
            if (early_s := due_s - time.perf_counter()) > 0:
                await asyncio.sleep(early_s)
            stream = f"charger-{number % STREAMS}"
            wish = commit(stream, None, [events[number % len(events)]])
            journey.asked_s[wish.command_id] = time.perf_counter()
            tasks.create_task(store.append(wish))


async def _hear(client: Client, journey: Journey) -> None:
    config = ConsumerConfig(
        durable_name="bench", ack_policy=AckPolicy.ALL, max_ack_pending=10_000
    )
    async with pulling(client, subjects.jetstream_of(SERVICE), config) as pull:
        while True:
            messages = await pull.batch()
            for message in messages:
                recorded = recorded_of(message)
                assert recorded.event is not None  # noqa: S101  # whoever hears it reads it
                asked_s = journey.asked_s[recorded.meta.command_id]
                journey.took_s.append(time.perf_counter() - asked_s)
            if messages:
                await messages[-1].ack()


async def measure_copies(place: Place, share: float) -> Figures:
    """
    Fill a jetstream from a log that has never been announced, and a read model from the jetstream.

    Args:
        place: the servers.
        share: of the usual number of events.
    """
    wanted = max(1000, int(COPIED * share))
    seconds = max(2.0, PROJECTED_S * share)
    async with _opened(place, "copies") as line:
        events = session_events()[:COMMIT_EVENTS]
        for number in range(-(-wanted // COMMIT_EVENTS)):
            await line.store.append(commit(f"charger-{number % STREAMS}", None, events))
        head = await line.store.head()
        relay = Relay(SERVICE, line.store, line.client)
        began_s = time.perf_counter()
        async with _running(relay.run()):
            await _until(lambda: relay.published == head)
            copied_s = time.perf_counter() - began_s
            projected_per_s = await _project(line, head, seconds)
    return {
        "jetstream_rebuild_per_s": figure(
            head / copied_s, "events/s", "51,187 in raw batches of 1,000; aim 35,000"
        ),
        "projection_per_s": figure(
            projected_per_s, "events/s", "28,966 in batches of 500; aim 22,000"
        ),
    }


async def _project(line: _Line, head: int, seconds: float) -> float:
    """Follow the log into a table, each event one row, for a while: events a second."""
    await line.pool.execute("create table effect (position bigint primary key, stream text)")
    taken = 0

    async def apply(connection: Any, recorded: Any) -> None:  # noqa: ANN401  # asyncpg has no types
        await connection.execute(
            "insert into effect values ($1, $2)", recorded.position, recorded.stream
        )

    async def reload() -> None:
        """Nothing is held in memory."""

    def committed(batch: Any) -> None:  # noqa: ANN401
        nonlocal taken
        taken += len(batch)

    follower = Follower("bench-projection", SERVICE, apply, reload, committed)
    began_s = time.perf_counter()
    async with _running(follow(line.client, line.pool, follower)):
        while taken < head and time.perf_counter() < began_s + seconds:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)
        return taken / (time.perf_counter() - began_s)


# --- What both need ---


@contextlib.asynccontextmanager
async def _opened(place: Place, name: str) -> AsyncIterator[_Line]:
    """Open an empty log, and forget what the one before has announced."""
    client = await connect(place.nats_url, f"ampledger-bench-{name}")
    try:
        js = client.jetstream()
        for info in await js.streams_info():
            await js.delete_stream(str(info.config.name))
        async with open_store(await place.log(name)) as (pool, store):
            yield _Line(pool, store, client)
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:  # noqa: ANN401
    """Let something run that never ends; if it ends all the same, what waits for it fails."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        yield
        task.cancel()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110  # many things may make it true
            await asyncio.sleep(POLL_S)

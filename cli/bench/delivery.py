"""How long an event is on its way from an append to whoever follows, and how fast copies are made."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from nats.aio.client import Client

from cli.bench.listener import SERVICE
from cli.bench.place import Place, open_store
from cli.bench.rates import quantile
from cli.bench.samples import commit, session_events
from cli.figures import Figures, figure
from cli.stack import PROJECT
from shared.event_store import EventStore, StoreOverloaded
from shared.follow import follow
from shared.followers import Follower
from shared.messaging import connect, ensure_jetstream, log_jetstream
from shared.relay import Relay

WARM: Final = 50
WARM_RATE: Final = 100
"""The first few events, which wake everybody, are not measured; events a second."""
STREAMS: Final = 100
WITHIN_S: Final = 60.0
POLL_S: Final = 0.005
COPIED: Final = 40_000
COMMIT_EVENTS: Final = 100
PROJECTED_S: Final = 6.0


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
    took_ms: list[float] = []
    try:
        took_ms += await _deliver(place, rate, int(rate * seconds))
    except* (StoreOverloaded, TimeoutError):
        took_ms.clear()  # a machine that cannot keep up has no figure
    p50, p99 = (quantile(took_ms, it) if took_ms else None for it in (50, 99))
    reference = {500: ("1.5; aim 2", "4.6 to 10.2; aim 10"), 5000: ("15", "31; aim 50")}[rate]
    return {
        f"deliver_{rate}_p50_ms": figure(p50, "ms", reference[0]),
        f"deliver_{rate}_p99_ms": figure(p99, "ms", reference[1]),
    }


async def _deliver(place: Place, rate: int, count: int) -> list[float]:
    """Measure how long each of so many events was on its way, in milliseconds."""
    async with _opened(place, f"deliver_{rate}") as line:
        await ensure_jetstream(line.client.jetstream(), log_jetstream(SERVICE))
        async with (
            _running(Relay(SERVICE, line.store, line.client).run()),
            _listening(place, WARM + count) as arrived,
        ):
            await _append_steadily(line.store, WARM, WARM_RATE)  # everybody is awake
            asked_s = await _append_steadily(line.store, count, rate)
            arrived_s = await arrived()
    return [(arrived_s[it] - at_s) * 1e3 for it, at_s in asked_s.items()]


@contextlib.asynccontextmanager
async def _listening(
    place: Place, wanted: int
) -> AsyncIterator[Callable[[], Awaitable[dict[str, float]]]]:
    """Start a process that hears so many events; gives a way to wait for when each has come."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cli.bench.listener", str(wanted)),
        cwd=PROJECT,
        env={**os.environ, "NATS_URL": place.nats_url},
        stdout=asyncio.subprocess.PIPE,
    )

    async def arrived() -> dict[str, float]:
        async with asyncio.timeout(WITHIN_S):
            said, _ = await process.communicate()
        return dict(orjson.loads(said))

    try:
        async with asyncio.timeout(WITHIN_S):
            assert process.stdout is not None  # noqa: S101  # it was asked for
            await process.stdout.readline()
        yield arrived
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _append_steadily(store: EventStore, count: int, rate: int) -> dict[str, float]:
    """Append so many single events, whatever became of those before; when was each asked for?"""
    events = session_events()
    asked_s: dict[str, float] = {}
    began_s = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            due_s = began_s + number / rate
            if (early_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(early_s)
            stream = f"charger-{number % STREAMS}"
            wish = commit(stream, None, [events[number % len(events)]])
            asked_s[wish.command_id] = time.monotonic()
            tasks.create_task(store.append(wish))
    return asked_s


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

    async def apply(connection: Any, recorded: Any) -> None:  # asyncpg has no types
        await connection.execute(
            "insert into effect values ($1, $2)", recorded.position, recorded.stream
        )

    async def reload() -> None:
        """Nothing is held in memory."""

    def committed(batch: Any) -> None:
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
async def _running(work: Any) -> AsyncIterator[None]:
    """Let something run that never ends; if it ends all the same, what waits for it fails."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        yield
        task.cancel()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110  # many things may make it true
            await asyncio.sleep(POLL_S)

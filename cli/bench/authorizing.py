"""
How many drivers a second are let in: the real gateway, real sockets, every decision durable before it is
told.

The gateway runs as a process of its own, and has heard of everybody as always: from the logs of
installation and permissions, by way of NATS.
"""

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import services.telemetry
from cli.bench.authorizing_crowd import (
    CARDS,
    CHARGERS,
    INSTALLATIONS,
    layout,
    people,
    serial,
    shown_at,
)
from cli.bench.authorizing_load import Asked, connected, offered
from cli.bench.place import Place, open_store
from cli.bench.rates import quantile
from cli.composition import health_url, service_database_url
from cli.figures import Figures, figure
from cli.migrations import migrate
from cli.ports import free_ports
from cli.services import INSTALLATION, PERMISSIONS, TELEMETRY
from cli.stack import PROJECT
from cli.web import fetch
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.key_files import KEY_BYTES
from shared.messages import Event
from shared.messaging import connect, disconnect
from shared.recorded import Meta
from shared.relay import Relay
from shared.rights.cards import CARD_KEY_FILE
from shared.runtime import pool_of
from shared.transact import ACCEPTED

RATE_PER_S: Final = 500.0
SECONDS: Final = 20.0
WARM_UP_S: Final = 3.0
READY_S_MAX: Final = 120.0
EVENTS_AT_ONCE: Final = 100

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Gateway:
    """The gateway that is measured: where chargers connect, and the database of its log."""

    url: str
    database_url: str


async def measure_authorizing(place: Place, say: Say, seconds: float = SECONDS) -> Figures:
    """
    Measure OCPP Authorize at an offered rate.

    Args:
        place: where servers run.
        say: told what is going on.
        seconds: how long.

    Raises:
        RuntimeError: an answer was wrong, or a decision is not on record: figures would mean nothing.
    """
    key = secrets.token_bytes(KEY_BYTES)
    say("telling the gateway of 10,000 cards")
    async with _logs(place, key), _running(place, key) as gateway:
        await _until_heard(gateway)
        askers_of = connected(gateway.url, [serial(it) for it in range(CHARGERS)])
        async with askers_of as askers:
            cards = [shown_at(it) for it in range(CHARGERS)]
            say("asking about cards")
            await offered(askers, cards, RATE_PER_S, WARM_UP_S)
            before = await _decisions(gateway)
            asked = await offered(askers, cards, RATE_PER_S, seconds)
            await _check(asked, await _decisions(gateway) - before)
    took_ms = [it.took_s * 1e3 for it in asked]
    reference = (
        f"offered {RATE_PER_S:g}/s by {CHARGERS} sockets, {CARDS:,} cards, {INSTALLATIONS} "
        "installations"
    )
    return {
        "authorize_per_s": figure(
            len(asked) / max(it.answered_s for it in asked), "1/s", f"{reference}; aim 500"
        ),
        "authorize_p99_ms": figure(
            quantile(took_ms, 99), "ms", "from the moment a question was due; aim 200"
        ),
    }


async def _check(asked: Sequence[Asked], on_record: int) -> None:
    accepted = sum(it.status == "Accepted" for it in asked)
    others = sum(it.status == "Invalid" for it in asked)
    if accepted + others != len(asked) or not 0 < others < accepted:
        raise RuntimeError(f"{accepted} of {len(asked)} were accepted, {others} were refused")
    if on_record != len(asked):
        raise RuntimeError(f"{len(asked)} were answered, and {on_record} are on record")


# --- What runs ---


@contextlib.asynccontextmanager
async def _logs(place: Place, key: bytes) -> AsyncIterator[None]:
    """Fill the logs that the gateway follows, and announce them for as long as the context is open."""
    client = await connect(place.nats_url, "ampledger-bench")
    relays: list[asyncio.Task[None]] = []
    try:
        async with contextlib.AsyncExitStack() as stack:
            for service, events in ((INSTALLATION, layout()), (PERMISSIONS, people(key))):
                url = await place.log(service)
                _, store = await stack.enter_async_context(open_store(url))
                await _fill(store, events)
                relays.append(asyncio.create_task(Relay(service, store, client).run()))
            yield
            for relay in relays:
                relay.cancel()
            await asyncio.gather(*relays, return_exceptions=True)
    finally:
        await disconnect(client)


async def _fill(store: EventStore, events: Iterator[Event]) -> None:
    told = list(events)
    for begin in range(0, len(told), EVENTS_AT_ONCE):
        some = told[begin : begin + EVENTS_AT_ONCE]
        meta = Meta(actor="bench", command_id=new_id(), correlation_id=new_id())
        parts = [StreamEvents(f"of-{it.aggregate_id}", None, [it]) for it in some]
        await store.append(Commit(meta.command_id, b"", ACCEPTED, meta, parts))


@contextlib.asynccontextmanager
async def _running(place: Place, key: bytes) -> AsyncIterator[_Gateway]:
    await place.log(TELEMETRY)
    url = service_database_url(place.database_url, TELEMETRY)
    await migrate(TELEMETRY, url, [Path(services.telemetry.__file__).parent / "schema"])
    port, health_port = free_ports(2)
    with TemporaryDirectory(prefix="ampledger-bench-") as folder:
        key_file = Path(folder) / "cards.key"
        key_file.write_text(key.hex())
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.telemetry",
            cwd=PROJECT,
            env={
                **os.environ,
                "NATS_URL": place.nats_url,
                "DATABASE_URL": url,
                "TELEMETRY_OCPP_PORT": str(port),
                "TELEMETRY_COMMISSIONING": "none",
                "AMPLEDGER_HEALTH_PORT": str(health_port),
                CARD_KEY_FILE: str(key_file),
            },
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(READY_S_MAX):
                await _until_ready(health_port)
            yield _Gateway(f"ws://127.0.0.1:{port}/ocpp", url)
        finally:
            process.terminate()
            await process.wait()


async def _until_ready(health_port: int) -> None:
    while True:
        with contextlib.suppress(OSError):  # it is not there yet
            if (await fetch(health_url(health_port))).status == 200:
                return
        await asyncio.sleep(0.1)


async def _until_heard(gateway: _Gateway) -> None:
    """Wait until the gateway has taken in everything that it is told."""
    wanted = {INSTALLATION: 2 * INSTALLATIONS + CHARGERS, PERMISSIONS: 2 * CARDS}
    async with pool_of(gateway.database_url) as pool, asyncio.timeout(READY_S_MAX):
        while True:
            rows = await pool.fetch(
                "select service, position from cursor where consumer = $1", TELEMETRY
            )
            if {row["service"]: row["position"] for row in rows} == wanted:
                return
            await asyncio.sleep(0.2)


async def _decisions(gateway: _Gateway) -> int:
    async with pool_of(gateway.database_url) as pool:
        return int(
            await pool.fetchval(
                "select count(*) from event_log where type in"
                " ('DriverAuthorized', 'DriverRefused')"
            )
        )

"""
What every process of Ampledger is made of: settings, connections, health, and a calm shutdown.

A service's `app.py` hands its parts to `run`; everything it starts is stopped again in reverse order.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import asyncpg
import structlog
import uvloop
from nats.aio.client import Client
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared import metrics
from shared.database_watch import DatabaseWatch
from shared.follow import follow
from shared.followers import Follower
from shared.health import Health, HealthServer
from shared.lines import PlaintextRefused, check_encrypted
from shared.log_lines import LogFormat, configure_logging
from shared.loop_watch import watch_loop
from shared.messaging import connect, disconnect, subscribed
from shared.progress import Progress
from shared.relay import Relay
from shared.tasks import loud
from shared.tracing import begin_tracing, end_tracing

SHUTDOWN_S_MAX: Final = 5.0
POOL_SIZE_MAX: Final = 8
CLOSE_S_MAX: Final = 2.0
REACH_PAUSE_S: Final = 0.5
UNREACHABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,
)
"""What a database that is away, or just starting, answers to who wants in."""
FOLLOW_S_MAX: Final = 120.0
"""A follower comes round every few seconds; while its broker and its database hang, within this time."""
RELAY_S_MAX: Final = 120.0
"""Likewise, a relay."""
GARBAGE_AFTER: Final = (10_000, 10, 10)
"""After how many new objects it is looked for garbage among them, and after how many looks among older
ones; some megabytes."""

T = TypeVar("T")

log = structlog.get_logger()


class RuntimeSettings(BaseSettings):
    """What every service is told by its environment; addresses have no defaults."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    nats_url: str
    database_url: str
    health_host: str = Field(default="127.0.0.1", alias="AMPLEDGER_HEALTH_HOST")
    """Where probes are answered; this machine alone, unless it is said otherwise."""
    health_port: int = Field(default=0, alias="AMPLEDGER_HEALTH_PORT")
    log_format: LogFormat = Field(default="json", alias="AMPLEDGER_LOG")
    patience_s: float = Field(default=0.0, ge=0, alias="AMPLEDGER_PATIENCE_S")
    """How long services that do not listen are asked again; not at all, unless people wait."""


TURN_FD: Final = "AMPLEDGER_TURN_FD"
LOADED: Final = b"."
"""Said by a process that is loaded, and by its supervisor when it is that one's turn."""

Drain = Callable[[asyncio.Event], Awaitable[None]]
"""What a service does once it is asked to stop, while all of it still runs; the event is set when somebody
is in a hurry."""


@dataclass(slots=True)
class Runtime:
    """The parts a service stands on; `app.py` adds its own tasks."""

    settings: RuntimeSettings
    client: Client
    pool: "asyncpg.Pool[Any]"
    health: Health
    stack: AsyncExitStack
    tasks: asyncio.TaskGroup
    drains: list[Drain] = field(default_factory=list)
    """What comes before the end, one after the other."""

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something for as long as the service runs; if it fails, the service stops, and is
        started again by whoever supervises it. A task group would drop work that gives up as if it had
        been cancelled; here that is a failure as well.
        """
        self.tasks.create_task(loud(work), name=name)

    def follow(self, follower: Follower) -> None:
        """Follow a log for as long as the service runs. The service is ready once that has caught up, and
        live while it comes round."""
        name = f"follow {follower.service}"
        pulse = self.health.pulse(name, FOLLOW_S_MAX)
        progress = Progress(follower.consumer, follower.service, pulse.beat)
        self.health.add(name, progress.standing)
        self.spawn(follow(self.client, self.pool, follower, progress), name)

    def announce(self, relay: Relay) -> None:
        """Copy a log to its jetstream for as long as the service runs. The service is ready while the two
        agree, and live while the relay comes round."""
        pulse = self.health.pulse("relay", RELAY_S_MAX)
        self.health.add("relay", relay.standing)
        self.spawn(relay.run(pulse.beat), "relay")


class _Stop(Exception):
    """Somebody asked the process to stop."""


class _Signals:
    """The first one asks to stop, the second one to hurry."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()

    def heard(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()


async def _until_stopped(signals: _Signals, drains: Sequence[Drain], health: Health) -> None:
    await signals.stop.wait()
    health.stopping = True  # whoever balances load sends nobody here any more
    for drain in drains:
        await drain(signals.hurry)
    raise _Stop


@contextlib.asynccontextmanager
async def pool_of(database_url: str) -> AsyncIterator["asyncpg.Pool[Any]"]:
    """Open a pool of connections that survives restarts of the database; one that is half dead does
    not keep the process from ending.

    Raises:
        PlaintextRefused: the database is on another machine, and would be talked to unencrypted.
    """
    check_encrypted(database_url)
    pool = await asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=POOL_SIZE_MAX,
        command_timeout=15,
        reset=_leave_session,
    )
    try:
        yield pool
    finally:
        await _close(pool)


async def _leave_session(_: Any) -> None:  # noqa: ANN401  # asyncpg carries no types
    """
    Save the round trip that asyncpg makes to reset every session that comes back.

    Open transactions it has rolled back by then, and nothing else is left of us: settings are made
    for a transaction, listeners are removed, and session locks are taken on connections of their own.
    """


async def _close(pool: "asyncpg.Pool[Any]") -> None:
    """
    Close a pool calmly, or else at once.

    It is watched from outside: on a connection that is half dead its own `close` may hang, whether or
    not it is cancelled.
    """
    closing = asyncio.create_task(pool.close())
    done, _ = await asyncio.wait({closing}, timeout=CLOSE_S_MAX)
    if not done:
        log.warning("connections cut off", seconds=CLOSE_S_MAX)
        pool.terminate()
        closing.cancel()
        await asyncio.wait({closing}, timeout=CLOSE_S_MAX)
    if closing.done() and not closing.cancelled() and closing.exception() is not None:
        log.warning("connections broke as they were closed", error=repr(closing.exception()))


async def _run(
    service: str,
    settings: RuntimeSettings,
    assemble: Callable[[Runtime], Awaitable[None]],
) -> None:
    signals = _Signals()
    drains: list[Drain] = []
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, signals.heard)
    try:
        async with AsyncExitStack() as stack:
            health = Health()
            server = await HealthServer(health, service).serve(
                settings.health_host, settings.health_port
            )
            stack.callback(server.close)
            with health.waiting():
                nats = connect(
                    settings.nats_url,
                    name=f"ampledger-{service}",
                    patience_s=settings.patience_s,
                )
                client = await _unless_stopped(signals, nats)
                stack.push_async_callback(disconnect, client)
                pool = await _unless_stopped(signals, _reached(settings.database_url, stack))
            watch = DatabaseWatch(pool)
            health.add("nats", lambda: client.is_connected)
            health.add("database", watch.standing)
            _tell(health, client, watch)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_until_stopped(signals, drains, health), name="until-stopped")
                tasks.create_task(watch.run(), name="database-watch")
                tasks.create_task(watch_loop(), name="loop-watch")
                await assemble(Runtime(settings, client, pool, health, stack, tasks, drains))
                await _unless_stopped(signals, subscribed(client))
                health.started = True
                log.info("service started", health_port=settings.health_port)
    except* _Stop:
        log.info("service stops")


async def _reached(database_url: str, stack: AsyncExitStack) -> "asyncpg.Pool[Any]":
    """
    Open the pool once the database can be reached: whoever ended because it is away would only be started
    again, and later each time.

    Raises:
        PlaintextRefused, asyncpg.PostgresError: it can be reached, and turns us away.
    """
    said = False
    while True:
        try:
            return await stack.enter_async_context(pool_of(database_url))
        except PlaintextRefused:
            raise
        except UNREACHABLE as fault:
            if not said:
                log.warning("waiting for the database", fault=repr(fault))
            said = True
        await asyncio.sleep(REACH_PAUSE_S)


async def _unless_stopped(signals: _Signals, work: Coroutine[Any, Any, T]) -> T:
    """
    Wait for what a service cannot begin without.

    Raises:
        _Stop: somebody has asked the process to stop meanwhile.
        Exception: whatever the work raises.
    """
    working, stopped = asyncio.create_task(work), asyncio.create_task(signals.stop.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not working.done():
        working.cancel()
        await asyncio.wait({working}, timeout=CLOSE_S_MAX)
        raise _Stop
    return working.result()


def _tell(health: Health, client: Client, watch: DatabaseWatch) -> None:
    """Have the figures say what probes are told."""
    metrics.BROKER_UP.set_function(lambda: client.is_connected)
    metrics.DATABASE_UP.set_function(lambda: watch.standing() is True)
    metrics.READY.set_function(lambda: all(it is True for it in health.report().values()))


def run(
    service: str,
    settings: RuntimeSettings,
    assemble: Callable[[Runtime], Awaitable[None]],
) -> None:
    """
    Run a service until it is asked to stop.

    Args:
        service: its name, as in its subjects.
        settings: its typed environment.
        assemble: its composition root: opens what it needs on the runtime's stack, spawns tasks.
    """
    configure_logging(service, settings.log_format, traced=begin_tracing(service))
    keep_loaded()
    wait_for_turn()
    try:
        uvloop.run(_run(service, settings, assemble))
    finally:
        end_tracing()


def wait_for_turn() -> None:
    """
    Wait until the process whose place this one takes has ended.

    To load a program takes longer than to connect. So whoever restarts us has us load beside our
    predecessor, hears of us over the socket whose number it has told us that we are loaded, and answers
    when it is our turn. If it goes away instead, nobody needs us.
    """
    fd = os.environ.pop(TURN_FD, None)
    if fd is None:
        return
    with socket.socket(fileno=int(fd)) as supervisor:
        supervisor.sendall(LOADED)
        if supervisor.recv(1) != LOADED:
            sys.exit("whoever started this process is gone")


def keep_loaded() -> None:
    """Look no more through what is loaded by now for garbage: it stays as long as the process does, and
    each full look at it takes many milliseconds. Nor look so often through what is new: nearly all of it
    goes by itself, when nobody needs it any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_AFTER)

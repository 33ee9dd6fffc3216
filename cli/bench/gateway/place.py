"""A gateway as it runs in earnest, with a process of its own, and a layout that it has heard of."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final

import psutil

from cli.bench.place import Place, open_store
from cli.composition import health_url, service_database_url
from cli.migrations import migrate
from cli.ports import free_ports
from cli.services import BALANCER, INSTALLATION, PERMISSIONS, TELEMETRY
from cli.stack import PROJECT
from cli.web import fetch
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.messages import Event
from shared.messages.installation import ChargerAssigned, InstallationCreated
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.telemetry import ChargerConnected, ChargerDisconnected, FailSafeApplied
from shared.messaging import connect, disconnect
from shared.phases import PHASES, GridType
from shared.recorded import Meta
from shared.relay import Relay
from shared.transact import ACCEPTED

READY_S_MAX: Final = 120.0
STOP_S_MAX: Final = 15.0
EVENTS_AT_ONCE: Final = 200
FAIL_SAFE_A: Final = 6.0


@dataclass(slots=True)
class Service:
    """A service's process, which can be killed and started again where it was."""

    module: str
    environment: Mapping[str, str]
    health_port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError(f"{self.module} was not started")
        return self.process.pid

    async def start(self) -> None:
        """Start it; it is ready when `until_ready` says so."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", self.module),
            cwd=PROJECT,
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.DEVNULL,
        )

    async def until_ready(self) -> None:
        """
        Wait until it serves.

        Raises:
            TimeoutError: it does not.
        """
        async with asyncio.timeout(READY_S_MAX):
            while True:
                with contextlib.suppress(OSError):  # it is not there yet
                    if (await fetch(health_url(self.health_port))).status == 200:
                        return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> None:
        """Ask it to end."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_S_MAX)
        except TimeoutError:
            await self.kill()

    # --- What it takes of the machine ---

    def cpu_s(self) -> float:
        """Seconds of a core that it has used."""
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system

    def memory_kib(self) -> float:
        """Memory that is in use by it, its share of what it has in common with others."""
        return psutil.Process(self.pid).memory_full_info().pss / 1024


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: where chargers connect, and the databases of it."""

    service: Service
    url: str
    nats_url: str
    database_url: str
    serials: Sequence[str]
    others: Mapping[str, Service] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def gateway(
    place: Place,
    name: str,
    chargers: int,
    *,
    garage_of: int = 1,
    breaker_a: int = 63,
    commissioned: bool = False,
    balanced: bool = False,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Gateway]:
    """
    Run a gateway that knows of chargers, for as long as the context is open.

    Args:
        place: the servers.
        name: of what is measured; its databases and jetstreams begin empty.
        chargers: how many.
        garage_of: how many of them share an installation.
        breaker_a: what each installation's breaker carries.
        commissioned: they were connected before, and their fail-safes are in force.
        balanced: a balancer decides for them.
        environment: what the gateway is told besides.
    """
    layout = list(layout_of(range(chargers), garage_of, breaker_a))
    assigned = [it for it in layout if isinstance(it, ChargerAssigned)]
    async with contextlib.AsyncExitStack() as stack:
        client = await connect(place.nats_url, f"ampledger-bench-{name}")
        stack.push_async_callback(disconnect, client)
        js = client.jetstream()
        for info in await js.streams_info():
            await js.delete_stream(str(info.config.name))
        for service, events in ((INSTALLATION, layout), (PERMISSIONS, [])):
            url = await place.log(f"{service}_{name}")
            _, store = await stack.enter_async_context(open_store(url))
            await fill(store, ((f"of-{it.aggregate_id}", it) for it in events))
            relay = asyncio.create_task(Relay(service, store, client).run())
            stack.push_async_callback(_ended, relay)
        (port,) = free_ports(1)
        told = {"TELEMETRY_OCPP_PORT": str(port), **(environment or {})}
        speaks = await _service(place, TELEMETRY, name, told)
        url = speaks.environment["DATABASE_URL"]
        if commissioned:
            async with open_store(url) as (_, store):
                await fill(store, past_of(assigned))
        others = {}
        if balanced:
            others[BALANCER] = await _service(place, BALANCER, name, {})
        for it in (speaks, *others.values()):
            await it.start()
            stack.push_async_callback(it.stop)
            await it.until_ready()
        await until_heard(url, {INSTALLATION: len(layout)})
        serials = [it.serial for it in assigned]
        ocpp = f"ws://127.0.0.1:{port}/ocpp"
        yield Gateway(speaks, ocpp, place.nats_url, url, serials, others)


async def _service(
    place: Place, service: str, name: str, environment: Mapping[str, str]
) -> Service:
    """Prepare a service with a database of its own."""
    database = f"{service}_{name}"
    await place.log(database)
    url = service_database_url(place.database_url, database)
    await migrate(database, url, [Path(str(files(f"services.{service}") / "schema"))])
    (health_port,) = free_ports(1)
    whole = {
        "NATS_URL": place.nats_url,
        "DATABASE_URL": url,
        "AMPLEDGER_HEALTH_PORT": str(health_port),
        **environment,
    }
    return Service(f"services.{service}", whole, health_port)


async def _ended(relay: "asyncio.Task[None]") -> None:
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)


async def fill(store: EventStore, told: Iterable[tuple[str, Event]]) -> None:
    """Append events, each to the stream that is named with it."""
    everything = list(told)
    for begin in range(0, len(everything), EVENTS_AT_ONCE):
        streams: dict[str, list[Event]] = {}
        for stream, event in everything[begin : begin + EVENTS_AT_ONCE]:
            streams.setdefault(stream, []).append(event)
        meta = Meta(actor="bench", command_id=new_id(), correlation_id=new_id())
        parts = [StreamEvents(name, None, events) for name, events in streams.items()]
        await store.append(Commit(meta.command_id, b"", ACCEPTED, meta, parts))


async def until_heard(database_url: str, wanted: Mapping[str, int]) -> None:
    """
    Wait until a gateway has taken in logs up to some positions.

    Raises:
        TimeoutError: it does not.
    """
    async with open_store(database_url) as (pool, _), asyncio.timeout(READY_S_MAX):
        while True:
            rows = await pool.fetch(
                "select service, position from cursor where consumer = $1", TELEMETRY
            )
            heard = {row["service"]: row["position"] for row in rows}
            if all(heard.get(it) == position for it, position in wanted.items()):
                return
            await asyncio.sleep(0.1)


# --- What there is ---


def serial(number: int) -> str:
    """Name a charger; its id is the same."""
    return f"BENCH{number:05}"


def installation(number: int) -> str:
    """Name an installation."""
    return f"bench-{number}"


def layout_of(numbers: Iterable[int], garage_of: int, breaker_a: int) -> Iterator[Event]:
    """Tell of garages, and of so many chargers in each; the breaker of each carries so many amperes."""
    for number in numbers:
        installation_id = installation(number // garage_of)
        if number % garage_of == 0:
            yield InstallationCreated(
                installation_id=installation_id,
                name=f"Bench {number}",
                address="Street 1",
                category=Category.COMMUNITY,
                country="NO",
                type=InstallationType.GARAGE,
                breaker_a=breaker_a,
                time_zone="Europe/Oslo",
                grid_type=GridType.TN_3_PHASE,
            )
        yield ChargerAssigned(
            installation_id=installation_id,
            charger_id=serial(number),
            circuit_id="main",
            serial=serial(number),
            name="Bay",
            wiring=PHASES,
            max_a=32,
            min_a=6.0,
            breaker_a=None,
            fail_safe_a=FAIL_SAFE_A,
            moved_from=None,
        )


def past_of(assigned: Iterable[ChargerAssigned]) -> Iterator[tuple[str, Event]]:
    """Tell of chargers that were commissioned, and have lost their connections since."""
    for it in assigned:
        where = {"installation_id": it.installation_id, "charger_id": it.charger_id}
        history = (
            FailSafeApplied(**where, fail_safe_a=it.fail_safe_a),
            ChargerConnected(
                **where,
                serial=it.serial,
                vendor="Bench",
                model="Socket",
                firmware="1.0.0",
                gateway_id="before",
                remote="127.0.0.1",
            ),
            ChargerDisconnected(**where, gateway_id="before", reason="the connection was lost"),
        )
        for event in history:
            yield f"charger-{it.charger_id}", event

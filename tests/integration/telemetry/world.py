"""The telemetry service in this process, on real servers, and an installation log it follows."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import NotFoundError

import services.telemetry
from cli.ports import free_ports
from services.telemetry.app import assemble
from services.telemetry.settings import Settings
from shared import subjects
from shared.clock import utc_now
from shared.context import Context
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.messages import Answer, Event, InstallationEvent
from shared.messages.telemetry import ChargerRefused, SetCurrentLimit
from shared.messaging import connect, request
from shared.phases import PHASES, GridType, Phase
from shared.recorded import Meta
from shared.relay import Relay
from shared.rights.cards import CARD_KEY_FILE
from shared.runtime import Health, Runtime, pool_of
from shared.transact import ACCEPTED
from tests.integration.telemetry.people import People, people_of
from tests.integration.telemetry.places import Place as Place
from tests.support.databases import service_database
from tests.support.mqtt import mqtt_server
from tests.support.servers import EmbeddedServers

SCHEMA = Path(services.telemetry.__file__).parent / "schema"
WAIT_S_MAX = 10.0
CALL_TIMEOUT_S = 1.0
NUDGE_AFTER_S = 1.0
LAST_WORDS_S = 2.0

E = TypeVar("E", bound=Event)


class _Stop(Exception):
    pass


class Service:
    """The telemetry service, started and stopped at will; `stop` is a graceful one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.health = Health()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        ready = asyncio.Event()
        self._stopping.clear()
        self._task = asyncio.create_task(self._run(ready))
        waiting = asyncio.create_task(ready.wait())
        async with asyncio.timeout(WAIT_S_MAX):
            await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            async with asyncio.timeout(WAIT_S_MAX):
                await self._task

    async def _run(self, ready: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            client = await connect(self.settings.nats_url, name="test-telemetry")
            stack.push_async_callback(client.close)
            pool = await stack.enter_async_context(pool_of(self.settings.database_url))
            self.health = Health()
            try:
                async with asyncio.TaskGroup() as tasks:
                    runtime = Runtime(self.settings, client, pool, self.health, stack, tasks)
                    await assemble(runtime, self.settings)
                    ready.set()
                    await self._stopping.wait()
                    raise _Stop
            except* _Stop:
                pass


class World:
    """What the tests act on."""

    def __init__(
        self,
        servers: EmbeddedServers,
        client: Client,
        pool: "asyncpg.Pool[Any]",
        installations: EventStore,
        settings: Settings,
        people: People,
    ) -> None:
        self.servers = servers
        self.client = client
        self.pool = pool
        self.log = EventStore(pool)  # only read
        self.settings = settings
        self.people = people
        self.speaking = AsyncExitStack()
        """Who speaks for permissions: what it holds ends when it is closed."""
        self.service = Service(settings)
        self._installations = installations
        self._numbers = itertools.count(1)

    @property
    def gateway(self) -> str:
        return f"ws://127.0.0.1:{self.settings.ocpp_port}/ocpp"

    def somewhere(self) -> Place:
        """Name a place that no charger is assigned to."""
        return Place(next(self._numbers))

    async def assigned(
        self,
        wiring: Sequence[Phase] = PHASES,
        grid_type: GridType = GridType.TN_3_PHASE,
        fail_safe_a: float = 6.0,
        place: Place | None = None,
    ) -> Place:
        """Assign a charger, and wait until the gateway knows it."""
        place = place or self.somewhere()
        await self.announce(
            place.created(grid_type), place.assigned(fail_safe_a=fail_safe_a, wiring=wiring)
        )
        return place

    async def announce(self, *events: InstallationEvent) -> None:
        """Have the installation service say something at once, and wait until it is heard."""
        meta = Meta(actor="test", command_id=new_id(), correlation_id=new_id())
        parts = [
            StreamEvents(f"installation-{it.installation_id}", None, [it]) for it in events
        ]
        position = await self._installations.append(
            Commit(meta.command_id, b"", ACCEPTED, meta, parts)
        )
        await self._heard("installation", position)

    async def grant(self, *events: Event) -> None:
        """Have permissions say something at once, and wait until it is heard."""
        await self._heard("permissions", await self.people.tell(*events))

    async def _heard(self, service: str, position: int) -> None:
        async def heard() -> bool:
            cursor = await self.pool.fetchval(
                "select position from cursor where consumer = 'telemetry' and service = $1",
                service,
            )
            return bool(cursor is not None and cursor >= position)

        await self.until(heard)

    async def knows(self, place: Place) -> bool:
        """Whether the gateway knows that a charger is assigned."""
        found = await self.pool.fetchval(
            "select 1 from document where kind = 'assigned' and key = $1", place.serial
        )
        return found is not None

    async def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until something holds; return it."""
        async with asyncio.timeout(WAIT_S_MAX):
            while True:
                found = await holds()
                if found:
                    return found
                await asyncio.sleep(0.02)

    async def events(self, place: Place) -> list[Event]:
        """Read the history of a charger."""
        return [it.event for it in await self.log.load(f"charger-{place.charger_id}")]

    async def knocks(self, place: Place) -> list[ChargerRefused]:
        """Read how often a charger was refused at the door."""
        history = [it.event for it in await self.log.load(f"knock-{place.serial}")]
        return [it for it in history if isinstance(it, ChargerRefused)]

    async def decisions(self, place: Place) -> list[Event]:
        """Read who was judged at a charger, and what it was asked from afar."""
        return [it.event for it in await self.log.load(f"drivers-{place.charger_id}")]

    async def event(self, place: Place, kind: type[E], times: int = 1) -> E:
        """Wait until a charger's history has so many events of a kind; return the last one."""

        async def found() -> list[E]:
            of_kind = [it for it in await self.events(place) if isinstance(it, kind)]
            return of_kind if len(of_kind) >= times else []

        result: list[E] = await self.until(found)
        return result[-1]

    async def limit(
        self,
        place: Place,
        sequence: int,
        limit_a: float = 16.0,
        epoch: int = 1,
        correlation_id: str = "c",
        **changes: Any,
    ) -> Answer:
        """Command a limit as a balancer does; epochs count from the place's own."""
        command = SetCurrentLimit(
            **{
                **place.ids,
                "command_id": new_id(),
                "limit_a": limit_a,
                "valid_until": soon(120),
                "sequence": sequence,
                "epoch": place.epoch + epoch,
                **changes,
            }
        )
        subject = subjects.charger_command(SetCurrentLimit, place.charger_id)
        context = Context("balancer", correlation_id)
        return await request(self.client, command, subject, context, WAIT_S_MAX)

    async def limit_unheard(self, place: Place, sequence: int) -> bool:
        """Command a limit and tell whether nobody at all answers for the charger."""
        command = SetCurrentLimit(
            **place.ids,
            command_id=new_id(),
            limit_a=16.0,
            valid_until=soon(120),
            sequence=sequence,
            epoch=place.epoch + 1,
        )
        subject = subjects.charger_command(SetCurrentLimit, place.charger_id)
        try:
            await self.client.request(subject, command.model_dump_json().encode(), timeout=1.0)
        except (NoRespondersError, NatsTimeoutError):
            return True
        return False


def soon(after_s: float) -> datetime:
    return utc_now() + timedelta(seconds=after_s)


async def make_world(
    servers: EmbeddedServers, stack: AsyncExitStack, tasks: set[asyncio.Task[None]]
) -> World:
    """Bring up everything but the service itself."""
    client = await connect(servers.nats_url, name="test")
    stack.push_async_callback(client.close)
    for jetstream in (
        "EVENTS_INSTALLATION",
        "EVENTS_PERMISSIONS",
        "EVENTS_TELEMETRY",
        "TELEMETRY",
    ):
        try:
            await client.jetstream().delete_stream(jetstream)
        except NotFoundError:
            continue  # no other test has left one
    installation_url = await service_database(servers)
    installation_pool = await stack.enter_async_context(pool_of(installation_url))
    installations = await stack.enter_async_context(EventStore.open(installation_pool))
    relay = Relay("installation", installations, client)
    tasks.add(asyncio.create_task(relay.run()))
    people = await stack.enter_async_context(people_of(servers, client))
    database_url = await service_database(servers, SCHEMA)
    pool = await stack.enter_async_context(pool_of(database_url))
    ocpp_port, meter_port = free_ports(2)
    given: dict[str, Any] = {
        "nats_url": servers.nats_url,
        "database_url": database_url,
        "TELEMETRY_OCPP_PORT": ocpp_port,
        "TELEMETRY_METER_PORT": meter_port,
        "TELEMETRY_CALL_TIMEOUT_S": CALL_TIMEOUT_S,
        "TELEMETRY_NUDGE_AFTER_S": NUDGE_AFTER_S,
        "TELEMETRY_LAST_WORDS_S": LAST_WORDS_S,
        CARD_KEY_FILE: people.key_file,
        **(await mqtt_server(servers)).told_telemetry(),
    }
    world = World(servers, client, pool, installations, Settings(**given), people)
    await world.speaking.enter_async_context(people.speaking())
    stack.push_async_callback(world.speaking.aclose)
    return world

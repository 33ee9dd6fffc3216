"""
The portal as it runs in earnest, with somebody signed in, and a garage that goes on talking.

Installation, permissions and portal are real; what gateway and balancer announce and read is told in their
place, so that what is measured is the portal.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import httpx
from nats.aio.client import Client

from cli.bench.place import Place, open_store, scratch
from cli.bench.portal_garage import BAYS, GARAGE, Bay, balance, layout, lives, reading
from cli.bench.tenants import ACTOR, NotSetUp, address_of, connected_as, signed_in, told
from cli.options import StackOptions
from cli.ports import free_ports
from cli.providing import provide_services
from cli.services import BALANCER, INSTALLATION, PERMISSIONS, PORTAL, TELEMETRY, services
from cli.setting_up import send
from cli.stack import Stack
from shared import subjects
from shared.clock import utc_now
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.messages import Event
from shared.messages.balancer import SiteBalance
from shared.messages.permissions import GrantRole, InvitePerson, Role
from shared.messages.telemetry import MeterReading
from shared.messaging import connect
from shared.recorded import Meta
from shared.relay import Relay
from shared.transact import ACCEPTED

READY_S_MAX: Final = 120.0
RUNNING: Final = frozenset({INSTALLATION, PERMISSIONS, PORTAL})
LOOKS: Final = "looks"
"""Who looks: an installer with a role there."""
EVENTS_AT_ONCE: Final = 100
SAMPLED_S: Final = 10.0
"""How often every charger tells its reading, as real ones are told to; spread evenly."""
BALANCED_S: Final = 1.0


@dataclass(slots=True)
class Watched:
    """
    The running portal.

    Args:
        url: where it listens.
        browser: of somebody who is signed in, with a role at the garage.
        said: hears of every reading at the moment it is published: which charger, and its current.
    """

    url: str
    browser: httpx.AsyncClient
    said: Callable[[str, float], None] = field(default=lambda _charger, _current_a: None)

    @property
    def cookie(self) -> str:
        """What a browser sends to be known."""
        return "; ".join(f"{name}={it}" for name, it in self.browser.cookies.items())


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[Watched]:
    """
    Start everything in a temporary folder, and have the garage talk while the context is open.

    Raises:
        StackFault: the stack does not start.
        NotSetUp: something was refused, or the portal does not show it in time.
    """
    async with contextlib.AsyncExitStack() as cleanup:
        folder = cleanup.enter_context(scratch())
        gateway_port, portal_port = free_ports(2)
        options = StackOptions(
            data_folder=folder, postgres_port=0, nats_port=0, nats_monitor_port=0
        )
        specs = [it for it in services(gateway_port, portal_port) if it.name in RUNNING]
        stack = await cleanup.enter_async_context(Stack(options, specs))
        late = await stack.wait_services_ready(READY_S_MAX)
        if late:
            raise NotSetUp(f"not ready in time: {', '.join(late)}")
        client = await connect(stack.urls["nats"], "ampledger-bench-portal")
        cleanup.push_async_callback(client.close)
        place = Place(stack.urls["nats"], stack.urls["database"])
        speakers = {it: await connected_as(stack, it) for it in (TELEMETRY, BALANCER)}
        for it in speakers.values():
            cleanup.push_async_callback(it.close)
        await cleanup.enter_async_context(_announced(place, client, speakers))
        for command in layout():
            await send(client, command, ACTOR)
        browser = await _somebody(client, stack.urls["portal"])
        cleanup.push_async_callback(browser.aclose)
        here = Watched(stack.urls["portal"], browser)
        talking = asyncio.create_task(_talk(speakers, here))
        cleanup.callback(talking.cancel)
        await _until_shown(here)
        yield here


async def _somebody(client: Client, portal_url: str) -> httpx.AsyncClient:
    invite = InvitePerson(command_id=new_id(), person_id=LOOKS, email=address_of(LOOKS))
    await told(client, invite, LOOKS)
    grant = GrantRole(
        command_id=new_id(),
        installation_id=GARAGE,
        grantee=f"person/{LOOKS}",
        role=Role.OWNER,
    )
    await told(client, grant, GARAGE)
    return await signed_in(client, portal_url, LOOKS)


@contextlib.asynccontextmanager
async def _announced(
    place: Place, operator: Client, speakers: Mapping[str, Client]
) -> AsyncIterator[None]:
    """Fill the logs of gateway and balancer, and announce them while the context is open."""
    now = utc_now()
    relays: list[asyncio.Task[None]] = []
    async with contextlib.AsyncExitStack() as stack:
        stores = {}
        for service in speakers:
            _, store = await stack.enter_async_context(open_store(await place.log(service)))
            await _fill(store, (it for it in lives(now) if it.service == service))
            stores[service] = store
        copies = dict.fromkeys((*speakers, PORTAL), 1)
        await provide_services(operator.jetstream(), place.database_url, copies)
        for service, store in stores.items():
            relays.append(asyncio.create_task(Relay(service, store, speakers[service]).run()))
        try:
            yield
        finally:
            for relay in relays:
                relay.cancel()
            await asyncio.gather(*relays, return_exceptions=True)


async def _fill(store: EventStore, events: Iterator[Event]) -> None:
    everything = list(events)
    for begin in range(0, len(everything), EVENTS_AT_ONCE):
        some = everything[begin : begin + EVENTS_AT_ONCE]
        meta = Meta(actor=ACTOR, command_id=new_id(), correlation_id=new_id())
        streams: dict[str, list[Event]] = {}
        for it in some:
            streams.setdefault(f"of-{it.aggregate_id}", []).append(it)
        parts = [StreamEvents(name, None, events) for name, events in streams.items()]
        await store.append(Commit(meta.command_id, b"", ACCEPTED, meta, parts))


async def _talk(speakers: Mapping[str, Client], here: Watched) -> None:
    """Have every charger with a car tell its reading every ten seconds, and the balancer every second."""
    cars = [it for it in BAYS if it.car]
    pause_s = SAMPLED_S / len(cars)
    loop = asyncio.get_running_loop()
    due_s = balanced_s = loop.time()
    for turn in count():
        bay = cars[turn % len(cars)]
        await _read(speakers[TELEMETRY], here, bay, round(7.0 + (turn % 2900) / 1000, 3))
        if loop.time() >= balanced_s:
            balanced_s += BALANCED_S
            await _say(speakers[BALANCER], balance(utc_now(), turn), "site")
        due_s += pause_s
        await asyncio.sleep(max(0.0, due_s - loop.time()))


async def _read(client: Client, here: Watched, bay: Bay, current_a: float) -> None:
    await _say(client, reading(bay, utc_now(), current_a), bay.charger_id)
    here.said(bay.charger_id, current_a)


async def _say(client: Client, message: MeterReading | SiteBalance, source_id: str) -> None:
    subject = subjects.telemetry(type(message), GARAGE, source_id)
    await client.publish(subject, message.model_dump_json().encode())


async def _until_shown(here: Watched) -> None:
    cars = sum(it.car for it in BAYS)
    async with asyncio.timeout(READY_S_MAX):
        while True:
            answer = await here.browser.get(f"/api/installations/{GARAGE}")
            shown = answer.json() if answer.status_code == httpx.codes.OK else {}
            if shown.get("scene", {}).get("charging") == cars:
                return
            await asyncio.sleep(0.2)

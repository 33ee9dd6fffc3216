"""
Many installations at once, for balancers that share them: logs, a gateway and cars, and no hardware.

Each installation has three cars and current for two, so that somebody always takes turns. The gateway
judges limits by the rules of the real one, and keeps the newest epochs as the real one does.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from cli.audit import Audit, audit
from cli.figures import read_log
from cli.shares import Share, shares
from services.telemetry.charger import Charger
from services.telemetry.epochs import Epochs
from services.telemetry.limits import LimitContext, limit_answered, limit_answered_before
from shared import subjects
from shared.clock import utc_now
from shared.decider import Refused
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.messages import Event
from shared.messages.balancer import BalancerEvent
from shared.messages.telemetry import (
    ChargerConnected,
    CurrentLimitApplied,
    FailSafeApplied,
    MeterReading,
    SessionStarted,
    SetCurrentLimit,
)
from shared.messaging import connect
from shared.phases import PHASES
from shared.recorded import Meta
from shared.relay import Relay
from shared.runtime import pool_of
from shared.transact import ACCEPTED, refusal_of
from tests.support.databases import ROOT, service_database
from tests.support.servers import EmbeddedServers, running_servers
from tests.unit.balancer.buildings import Building

CARS = 3
BREAKER_A = 16.0
FAIL_SAFE_A = 0.0
READ_PAUSE_S = 1.0
SCHEMAS = ROOT / "services"


class Yard:
    """What the tests act on."""

    def __init__(
        self, servers: EmbeddedServers, urls: dict[str, str], client: Client, epochs: Epochs
    ) -> None:
        self.servers = servers
        self.urls = urls
        self.stores: dict[str, EventStore] = {}
        self.accepted: list[SetCurrentLimit] = []
        self.refused: list[tuple[SetCurrentLimit, str]] = []
        self.names: list[str] = []
        self.stubborn_a: dict[str, float] = {}
        """Cars that draw so much, whatever they are told."""
        self._client = client
        self._epochs = epochs
        self._sent: dict[str, tuple[int, int]] = {}
        self._limits_a: dict[str, float] = {}
        self._busy: set[asyncio.Task[None]] = set()

    # --- What happens there ---

    async def append(self, *events: Event) -> None:
        """Have the services that own the events announce them."""
        for event in events:
            meta = Meta(actor="yard", command_id=new_id(), correlation_id=new_id())
            part = StreamEvents(f"{event.service}-{event.aggregate_id}", None, [event])
            store = self.stores[event.service]
            await store.append(Commit(meta.command_id, b"", ACCEPTED, meta, [part]))

    async def build(self, installations: int) -> None:
        """Build installations, each with its cars plugged in."""
        for number in range(installations):
            name = f"yard-{number}"
            self.names.append(name)
            building = Building(name, 40.0, {"row": BREAKER_A}, {"row": "main"})
            await self.append(*building.created())
            for bay in range(CARS):
                charger_id = f"{name}-bay-{bay}"
                about = {"installation_id": name, "charger_id": charger_id}
                serial = f"Y{number:03}B{bay}"
                assigned = building.assign(charger_id, serial, "row", PHASES, wished_a=0.0)
                await self.append(
                    *assigned,
                    FailSafeApplied(**about, fail_safe_a=FAIL_SAFE_A),
                    ChargerConnected(
                        **about, serial=serial, vendor="", model="", gateway_id="g", remote=""
                    ),
                    SessionStarted(
                        **about,
                        session_id=f"{charger_id}-1",
                        transaction_id=number * CARS + bay,
                        started_at=utc_now(),
                        register_wh=0,
                    ),
                )

    # --- The gateway, and cars that draw what they may ---

    async def on_limit(self, message: Msg) -> None:
        command = SetCurrentLimit.model_validate_json(message.data)
        task = asyncio.create_task(self._answer(command, message))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _answer(self, command: SetCurrentLimit, message: Msg) -> None:
        try:
            applied = await self.judge(command)
        except Refused as refusal:
            self.refused.append((command, type(refusal).__name__))
            answer = refusal_of(refusal)
        else:
            self.accepted.append(command)
            self._limits_a[command.charger_id] = command.limit_a
            await self.append(applied)
            answer = ACCEPTED
        await message.respond(answer.model_dump_json().encode())

    async def judge(self, command: SetCurrentLimit) -> CurrentLimitApplied:
        """Do what a gateway does with a limit, up to the charger's answer."""
        newest = await self._epochs.see(command.installation_id, command.epoch)
        sent = self._sent.get(command.charger_id, (0, 0))
        known = LimitContext(newest, sent, ready=True, now=utc_now())
        limit_answered_before(Charger(), command, known)
        self._sent[command.charger_id] = (command.epoch, command.sequence)
        applied = limit_answered(command, "Accepted", utc_now())
        assert isinstance(applied, CurrentLimitApplied)
        return applied

    async def read_meters(self) -> None:
        """Say for ever what the cars draw."""
        while True:
            now = utc_now()
            for charger_id, drawn_a in list(self._limits_a.items()):
                name = charger_id.rsplit("-bay-", 1)[0]
                reading = MeterReading(
                    installation_id=name,
                    charger_id=charger_id,
                    session_id=f"{charger_id}-1",
                    measured_at=now,
                    received_at=now,
                    current_a=(self.stubborn_a.get(charger_id, drawn_a),) * 3,
                )
                subject = subjects.telemetry(MeterReading, name, charger_id)
                await self._client.publish(subject, reading.model_dump_json().encode())
            await asyncio.sleep(READ_PAUSE_S)

    # --- What is asked of it ---

    async def partitions(self) -> dict[int, int]:
        """How many partitions each balancer holds, by its process id."""
        return {_pid(it): it.partitions for it in await shares(self.urls["balancer"])}

    async def decided_since(self, position: int) -> set[str]:
        """For which installations something was announced behind a position of the log."""
        found = await self.stores["balancer"].read(after=position, limit=100_000)
        return {it.event.aggregate_id for it in found if isinstance(it.event, BalancerEvent)}

    async def head(self) -> int:
        return await self.stores["balancer"].head()

    async def audited(self) -> Audit:
        """Replay the logs; what was accepted under an older epoch came before any of a newer."""
        newest: dict[int, int] = {}
        for limit in self.accepted:
            partition = subjects.partition_of(limit.installation_id)
            assert limit.epoch >= newest.get(partition, 0), limit
            newest[partition] = limit.epoch
        return audit([await read_log(url) for url in self.urls.values()])


def _pid(share: Share) -> int:
    return int(share.holder.split(" ")[2])


@contextlib.asynccontextmanager
async def open_yard(installations: int) -> AsyncIterator[Yard]:
    """Servers of its own, because the logs that are spoken for are other services' in other tests."""
    async with contextlib.AsyncExitStack() as stack:
        servers = await stack.enter_async_context(running_servers())
        urls = {
            "installation": await service_database(servers),
            "telemetry": await service_database(servers, SCHEMAS / "telemetry" / "schema"),
            "balancer": await service_database(servers, SCHEMAS / "balancer" / "schema"),
        }
        client = await connect(servers.nats_url, "yard")
        stack.push_async_callback(client.close)
        pools: dict[str, Any] = {
            owner: await stack.enter_async_context(pool_of(url)) for owner, url in urls.items()
        }
        epochs = Epochs(pools["telemetry"])
        await epochs.open()
        yard = Yard(servers, urls, client, epochs)
        tasks = []
        for owner in ("installation", "telemetry"):
            yard.stores[owner] = await stack.enter_async_context(EventStore.open(pools[owner]))
            tasks.append(asyncio.create_task(Relay(owner, yard.stores[owner], client).run()))
        yard.stores["balancer"] = EventStore(pools["balancer"])
        await client.subscribe("charger.*.SetCurrentLimit", cb=yard.on_limit)
        tasks.append(asyncio.create_task(yard.read_meters()))
        await yard.build(installations)
        try:
            yield yard
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

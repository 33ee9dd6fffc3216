"""The installation service in this process, twice, and somebody who asks it over NATS."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import orjson
from nats.aio.client import Client

from services.installation.app import assemble
from services.installation.decider import installation
from services.installation.state import Installation
from shared import subjects
from shared.context import Context
from shared.event_store import EventStore
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    CreateInstallation,
    InstallationCommand,
    NewCharger,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.messaging import connect, request
from shared.phases import GridType
from shared.recorded import Recorded
from shared.runtime import Health, Runtime, RuntimeSettings, pool_of

WAIT_S_MAX = 30.0


class _Stop(Exception):
    pass


class Service:
    """One process's worth of the service; start and stop it in any task."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._run(ready))
        waiting = asyncio.create_task(ready.wait())
        async with asyncio.timeout(WAIT_S_MAX):
            await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self, ready: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            client = await connect(self._settings.nats_url, name="test-installation")
            stack.push_async_callback(client.close)
            pool = await stack.enter_async_context(pool_of(self._settings.database_url))
            try:
                async with asyncio.TaskGroup() as tasks:
                    parts = Runtime(self._settings, client, pool, Health(), stack, tasks)
                    await assemble(parts)
                    ready.set()
                    await self._stopping.wait()
                    raise _Stop
            except* _Stop:
                pass


W = TypeVar("W", bound=InstallationCommand)


def wish(kind: type[W], installation_id: str, **fields: Any) -> W:
    """Wish for something, under a new command id."""
    return kind(**{"command_id": new_id(), "installation_id": installation_id, **fields})


def serial_of(number: int) -> str:
    """A serial number that no other test uses."""
    return f"T{number:03}-{new_id()[-12:].upper()}"


class Desk:
    """Asks commands, and reads the log to see what came of them."""

    def __init__(self, client: Client, log: EventStore) -> None:
        self.client = client
        self.log = log

    async def ask(self, command: InstallationCommand) -> Answer:
        subject = subjects.command(type(command), command.installation_id)
        return await request(self.client, command, subject, Context("test", "c"), WAIT_S_MAX)

    async def ask_raw(self, subject: str, content: bytes) -> Answer:
        """Send whatever bytes, and read the answer."""
        reply = await self.client.request(subject, content, timeout=WAIT_S_MAX)
        return Answer.model_validate(orjson.loads(reply.data))

    async def history(self, installation_id: str) -> list[Recorded]:
        return await self.log.load(f"installation-{installation_id}")

    async def state(self, installation_id: str) -> Installation:
        """Fold an installation from the log."""
        return installation.fold([it.event for it in await self.history(installation_id)])  # type: ignore[misc]

    async def holders(self) -> dict[tuple[str, str], str]:
        """Read who holds which key."""
        rows = await self.log.pool.fetch("select kind, key, holder from reservation")
        return {(row["kind"], row["key"]): row["holder"] for row in rows}

    async def garage(self, *circuit_ids: str) -> str:
        """Create an installation of its own, with circuits; returns its id."""
        installation_id = f"garage-{new_id()}"
        commands = [create(installation_id), *(add(installation_id, it) for it in circuit_ids)]
        for command in commands:
            assert (await self.ask(command)).accepted
        return installation_id


def create(
    installation_id: str, command_id: str | None = None, name: str = "Harbour garage"
) -> CreateInstallation:
    return CreateInstallation(
        command_id=command_id or new_id(),
        installation_id=installation_id,
        name=name,
        address="Strandgata 1",
        category=Category.COMMUNITY,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=GridType.TN_3_PHASE,
        breaker_a=160,
    )


def add(
    installation_id: str,
    circuit_id: str,
    command_id: str | None = None,
    breaker_a: float = 63,
) -> AddCircuit:
    return AddCircuit(
        command_id=command_id or new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        name=circuit_id,
        breaker_a=breaker_a,
    )


def assign(installation_id: str, circuit_id: str, *serials: str) -> AssignChargers:
    chargers = tuple(
        NewCharger(charger_id=f"bay-{it}", serial=it, name=f"Bay {it}") for it in serials
    )
    return AssignChargers(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        chargers=chargers,
    )

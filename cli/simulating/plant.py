"""
A log, its writers and relays, the broker that its events are announced by, and all that goes wrong there.

Everything that acts is the product's own code: `transact`, the installation's deciders, `Relay`, `epochs`.
It runs on a clock of its own, and is killed at any moment at which it waits.
"""

import asyncio
import contextlib
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from nats.errors import Error as NatsError

from cli.simulating.database import Database, MemoryLog
from cli.simulating.pool import HeadPool
from cli.simulating.wire import Broker, Line
from services.installation.claims import stream_named
from services.installation.decider import installation
from services.installation.language import InstallationCommand
from shared import epochs, subjects
from shared.announced import EVENT_ID_HEADER
from shared.commits import StoreFault
from shared.context import Context
from shared.messages import Answer
from shared.relay import Relay
from shared.transact import transact

SERVICE: Final = "installation"
BEGIN: Final = datetime(2027, 1, 15, tzinfo=UTC)
PROCESSES: Final = 3
AGAIN_S: Final = 0.5
AGAIN_S_MAX: Final = 10.0
SLOW_DISK: Final = 0.1
"""How often a disk keeps a commit waiting for up to two seconds."""
CRASH_S_MAX: Final = 5.0
"""How long a crash waits for a moment in which it takes something."""


class Process:
    """One process of the service: a way to the database, one to the broker, and a relay."""

    def __init__(self, plant: "Plant", number: int) -> None:
        self._plant = plant
        self.line = Line(plant.broker, plant.chance)
        self.dead = False
        pool = HeadPool(plant.database, self._way, lambda: plant.crashes)
        self.store = MemoryLog(plant.database, pool, self._way, self._disk)
        relay = Relay(SERVICE, self.store, self.line, lambda: plant.leads(number))  # type: ignore[arg-type]  # what it uses of a client
        self.relay = relay
        self._running = asyncio.create_task(relay.run(), name=f"relay-{number}")

    async def _way(self) -> None:
        await self._wait(0.0002, 0.01)

    async def _disk(self) -> None:
        slow = self._plant.chance.random() < SLOW_DISK
        await self._wait(0.001, 2.0 if slow else 0.05)

    async def _wait(self, least_s: float, most_s: float) -> None:
        crashes = self._plant.crashes
        await asyncio.sleep(self._plant.chance.uniform(least_s, most_s))
        if self.dead or self._plant.away or crashes != self._plant.crashes:
            raise ConnectionResetError("the database is away, or has crashed")

    async def kill(self) -> None:
        """End at once, at whatever it waits for; nothing that it still says arrives."""
        self.dead = self.line.cut = True
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running


class Plant:
    """All of it, with what goes wrong."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        loop = asyncio.get_running_loop()
        self.database = Database(chance, lambda: BEGIN + timedelta(seconds=loop.time()))
        self.broker = Broker()
        self.away = False
        self.crashes = 0
        self.restored = 0
        """How many events were lost by restoring older backups."""
        self.leader = 0
        self.faults: Counter[str] = Counter()
        self.acknowledged: dict[str, Answer] = {}
        self.processes = [Process(self, number) for number in range(PROCESSES)]

    def leads(self, number: int) -> bool:
        """Tell whether a process believes that it is to announce; sometimes several do."""
        return number == self.leader or self.faults["two_lead"] % 2 == 1

    # --- Whoever wishes ---

    async def wish(self, command: InstallationCommand) -> None:
        """Have a command decided by any process, as often as it takes to be answered."""
        context = Context(actor="somebody", correlation_id=command.command_id)
        stream = stream_named(command.installation_id)
        again_s = AGAIN_S
        while True:
            process = self.chance.choice(self.processes)
            try:
                answer = await transact(process.store, stream, installation, command, context)
            except (OSError, StoreFault):
                await asyncio.sleep(again_s)
                again_s = min(2 * again_s, AGAIN_S_MAX)
                continue
            self.acknowledged[command.command_id] = answer
            return

    # --- What goes wrong ---

    async def go_wrong(self) -> None:
        """Have one thing go wrong, and be mended after a while if it does not mend itself."""
        what = self.chance.choice(FAULTS)
        self.faults[what] += 1
        match what:
            case "killed":
                await self._killed()
            case "database_away" | "broker_away":
                await self._away(what)
            case "database_crashed":
                await self._crashed()
            case "restored":
                await self._restored()
            case _:
                self._disturbed(what)

    def _disturbed(self, what: str) -> None:
        match what:
            case "lines_rough":
                for process in self.processes:
                    process.line.rough = not process.line.rough
            case "tail_lost":
                self._lose_tail(self.chance.choice((1, 3, 20)))
            case "jetstream_lost":
                self.broker.jetstreams.clear()
            case "handed_over":
                self.leader = self.chance.randrange(PROCESSES)

    async def _away(self, what: str) -> None:
        for away in (True, False):
            if what == "database_away":
                self.away = away
            else:
                self.broker.away = away
            await asyncio.sleep(self.chance.choice((0.1, 1.0, 7.0)))

    async def _crashed(self) -> None:
        """In a moment, if one comes, in which readers have seen what is on no disk."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + CRASH_S_MAX
        while not self.database.waits_for_disk and loop.time() < until_s:  # noqa: ASYNC110  # it tells whoever asks
            await asyncio.sleep(self.chance.uniform(0.0, 0.1))
        await asyncio.sleep(self.chance.uniform(0.0, 0.5))
        self.crashes += 1
        self.database.crash()

    async def _killed(self) -> None:
        number = self.chance.randrange(PROCESSES)
        await self.processes[number].kill()
        self.processes[number] = Process(self, number)

    def _lose_tail(self, messages: int) -> None:
        present = self.broker.taking(subjects.events_of(SERVICE))
        if present is not None:
            del present.messages[-messages:]

    async def _restored(self) -> None:
        """An older backup is restored, and an operator begins a new epoch once the relay asks for it."""
        self.crashes += 1
        before = self.database.head
        self.database.restore(self.chance.choice((1, 2, 5)))
        self.restored += before - self.database.head
        known = {it.meta.command_id for it in self.database.entries}
        for command_id, answer in list(self.acknowledged.items()):
            if answer.position and command_id not in known:
                del self.acknowledged[command_id]  # it was lost, and somebody said so
        self.database.halted = ("it was restored", "restore")
        await self.begin_epoch()

    async def begin_epoch(self) -> None:
        """Begin a new epoch of the log, as its operator."""
        line = Line(self.broker, self.chance)
        begun = False
        while not begun:
            pool = self.chance.choice(self.processes).store.pool
            with contextlib.suppress(*EPOCH_FAULTS):
                async with pool.acquire() as connection:
                    await epochs.begin_epoch(connection, line, SERVICE, "operator", "restored")  # type: ignore[arg-type]  # what it uses of JetStream
                begun = True
            await asyncio.sleep(AGAIN_S)

    def mend(self) -> None:
        """Nothing is wrong any more."""
        self.away = self.broker.away = False
        for process in self.processes:
            process.line.rough = False

    # --- How it is ---

    def announced(self) -> list[str]:
        """Name the ids of all events in the jetstream of the present epoch, in order."""
        name = subjects.jetstream_of(SERVICE, self.database.epoch)
        jetstream = self.broker.jetstreams.get(name)
        return (
            [] if jetstream is None else [it[1][EVENT_ID_HEADER] for it in jetstream.messages]
        )

    def logged(self) -> list[str]:
        """Name the ids of all events in the log, in order."""
        return [str(it.event_id) for it in self.database.entries]


FAULTS: Final = (
    *("killed", "killed", "killed", "lines_rough", "lines_rough", "two_lead", "two_lead"),
    *("database_away", "database_crashed", "broker_away", "tail_lost", "handed_over"),
    *("handed_over", "jetstream_lost", "restored"),
)
EPOCH_FAULTS: Final = (OSError, NatsError, epochs.LogShorterThanJetstream)

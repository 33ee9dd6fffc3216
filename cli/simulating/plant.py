"""
A log, its writers and relays, the broker that its events are announced by, and those who follow it.

Everything that acts is the product's own code: `transact`, the installation's deciders, `Relay`, `follow`,
`parking`, `epochs`. It runs on a clock of its own, and is killed at any moment at which it waits.
"""

import asyncio
import contextlib
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from cli.simulating.database import Database, MemoryLog
from cli.simulating.followed import FollowerDatabase, FollowerPool, follower_of, misfolded
from cli.simulating.pool import HeadPool
from cli.simulating.wire import Broker, Line
from services.installation.claims import stream_named
from services.installation.decider import installation
from services.installation.language import InstallationCommand
from shared import subjects
from shared.announced import EVENT_ID_HEADER
from shared.commits import StoreFault
from shared.context import Context
from shared.documents import numbered
from shared.follow import PastReplaced, follow
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
OVERLAPS_S: Final = (0.0, 0.0, 5.0)
"""How long a process lives on that was replaced."""


class Process:
    """One process of the service: a way to the database, one to the broker, a relay, and a follower."""

    def __init__(self, plant: "Plant", number: int) -> None:
        self._plant, self._number = plant, number
        self.line = Line(plant.broker, plant.chance)
        self.dead = False
        pool = HeadPool(plant.database, self._way, lambda: plant.crashes)
        self.store = MemoryLog(plant.database, pool, self._way, self._disk)
        relay = Relay(SERVICE, self.store, self.line, lambda: plant.leads(number))  # type: ignore[arg-type]  # what it uses of a client
        self.relay = relay
        self._running = asyncio.create_task(relay.run(), name=f"relay-{number}")
        followed = FollowerPool(plant.followed[number], self._way)
        consumer = numbered("folding", number + 1)
        follower = follower_of(consumer, lambda: plant.poisoned, followed)
        following = follow(self.line, followed, follower)  # type: ignore[arg-type]  # what it uses of both
        self._following = asyncio.create_task(following, name=f"follower-{number}")
        self._following.add_done_callback(self._has_ended)

    def _has_ended(self, following: "asyncio.Task[None]") -> None:
        """A process that cannot go on with what it remembers ends, and is started again."""
        fault = None if following.cancelled() else following.exception()
        if isinstance(fault, PastReplaced):
            self._plant.start_again(self._number)
        elif fault is not None:
            self._plant.broken.append(fault)

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
        for task in (self._running, self._following):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, PastReplaced):
                await task


class Plant:
    """All of it."""

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
        self.poisoned = False
        """Whether followers cannot apply what they read."""
        self.broken: list[BaseException] = []
        """What has ended a follower for good."""
        self.followed = [FollowerDatabase() for _ in range(PROCESSES)]
        self._starting: set[asyncio.Task[None]] = set()
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

    # --- Processes ---

    async def replace(self, number: int) -> None:
        """Start a process again; sometimes the one before is still there for a while."""
        before, self.processes[number] = self.processes[number], Process(self, number)
        await asyncio.sleep(self.chance.choice(OVERLAPS_S))
        await before.kill()

    def start_again(self, number: int) -> None:
        """Start one again that has ended itself."""
        starting = asyncio.create_task(self.replace(number))
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)

    def mend(self) -> None:
        """Nothing is wrong any more."""
        self.away = self.broker.away = self.poisoned = False
        for process in self.processes:
            process.line.rough = False

    def want_again(self) -> None:
        """Somebody asks for everything that is parked to be tried again."""
        for it in self.followed:
            it.want_again()

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

    def misfolded(self) -> str | None:
        """Say what any follower has not folded as it is in the log; none if all have."""
        logged: dict[str, tuple[str, ...]] = {}
        for it in self.database.entries:
            logged[it.stream] = (*logged.get(it.stream, ()), str(it.event_id))
        found = (misfolded(it, logged) for it in self.followed)
        return next((it for it in found if it is not None), None)

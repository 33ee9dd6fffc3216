"""
Processes that share out partitions and append decisions, killed, cut off and standing still.

Whose turn it is, who knows what, and what the log takes is decided by the balancer's own `Partitions`,
`TakingOver`, `OwnLog` and `Sender`; what they decide on is nothing.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cli.simulating.database import Database, MemoryLog
from cli.simulating.sessions import MemoryLocks, Sessions
from services.balancer.clock_agreement import DECIDES_OFF_S_MAX, ClockAgreement
from services.balancer.locks import SESSION_S
from services.balancer.own_log import OwnLog
from services.balancer.partitions import Partitions, PartitionsLost
from services.balancer.sending import Sender
from services.balancer.taking_over import TakingOver
from shared.commits import Conflict, StoreFault
from shared.context import Context
from shared.messages import Event
from shared.messages.balancer import LeasesRenewed
from shared.subjects import partition_of

BEGIN: Final = datetime(2027, 1, 15, tzinfo=UTC)
INSTALLATIONS: Final = tuple(f"garage-{it}" for it in range(8))
DECIDE_PAUSE_S: Final = 0.3
DECIDED_S_MAX: Final = 5.0
"""So often an installation is decided for at least, when all is well."""
CONTEXT: Final = Context(actor="balancer", correlation_id="shares")


class House:
    """The database that all balancers share, and what was seen of them that must not be."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.now_s = asyncio.get_running_loop().time
        self.sessions = Sessions()
        self.database = Database(chance, self.now)
        self.crashes = 0
        self.wrong: str | None = None
        self.decided_s: dict[str, float] = {}
        """When each installation was decided for last."""

    def now(self) -> datetime:
        """Name the time."""
        return BEGIN + timedelta(seconds=self.now_s())


class CursorPool:
    """What `OwnLog` asks its database beside events: a cursor that nobody else moves."""

    def __init__(self, line: Any) -> None:  # noqa: ANN401  # what waits
        self._line, self._position = line, 0

    async def execute(self, query: str, *_: object) -> None:
        """
        Make the cursor.

        Raises:
            NotImplementedError: something else is to be changed.
        """
        await self._line()
        if not query.startswith("insert into cursor"):
            raise NotImplementedError(f"this is not changed here: {query}")

    async def fetchrow(self, query: str, *told: Any) -> dict[str, Any] | None:  # noqa: ANN401
        """Read the cursor, or move it from where it is said to be."""
        await self._line()
        if query.startswith("update cursor"):
            if told[2] != self._position:
                return None
            self._position = told[3]
        return {"position": self._position, "event_id": None}

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator["CursorPool"]:
        """Hold a connection."""
        yield self

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All that is changed is the cursor."""
        yield


class Balancer:
    """One process."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.session = house.sessions.begin()
        self.dead = self.cut = False
        self.deaf = False
        """Whether events and readings do not reach it."""
        self._stands_until_s = 0.0
        locks = MemoryLocks(house.sessions, self.session, self._way, house.now)
        self.clock_off_s = 0.0
        """By how much its clock is ahead."""
        agreement = ClockAgreement(self._clock, house.now_s)
        self.partitions = Partitions(locks, house.now_s, lambda: not self.deaf, agreement)
        self.store = MemoryLog(house.database, None, self._way, self._way)
        self._own = OwnLog(CursorPool(self._way), self.store, "balancer", _nothing, _nothing)
        self._sender = Sender(None, self.store)  # type: ignore[arg-type]  # nothing is sent
        taking = TakingOver(None, None, self, self.partitions, ())  # type: ignore[arg-type]  # what it asks of knowledge is below
        work = (self.partitions.keep(), self._take_part(taking), self._decide())
        self._tasks = [asyncio.create_task(it) for it in work]

    def stand_still(self, for_s: float) -> None:
        """The machine stands still; what is on its way then goes on behind it."""
        self._stands_until_s = self._house.now_s() + for_s

    def _clock(self) -> datetime:
        return self._house.now() + timedelta(seconds=self.clock_off_s)

    async def end(self) -> None:
        """End at whatever it waits for."""
        self.dead = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def lost(self) -> bool:
        """Tell whether it has ended itself, because it does not know what it holds."""
        ended = (it for it in self._tasks if it.done() and not it.cancelled())
        return any(isinstance(it.exception(), PartitionsLost) for it in ended)

    @property
    def faults(self) -> list[BaseException]:
        """What has ended it that must not."""
        ended = (it.exception() for it in self._tasks if it.done() and not it.cancelled())
        return [it for it in ended if it is not None and not isinstance(it, PartitionsLost)]

    async def _way(self) -> None:
        chance, crashes = self._house.chance, self._house.crashes
        await asyncio.sleep(chance.uniform(0.001, 0.05))
        if self.cut:
            await asyncio.sleep(chance.uniform(1.0, 10.0))
        await self._awake()
        if self.dead or self.cut or crashes != self._house.crashes:
            raise ConnectionResetError("the database does not answer")

    async def _awake(self) -> None:
        while (left_s := self._stands_until_s - self._house.now_s()) > 0:  # noqa: ASYNC110  # it may stand longer
            await asyncio.sleep(left_s)

    async def _take_part(self, taking: TakingOver) -> None:
        opened = False
        while not opened:
            with contextlib.suppress(*FAULTS):
                await self._own.open()
                opened = True
            await asyncio.sleep(DECIDE_PAUSE_S)
        self.partitions.join()
        await asyncio.gather(taking.run(), taking.keep_up())

    # --- What is known ---

    def forget(self, partitions: Collection[int]) -> None:
        """Readings teach nothing here."""

    async def catch_up(self) -> None:
        """Know what others have decided."""
        await self._own.catch_up()

    # --- Deciding ---

    async def _decide(self) -> None:
        while True:
            await asyncio.sleep(DECIDE_PAUSE_S)
            await self._awake()
            for name in INSTALLATIONS:
                with self.partitions.deciding(name) as epoch, contextlib.suppress(*FAULTS):
                    if epoch is not None and epoch >= self._own.epoch(name):
                        self._look_around(name)
                        await self._announce(name, epoch)

    async def _announce(self, name: str, epoch: int) -> None:
        event: Event = LeasesRenewed(installation_id=name, epoch=epoch, leases=())
        version = self._own.version(name)
        try:
            last = await self._sender.append(name, version, [event], CONTEXT)
        except Conflict:
            await self._own.catch_up()
            return
        self._house.decided_s[name] = self._house.now_s()
        await self._own.remember(name, [(event, self._house.now())], last)

    def _look_around(self, name: str) -> None:
        """Note it if another one holds what is decided for here."""
        house = self._house
        others = [
            it for it in house.sessions.holders(partition_of(name)) if it is not self.session
        ]
        # Who does not know yet that the database has ended its session is held back by the log alone.
        if abs(self.clock_off_s) > DECIDES_OFF_S_MAX:
            house.wrong = f"{name} is decided for by a clock that is {self.clock_off_s} s off"
        if others and house.now_s() - house.sessions.ended_s > SESSION_S:
            house.wrong = (
                f"{name} is decided for by balancer {self.session.slot} at {house.now_s():.1f} s, "
                f"and held by {[it.slot for it in others]}"
            )


async def _nothing(*_: object) -> None:
    """Nothing is folded."""


FAULTS: Final = (OSError, StoreFault)

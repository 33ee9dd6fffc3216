"""What goes wrong with a log, its copies and its processes, one thing at a time."""

import asyncio
import contextlib
from typing import Final

from nats.errors import Error as NatsError

from cli.simulating.plant import AGAIN_S, PROCESSES, SERVICE, Plant
from cli.simulating.wire import Line
from shared import epochs, subjects

CRASH_S_MAX: Final = 5.0
"""How long a crash waits for a moment in which it takes something."""
FAULTS: Final = (
    *("killed", "killed", "killed", "lines_rough", "lines_rough", "two_lead", "two_lead"),
    *("database_away", "database_crashed", "broker_away", "tail_lost", "handed_over"),
    *("handed_over", "jetstream_lost", "restored", "poisoned", "documents_old"),
    "documents_old",
)
EPOCH_FAULTS: Final = (OSError, NatsError, epochs.LogShorterThanJetstream)


class Mishaps:
    """
    What goes wrong.

    Args:
        plant: where.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    async def go_wrong(self) -> None:
        """Have one thing go wrong, and be mended after a while if it does not mend itself."""
        what = self._plant.chance.choice(FAULTS)
        self._plant.faults[what] += 1
        match what:
            case "killed":
                await self._killed()
            case "database_away" | "broker_away":
                await self._away(what)
            case "database_crashed":
                await self._crashed()
            case "restored":
                await self._restored()
            case "poisoned":
                await self._poisoned()
            case "documents_old":
                await self._plant.chance.choice(self._plant.followed).save_or_restore()
            case _:
                self._disturbed(what)

    def _disturbed(self, what: str) -> None:
        match what:
            case "lines_rough":
                for process in self._plant.processes:
                    process.line.rough = not process.line.rough
            case "tail_lost":
                self._lose_tail(self._plant.chance.choice((1, 3, 20)))
            case "jetstream_lost":
                self._plant.broker.lose_all()
            case "handed_over":
                self._plant.leader = self._plant.chance.randrange(PROCESSES)

    async def _away(self, what: str) -> None:
        for away in (True, False):
            if what == "database_away":
                self._plant.away = away
            else:
                self._plant.broker.away = away
            await asyncio.sleep(self._plant.chance.choice((0.1, 1.0, 7.0)))

    async def _crashed(self) -> None:
        """In a moment, if one comes, in which readers have seen what is on no disk."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + CRASH_S_MAX
        while not self._plant.database.waits_for_disk and loop.time() < until_s:  # noqa: ASYNC110  # it tells whoever asks
            await asyncio.sleep(self._plant.chance.uniform(0.0, 0.1))
        await asyncio.sleep(self._plant.chance.uniform(0.0, 0.5))
        self._plant.crashes += 1
        self._plant.database.crash()

    async def _killed(self) -> None:
        await self._plant.replace(self._plant.chance.randrange(PROCESSES))

    async def _poisoned(self) -> None:
        """Nobody can apply anything for a while; then somebody asks for it to be tried again."""
        self._plant.poisoned = True
        await asyncio.sleep(self._plant.chance.choice((1.0, 7.0)))
        self._plant.poisoned = False
        self._plant.want_again()

    def _lose_tail(self, messages: int) -> None:
        present = self._plant.broker.taking(subjects.events_of(SERVICE))
        if present is not None:
            del present.messages[-messages:]

    async def _restored(self) -> None:
        """An older backup is restored, and an operator begins a new epoch once the relay asks for it."""
        self._plant.crashes += 1
        before = self._plant.database.head
        self._plant.database.restore(self._plant.chance.choice((1, 2, 5)))
        self._plant.restored += before - self._plant.database.head
        known = {it.meta.command_id for it in self._plant.database.entries}
        for command_id, answer in list(self._plant.acknowledged.items()):
            if answer.position and command_id not in known:
                del self._plant.acknowledged[command_id]  # it was lost, and somebody said so
        self._plant.database.halted = ("it was restored", "restore")
        await self._begin_epoch()

    async def _begin_epoch(self) -> None:
        """Begin a new epoch of the log, as its operator."""
        line = Line(self._plant.broker, self._plant.chance)
        begun = False
        while not begun:
            pool = self._plant.chance.choice(self._plant.processes).store.pool
            with contextlib.suppress(*EPOCH_FAULTS):
                async with pool.acquire() as connection:
                    await epochs.begin_epoch(connection, line, SERVICE, "operator", "restored")  # type: ignore[arg-type]  # what it uses of JetStream
                begun = True
            await asyncio.sleep(AGAIN_S)

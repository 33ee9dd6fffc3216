"""
The history of every charger: appended to the log, folded in memory, kept short by snapshots.

What is appended takes effect in memory at once, so that the next message of the charger meets
it. A snapshot is a cache: without it the whole history is read.

Everything is appended behind what is known here. Where another gateway has written meanwhile, the log
refuses it; then what is new is read, and whoever holds the charger no more (`holds.py`) puts nothing on
record.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog

from services.telemetry.charger import AssignedCharger, Charger, ChargerFact, evolve
from services.telemetry.holds import Holding
from services.telemetry.moments import Moment
from shared.context import present_context
from shared.event_store import (
    DATABASE_FAULTS,
    CommandKnown,
    Commit,
    Conflict,
    EventStore,
    StoreFault,
    StoreUnreachable,
    StreamEvents,
)
from shared.ids import Serial, new_id
from shared.messages import Answer
from shared.recorded import Meta
from shared.snapshots import Snapshot, Snapshots
from shared.transact import ACCEPTED

SNAPSHOT_EVENTS: Final = 64
"""After how many events a charger's state is written down again."""
ATTEMPTS_MAX: Final = 5
"""How often others may be first before an append is given up."""

LOG_FAULTS: Final = (StoreFault, *DATABASE_FAULTS)
"""What is raised when the log cannot be read or written now."""

Decide = Callable[[Charger], Sequence[ChargerFact]]

log = structlog.get_logger()


class Fenced(StoreFault):
    """Another gateway holds the charger: what this one would put on record is refused."""


class History:
    """
    One charger's history. Appends follow one another, whoever asks for them.

    Somebody who stops waiting for an append does not stop the append: what is in the log and
    what is in memory do not part.
    """

    def __init__(
        self, store: EventStore, snapshots: "Snapshots[Charger]", assigned: AssignedCharger
    ) -> None:
        self.assigned = assigned
        self.state = Charger()
        self.newest_sent = (0, 0)
        """Epoch and sequence of the newest limit sent to the charger, answered or not."""
        self.holding: Holding | None = None
        """By which this gateway holds the charger; none: it only reads its history."""
        self._store = store
        self._snapshots = snapshots
        self._version = 0
        self._snapshot_version = 0
        self._uncertain = False
        self._lock = asyncio.Lock()
        self._appending: set[asyncio.Task[int]] = set()
        self._moved = Moment()

    @property
    def _fold_version(self) -> str:
        """The number rises with the shape of the state: an older snapshot is then left alone."""
        return f"charger-8 of {self.assigned.installation_id}"

    async def load(self) -> None:
        """Read the history that the snapshot does not cover."""
        snapshot = await self._snapshots.newest(
            self._store.pool, self.assigned.stream, self._fold_version
        )
        if snapshot is not None:
            self.state, self._version = snapshot.state, snapshot.version
            self._snapshot_version = snapshot.version
        await self._read_on()

    async def look(self) -> None:
        """
        Read what others have written meanwhile.

        Raises:
            LOG_FAULTS: the log could not be read.
        """
        async with self._lock:
            await self._read_on()

    async def held(self) -> bool:
        """
        Tell whether this gateway surely holds the charger at this moment.

        Raises:
            LOG_FAULTS: it cannot be asked now.
        """
        holding = self.holding
        return holding is not None and await holding.surely(self.assigned.installation_id)

    async def check_held(self) -> None:
        """
        Make sure that what is put on record about the charger elsewhere than in its history may be.

        Raises:
            Fenced: another gateway holds the charger.
            LOG_FAULTS: that cannot be asked now.
        """
        if not await self.held():
            raise Fenced(f"another gateway holds charger {self.assigned.charger_id}")

    async def _read_on(self) -> None:
        newer = await self._store.load(self.assigned.stream, self._version)
        if newer:  # what is held in memory must not be ahead of a database that has crashed
            await self._store.make_durable()
        for recorded in newer:
            self._fold([recorded.event])  # type: ignore[list-item]  # the stream holds no others
            self._version = recorded.version
        self._uncertain = False

    async def record(
        self,
        events: Sequence[ChargerFact],
        command_id: str | None = None,
        mark: bytes | None = None,
        answer: Answer = ACCEPTED,
    ) -> int:
        """
        Append facts and let them take effect; with no events, nothing happens.

        Args:
            events: what happened.
            command_id: the same for every repetition of what caused them; by default a new one.
            mark: the fingerprint of the command; by default of this very call, so that an append
                the log had to try twice is not taken for a repetition, nor the other way about.
            answer: what a repetition of the command is answered.

        Returns:
            The position of the last one in the log.

        Raises:
            CommandKnown: they are in the log already, under the same command id.
            LOG_FAULTS: the log could not take them, or whether it did is unknown.
        """
        if not events:
            return 0
        return await self.decide(lambda _: events, command_id, mark, answer)

    async def decide(
        self,
        decide: Decide,
        command_id: str | None = None,
        mark: bytes | None = None,
        answer: Answer = ACCEPTED,
    ) -> int:
        """
        Append what follows from what is known when its turn has come, as `record` does.

        Raises:
            CommandKnown, LOG_FAULTS: as there.
        """
        command_id, mark = command_id or new_id(), mark or new_id().encode()
        task = asyncio.create_task(self._record(decide, command_id, mark, answer))
        self._appending.add(task)
        task.add_done_callback(self._appended)
        return await asyncio.shield(task)

    async def settle(self) -> None:
        """Wait for what is being appended, also for those who have stopped waiting for it."""
        if self._appending:
            await asyncio.wait(self._appending)

    async def no_session(self) -> None:
        """Wait until no session is open."""
        while self.state.session is not None:
            self._moved.clear()
            await self._moved.wait()

    def _appended(self, task: "asyncio.Task[int]") -> None:
        self._appending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.info("append ended without effect", fault=repr(task.exception()))

    async def _record(
        self, decide: Decide, command_id: str, mark: bytes, answer: Answer
    ) -> int:
        async with self._lock:
            if self._uncertain:
                await self.load()
            for _ in range(ATTEMPTS_MAX):
                events = decide(self.state)
                if not events:
                    return 0
                try:
                    position = await self._append(events, command_id, mark, answer)
                except Conflict:
                    await self._read_on()
                    await self._refuse_if_fenced()
                    continue
                self._fold(events)
                self._version += len(events)
                if self._version - self._snapshot_version >= SNAPSHOT_EVENTS:
                    await self._keep()
                return position
            raise Conflict(self.assigned.stream)

    async def _append(
        self, events: Sequence[ChargerFact], command_id: str, mark: bytes, answer: Answer
    ) -> int:
        context = present_context()
        meta = Meta(
            actor=context.actor,
            command_id=command_id,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
        )
        part = StreamEvents(self.assigned.stream, self._version, events)
        try:
            return await self._store.append(Commit(command_id, mark, answer, meta, [part]))
        except (CommandKnown, Conflict):
            raise
        except asyncio.CancelledError:
            # Nobody cancels an append but its store, when its writer ends.
            self._uncertain = True
            raise StoreUnreachable("the append was given up") from None
        except LOG_FAULTS:
            # The log may have taken them all the same; before the next one, it is read again.
            self._uncertain = True
            raise

    async def _refuse_if_fenced(self) -> None:
        holding = self.holding
        if holding is not None and not await holding.look(self.assigned.installation_id):
            raise Fenced(f"another gateway holds charger {self.assigned.charger_id}")

    def _fold(self, events: Iterable[ChargerFact]) -> None:
        for event in events:
            if self.assigned.concerns(event):
                self.state = evolve(self.state, event)
        self._moved.set()

    async def _keep(self) -> None:
        snapshot = Snapshot(self._version, self.state)
        try:
            await self._snapshots.keep(
                self._store.pool, self.assigned.stream, self._fold_version, snapshot
            )
        except DATABASE_FAULTS as error:
            log.warning("snapshot not written, the log has it all", error=repr(error))
        else:
            self._snapshot_version = self._version


class Histories:
    """The histories of all chargers, read when they are first asked for."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._snapshots = Snapshots(Charger)
        self._known: dict[Serial, History] = {}
        self._locks: dict[Serial, asyncio.Lock] = {}

    async def of(self, assigned: AssignedCharger) -> History:
        """
        Name the history of a charger as it is now, and let it know what the charger is at present.

        One that was away begins anew, and hears nothing of what an earlier connection still puts on
        record: its connection has to have ended.

        Raises:
            LOG_FAULTS: the log could not be read.
        """
        lock = self._locks.setdefault(assigned.serial, asyncio.Lock())
        async with lock:
            known = self._known.get(assigned.serial)
            if known is not None and known.assigned.same_place(assigned):
                known.assigned = assigned
                await known.look()
                return known
            history = History(self._store, self._snapshots, assigned)
            await history.load()
            self._known[assigned.serial] = history
            return history

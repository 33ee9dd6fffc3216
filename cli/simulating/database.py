"""
A log in memory that keeps the promises of the real one: dense positions, expected versions, commands
decided once, keys that exist once, and a disk that may lag behind what readers see.

`Database` is what outlives processes; `MemoryLog` is one process's way to it, and stands where `EventStore`
does. What a crash of the database takes was not on its disk yet, and nobody was told of it.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.commits import CommandKnown, Commit, Conflict, FirstAnswer, LogHalted, Taken
from shared.decider import Claim
from shared.epochs import LogState
from shared.event_store import EventStore
from shared.recorded import Recorded

Wait = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """Nothing is waited for."""


@dataclass(frozen=True, slots=True)
class _Done:
    commit: Commit
    head: int
    """The position of the log's newest event with it."""
    answered: int
    """The position in its answer: that of its own last event, 0 for none."""


class Database:
    """
    One log and all that belongs to it.

    Args:
        chance: what ids of events come from.
        now: names the time.
    """

    def __init__(self, chance: random.Random, now: Callable[[], datetime]) -> None:
        self._chance, self._now = chance, now
        self.entries: list[Recorded] = []
        self.versions: dict[str, int] = {}
        self.holders: dict[tuple[str, str], str] = {}
        """Who has each key that exists once."""
        self.halted: tuple[str, str] | None = None
        """Why nothing may be appended, and who says so."""
        self.epoch = 1
        self._done: list[_Done] = []
        self._known: dict[str, _Done] = {}
        self._on_disk = 0

    @property
    def head(self) -> int:
        """Name the position of the newest event."""
        return len(self.entries)

    @property
    def state(self) -> LogState:
        """What the head of the log says."""
        why, by = self.halted or (None, None)
        return LogState(self.epoch, self.head, why, by)  # type: ignore[arg-type]

    def first(self, command_id: str) -> FirstAnswer | None:
        """Look up what a command was answered when it came first."""
        done = self._known.get(command_id)
        if done is None:
            return None
        answer = done.commit.answer.model_copy(update={"position": done.answered})
        return FirstAnswer(answer, done.commit.fingerprint)

    def append(self, commit: Commit) -> int:
        """
        Append in one piece, or not at all.

        Raises:
            CommandKnown, Conflict, Taken, LogHalted: as the real one.
        """
        if self.halted is not None:
            raise LogHalted(self.halted[0])
        if (first := self.first(commit.command_id)) is not None:
            raise CommandKnown(first)
        for part in commit.streams:
            at = self.versions.get(part.stream, 0)
            if part.expected_version not in {None, at}:
                raise Conflict(f"{part.stream} is at {at}, not at {part.expected_version}")
        self.holders = self._holding(commit.claims)
        before = self.head
        for part in commit.streams:
            for event in part.events:
                version = self.versions.get(part.stream, 0) + 1
                self.versions[part.stream] = version
                self.entries.append(
                    Recorded(
                        position=self.head + 1,
                        stream=part.stream,
                        version=version,
                        event_id=UUID(int=self._chance.getrandbits(128)),
                        recorded_at=self._now(),
                        type=type(event).__name__,
                        schema_version=event.schema_version,
                        data=event.model_dump_json().encode(),
                        meta=commit.meta,
                    )
                )
        done = _Done(commit, self.head, self.head if self.head > before else 0)
        self._done.append(done)
        self._known[commit.command_id] = done
        return done.answered

    def _holding(self, claims: Sequence[Claim]) -> dict[tuple[str, str], str]:
        """Releases count before claims: a key may change hands within one commit."""
        held = dict(self.holders)
        for claim in claims:
            if claim.release and held.get((claim.kind, claim.key)) == claim.holder:
                del held[claim.kind, claim.key]
        for claim in claims:
            if claim.release:
                continue
            holder = held.setdefault((claim.kind, claim.key), claim.holder)
            if holder != claim.holder:
                raise Taken(claim.kind, claim.key, holder)
        return held

    # --- The disk ---

    @property
    def waits_for_disk(self) -> bool:
        """Tell whether readers see what a crash would take."""
        return self._on_disk < len(self._done)

    def sync(self) -> int:
        """Have everything on disk; names the newest position there."""
        self._on_disk = len(self._done)
        return self.head

    def crash(self) -> int:
        """Lose what is not on disk; names how many events that were."""
        return self._cut(self._on_disk)

    def restore(self, commits: int) -> int:
        """Go back by so many commits, as an older backup would; names how many events are lost."""
        lost = self._cut(max(0, self._on_disk - commits))
        self._on_disk = len(self._done)
        return lost

    def _cut(self, keep: int) -> int:
        kept, before = self._done[:keep], self.head
        head = kept[-1].head if kept else 0
        self.entries = self.entries[:head]
        self.versions = {it.stream: it.version for it in self.entries}
        self._done, self._known = kept, {it.commit.command_id: it for it in kept}
        self.holders = {}
        for done in kept:
            self.holders = self._holding(done.commit.claims)
        return before - head


class MemoryLog(EventStore):
    """
    A process's way to a database of this kind.

    Args:
        database: where everything is.
        pool: what asks it about other things than events.
        line: what a round trip to it takes; raises what a broken connection raises.
        disk: what waiting for its disk takes, in the same way.
    """

    def __init__(
        self,
        database: Database,
        pool: Any = None,  # noqa: ANN401  # it is asked what that of PostgreSQL is asked
        line: Wait = at_once,
        disk: Wait = at_once,
    ) -> None:
        super().__init__(pool)
        self._database, self._line, self._disk = database, line, disk

    async def load(self, stream: str, after_version: int = 0) -> list[Recorded]:
        """Read a stream's history in order."""
        await self._line()
        found = [it for it in self._database.entries if it.stream == stream]
        return found[after_version:]

    async def versions(self) -> dict[str, int]:
        """Name the version that every stream is at."""
        await self._line()
        return dict(self._database.versions)

    async def read(self, after: int, limit: int = 1000) -> list[Recorded]:
        """Read the log in global order, from the position behind `after`."""
        await self._line()
        return self._database.entries[max(after, 0) : max(after, 0) + limit]

    async def head(self) -> int:
        """Name the position of the newest event; 0 for an empty log."""
        await self._line()
        return self._database.head

    async def make_durable(self) -> None:
        """Wait until all that was read before is on disk."""
        await self._disk()
        self._database.sync()

    async def first_answer(self, command_id: str) -> FirstAnswer | None:
        """Look up what a command was answered when it came first; that it was is then on disk."""
        await self._line()
        found = self._database.first(command_id)
        if found is not None:
            await self.make_durable()
        return found

    async def append(self, commit: Commit) -> int:
        """Append one command's events and its answer, durably; faults as the real one's."""
        await self._line()
        try:
            position = self._database.append(commit)
        except CommandKnown:
            await self.make_durable()
            raise
        await self.make_durable()
        self._on_durable(self._database.head)
        return position

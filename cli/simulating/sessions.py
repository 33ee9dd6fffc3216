"""
Sessions of a database that hold locks, in memory: which balancers there are, and who holds what.

A session that says nothing for `SESSION_S` is ended, and what it has locked is free; as PostgreSQL does it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.balancer.locks import SESSION_S, Locks, Seen
from services.balancer.sharing import first_free

Wait = Callable[[], Awaitable[None]]


@dataclass
class Session:
    """One connection, and what it has locked."""

    slot: int
    heard_s: float
    on_change: Callable[[], None] = lambda: None
    member: bool = False
    partitions: set[int] = field(default_factory=set)


class Sessions:
    """All of one database."""

    def __init__(self) -> None:
        self.open: list[Session] = []
        self.epochs: dict[int, int] = {}
        self.ended_s = -SESSION_S
        """When the database ended all of them at once."""

    def begin(self) -> Session:
        """Connect, and take the lowest free number."""
        self.end_silent()
        session = Session(first_free(it.slot for it in self.open), _now_s())
        self.open.append(session)
        return session

    def end(self, session: Session) -> None:
        """A connection is gone, and the database knows."""
        if session in self.open:
            self.open.remove(session)
            self.notify()

    def end_all(self) -> None:
        """The database starts anew."""
        self.open.clear()
        self.ended_s = _now_s()

    def end_silent(self) -> None:
        """End those that are not heard of."""
        self.open = [it for it in self.open if _now_s() - it.heard_s <= SESSION_S]

    def notify(self) -> None:
        """Tell everybody that something has changed."""
        for it in self.open:
            it.on_change()

    def holders(self, partition: int) -> list[Session]:
        """Name who has a partition locked."""
        self.end_silent()
        return [it for it in self.open if partition in it.partitions]


class MemoryLocks(Locks):
    """The locks of one balancer; it stands where those of PostgreSQL do."""

    def __init__(
        self,
        sessions: Sessions,
        session: Session,
        line: Wait,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(None, session.slot)
        self._now = now
        self._sessions, self._session, self._line = sessions, session, line

    async def _reach(self) -> None:
        await self._line()
        self._sessions.end_silent()
        if self._session not in self._sessions.open:
            raise ConnectionResetError("the session was ended")
        self._session.heard_s = _now_s()

    async def look(self) -> Seen:
        """Ask who is there and what is held."""
        await self._reach()
        present = self._sessions.open
        return Seen(
            frozenset(it.slot for it in present),
            frozenset(it.slot for it in present if it.member),
            frozenset(number for it in present for number in it.partitions),
            self._now(),
        )

    async def join(self) -> None:
        """Say that this balancer takes part."""
        await self._take_part(member=True)

    async def leave(self) -> None:
        """Say that it takes part no more."""
        await self._take_part(member=False)

    async def _take_part(self, *, member: bool) -> None:
        await self._reach()
        self._session.member = member
        self._sessions.notify()

    async def take(self, partitions: Sequence[int]) -> Mapping[int, int]:
        """Take those that are free, each under a new epoch."""
        await self._reach()
        held = {number for it in self._sessions.open for number in it.partitions}
        taken = [it for it in partitions if it not in held]
        self._session.partitions.update(taken)
        epochs = self._sessions.epochs
        epochs.update({it: epochs.get(it, 0) + 1 for it in taken})
        return {it: epochs[it] for it in taken}

    async def release(self, partitions: Collection[int]) -> None:
        """Hand partitions over to whoever takes them first."""
        await self._reach()
        self._session.partitions.difference_update(partitions)
        self._sessions.notify()

    async def listen(self, on_change: Callable[[], None]) -> None:
        """Have somebody told when others have joined, or handed something over."""
        await self._reach()
        self._session.on_change = on_change


def _now_s() -> float:
    return asyncio.get_running_loop().time()

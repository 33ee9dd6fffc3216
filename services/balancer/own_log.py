"""
What was announced to chargers, folded from our own log in the order of its positions.

Several processes append to that log, each for installations of its own. Each of them folds all of it, so
that it knows what it takes over, and what hardware was told elsewhere. What it decides it appends for the
version that the installation's stream has in its fold: if anybody has decided since, the log refuses, and
it decides again on what was decided.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.documents import Gathering
from shared.event_store import EventStore
from shared.followers import Moved
from shared.ids import InstallationId
from shared.messages import Event
from shared.messages.balancer import CurrentLimitAllocated, LayoutRequired, LeasesRenewed

SERVICE: Final = "balancer"

_CURSOR: Final = "select position, event_id from cursor where consumer = $1 and service = $2"

Fact = tuple[str, int, Event, datetime]
"""A stream, its version with the event, the event, and when it was recorded."""


def stream_of(installation_id: InstallationId) -> str:
    """Name the stream of what is decided for an installation."""
    return f"balance-{installation_id}"


class OwnLog:
    """
    The fold of our own log.

    Args:
        pool: our database.
        store: our log, in it.
        consumer: whose fold it is; its place in the log is kept under that name.
        apply: what an event does, within a transaction.
        reload: reads what is held in memory anew.
    """

    def __init__(
        self,
        pool: Any,  # noqa: ANN401  # asyncpg carries no types
        store: EventStore,
        consumer: str,
        apply: Callable[[Any, Event, datetime], Awaitable[None]],
        reload: Callable[[], Awaitable[None]],
    ) -> None:
        self._pool = pool
        self._store = store
        self._consumer = consumer
        self._apply = apply
        self._reload = reload
        self._position = 0
        self._mark: UUID | None = None
        """What the cursor says beside its position: something else once documents were replaced."""
        self._versions: dict[str, int] = {}
        self._required: dict[InstallationId, int] = {}
        self._epochs: dict[InstallationId, int] = {}
        self._whole = True
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Read what is there, and what was announced since, by whomever."""
        # Versions before events: whatever is missing in the fold by then is read below.
        self._versions = await self._store.versions()
        await self._pool.execute(
            "insert into cursor values ($1, $2, 0) on conflict do nothing",
            self._consumer,
            SERVICE,
        )
        async with self._pool.acquire() as connection, connection.transaction():
            # Locked, so that nobody who still folds under this name writes in between.
            cursor = await connection.fetchrow(f"{_CURSOR} for update", self._consumer, SERVICE)
            self._position, self._mark = cursor["position"], cursor["event_id"]
            await self._reload()
        await self.catch_up()

    def version(self, installation_id: InstallationId) -> int:
        """Name the version that an installation's stream has in this fold."""
        return self._versions.get(stream_of(installation_id), 0)

    def required(self, installation_id: InstallationId) -> int:
        """Name the position up to which a layout must be known, as far as was said since the start."""
        return self._required.get(installation_id, 0)

    def epoch(self, installation_id: InstallationId) -> int:
        """Name the newest epoch under which somebody has decided, as far as was said since the start.
        Whoever holds an older one has been replaced, whether or not it knows."""
        return self._epochs.get(installation_id, 0)

    async def catch_up(self) -> None:
        """Fold everything that is in the log, on documents that may have been replaced meanwhile."""
        async with self._turn:
            cursor = await self._pool.fetchrow(_CURSOR, self._consumer, SERVICE)
            await self._notice(cursor["event_id"])
            await self._catch_up()

    async def remember(
        self,
        installation_id: InstallationId,
        facts: Sequence[tuple[Event, datetime]],
        last: int,
    ) -> None:
        """
        Fold what was just appended, and what others have appended before it.

        Args:
            installation_id: what it was decided for.
            facts: the events, and when they were decided.
            last: the position of the last of them.
        """
        async with self._turn:
            if last <= self._position:
                return  # it was read meanwhile
            if self._position + len(facts) == last:
                stream, version = stream_of(installation_id), self.version(installation_id)
                own = [(stream, version + i, *it) for i, it in enumerate(facts, 1)]
                await self._fold(own, last)
            else:
                await self._catch_up()

    async def _notice(self, mark: UUID | None) -> None:
        """Read the documents anew if they were replaced, at the position at which they are."""
        if mark != self._mark:
            await self._reload()
            self._mark = mark

    async def _catch_up(self) -> None:
        async for page in self._store.pages(self._position):
            facts = [(it.stream, it.version, it.event, it.recorded_at) for it in page]
            await self._fold(facts, page[-1].position)

    async def _fold(self, facts: Sequence[Fact], last: int) -> None:
        """
        Fold events, and move the cursor with them.

        Raises:
            Moved: somebody else folds under the same name, because this process was thought dead.
        """
        if not self._whole:
            await self._reload()  # memory was ahead of a transaction that failed
        self._whole = False
        async with self._pool.acquire() as connection, connection.transaction():
            moved = await connection.fetchrow(
                "update cursor set position = $4, heartbeat_at = clock_timestamp()"
                " where consumer = $1 and service = $2 and position = $3 returning event_id",
                self._consumer,
                SERVICE,
                self._position,
                last,
            )
            if moved is None:
                raise Moved(f"{self._consumer} is not at {self._position} of its own log")
            # Whoever replaces documents has the cursor locked, and marks it, before anybody writes.
            await self._notice(moved["event_id"])
            gathering = Gathering(connection)
            for _, _, event, recorded_at in facts:
                await self._apply(gathering, event, recorded_at)
            await gathering.write()
        self._position, self._whole = last, True
        for stream, version, event, _ in facts:
            self._versions[stream] = max(version, self._versions.get(stream, 0))
            if isinstance(event, LayoutRequired):
                known = self.required(event.installation_id)
                self._required[event.installation_id] = max(known, event.layout_position)
            if isinstance(event, CurrentLimitAllocated | LeasesRenewed):
                newest = self.epoch(event.installation_id)
                self._epochs[event.installation_id] = max(newest, event.epoch)

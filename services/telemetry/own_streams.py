"""Streams of the own log, one for each serial number: read as they are now, decided on, appended to."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from shared.context import present_context
from shared.event_store import Commit, Conflict, EventStore, StreamEvents
from shared.ids import Serial, new_id
from shared.messages import Answer, Event
from shared.recorded import Meta
from shared.transact import ACCEPTED

ATTEMPTS_MAX: Final = 20

S = TypeVar("S")


class OwnStreams(Generic[S]):
    """
    All streams of one kind.

    Nothing of them is held in memory: several gateways decide on them, and each has to know what another
    one did a moment ago.
    """

    def __init__(
        self,
        store: EventStore,
        stream_of: Callable[[Serial], str],
        folded: Callable[[Sequence[Any]], S],
    ) -> None:
        self._store = store
        self.stream_of = stream_of
        self._folded = folded

    async def of(self, serial: Serial) -> S:
        """
        Read what holds at present.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: it cannot be read.
        """
        return self._folded(await self.history(serial))

    async def history(self, serial: Serial) -> list[Event]:
        """Read all that happened."""
        return [it.event for it in await self._store.load(self.stream_of(serial))]

    async def record(
        self,
        serial: Serial,
        decide: Callable[[S], Sequence[Event]],
        command_id: str | None = None,
        mark: bytes | None = None,
        answer: Answer = ACCEPTED,
    ) -> int:
        """
        Decide on what holds at present, and append what that gives.

        Args:
            serial: whose stream it is.
            decide: returns events, none when it is so already, or raises `Refused`.
            command_id: of the command that they are the answer to, if they are; with it, the
                answer is kept even without events.
            mark: the fingerprint of that command.
            answer: what a repetition of the command is answered.

        Returns:
            The position of the last event in the log; 0 for none.

        Raises:
            StoreFault, OSError, asyncpg.PostgresError, asyncpg.InterfaceError: the log could not
                take them.
        """
        for _ in range(ATTEMPTS_MAX):
            history = await self.history(serial)
            events = decide(self._folded(history))
            if not events and command_id is None:
                await (
                    self._store.make_durable()
                )  # it is so already, and no crash shall change that
                return 0
            context = present_context()
            meta = Meta(
                actor=context.actor,
                command_id=command_id or new_id(),
                correlation_id=context.correlation_id,
                causation_id=context.causation_id,
                allowed_by=context.allowed_by,
            )
            part = StreamEvents(self.stream_of(serial), len(history), events)
            try:
                return await self._store.append(
                    Commit(meta.command_id, mark or new_id().encode(), answer, meta, [part])
                )
            except Conflict:
                continue
        raise Conflict(self.stream_of(serial))

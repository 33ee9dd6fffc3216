"""What is put on record: that something happened, never by which secret."""

from shared.context import present_context
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.messages import Event
from shared.recorded import Meta
from shared.transact import ACCEPTED


def stream_of(name: str) -> str:
    """Name the stream of a person's or a program's sign-in; nothing is decided from it."""
    return f"sign-in-{name}"


class Facts:
    """Appends to the log of permissions."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def record(self, name: str, actor: str, *events: Event) -> int:
        """
        Append facts about a person or a program.

        Returns:
            The position of the last one.

        Raises:
            StoreFault: they could not be appended; then what they tell of must not happen.
        """
        command_id = new_id()
        meta = Meta(
            actor=actor,
            command_id=command_id,
            correlation_id=present_context().correlation_id,
        )
        parts = [StreamEvents(stream_of(name), None, list(events))]
        return await self._store.append(Commit(command_id, b"", ACCEPTED, meta, parts, []))

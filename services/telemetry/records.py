"""
What a charger was asked of its hardware, and what it says of it, on record.

It is on a stream of its own: nothing that a charger has to say of its sessions waits for it in the log.
"""

from services.telemetry.drivers import meta_of
from services.telemetry.histories import History
from services.telemetry.notices import stream_of
from services.telemetry.parts import Parts
from shared.event_store import CommandKnown, Commit, StreamEvents, fingerprint
from shared.ids import new_id
from shared.messages import Answer, Command
from shared.messages.telemetry import ChargerEvent
from shared.transact import ACCEPTED


class Records:
    """Puts it on record for one charger."""

    def __init__(self, parts: Parts, history: History) -> None:
        self._parts = parts
        self._history = history

    async def asked(
        self, event: ChargerEvent, command: Command, answer: Answer = ACCEPTED
    ) -> Answer:
        """
        Put on record what came of a command, and what a repetition of it is answered.

        What a charger has told is left out of that: no log keeps it.

        Returns:
            The answer, with its position in the log.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        kept = answer.model_copy(update={"told": None})
        position = await self._append(event, command.command_id, fingerprint(command), kept)
        return answer.model_copy(update={"position": position})

    async def said(self, event: ChargerEvent, mark: str | None = None) -> None:
        """
        Put on record what the charger says; once for all repetitions with the same mark.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        await self._history.check_held()
        await self._append(event, mark or new_id(), new_id().encode(), ACCEPTED)

    async def _append(
        self, event: ChargerEvent, command_id: str, mark: bytes, answer: Answer
    ) -> int:
        part = StreamEvents(stream_of(self._history.assigned.charger_id), None, [event])
        try:
            return await self._parts.store.append(
                Commit(command_id, mark, answer, meta_of(command_id), [part])
            )
        except CommandKnown as known:
            return known.first.answer.position

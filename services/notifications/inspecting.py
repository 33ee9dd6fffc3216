"""Asks the installation service what an electrician would say of each set-up, whenever it has changed."""

from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.notifications.knowledge import Knowledge
from shared.clock import utc_now
from shared.messaging import ServiceUnavailable
from shared.notes_query import ask_notes
from shared.tasks import keep_running

LOOK_S: Final = 2.0
"""An installer who sets something up changes many things in a row; it is looked at after a while."""
FAULTS: Final = (ServiceUnavailable, NatsError, ValidationError)

log = structlog.get_logger()


class Inspecting:
    """Keeps what is said of set-ups."""

    def __init__(self, client: Client, knowledge: Knowledge) -> None:
        self._client = client
        self._knowledge = knowledge

    async def run(self) -> None:
        """Ask for ever; whoever does not answer now is asked again."""

        def on_fault(fault: Exception) -> None:
            log.warning("set-ups cannot be looked over now", fault=repr(fault))

        await keep_running(self._ask_due, FAULTS, on_fault, LOOK_S)

    async def _ask_due(self) -> None:
        unasked = self._knowledge.unasked
        for installation_id in sorted(unasked):
            unasked.discard(installation_id)
            try:
                notes = await ask_notes(self._client, installation_id)
            except FAULTS:
                unasked.add(installation_id)
                raise
            self._knowledge.note(installation_id, notes, utc_now())

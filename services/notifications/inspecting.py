"""Asks the installation service what an electrician would say of each set-up, whenever it has changed."""

from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.notifications.knowledge import Knowledge
from shared import subjects
from shared.clock import utc_now
from shared.ids import InstallationId
from shared.messages import sent
from shared.messages.notices import SetUpNotes, SetUpNotesAnswer
from shared.tasks import keep_running

INSTALLATION: Final = "installation"
LOOK_S: Final = 2.0
"""An installer who sets something up changes many things in a row; it is looked at after a while."""
ASK_S_MAX: Final = 3.0

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

        await keep_running(self._ask_due, (NatsError, ValidationError), on_fault, LOOK_S)

    async def _ask_due(self) -> None:
        for installation_id in sorted(self._knowledge.unasked):
            self._knowledge.unasked.discard(installation_id)
            try:
                await self._ask(installation_id)
            except (NatsError, ValidationError):
                self._knowledge.unasked.add(installation_id)
                raise

    async def _ask(self, installation_id: InstallationId) -> None:
        reply = await self._client.request(
            subjects.query(INSTALLATION, SetUpNotes.__name__),
            sent(SetUpNotes(installation_id=installation_id)),
            timeout=ASK_S_MAX,
        )
        answer = SetUpNotesAnswer.model_validate_json(reply.data)
        self._knowledge.note(installation_id, answer.notes, utc_now())

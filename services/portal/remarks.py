"""What an electrician would say of an installation, on the pages that set it up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import ValidationError

from services.portal.doing import sentence
from shared import subjects
from shared.ids import InstallationId
from shared.messages import sent
from shared.messages.notices import SetUpNotes, SetUpNotesAnswer
from shared.messaging import REQUEST_TIMEOUT_S

SUBJECT: Final = subjects.query("installation", SetUpNotes.__name__)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Remark:
    """A note: what is so, and what to do about it."""

    about: str
    """The id of what it is about."""
    text: str
    mend: str
    """Empty where all is well, and only explained."""


class Remarks:
    """Asks for what there is to say."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of(self, installation_id: InstallationId) -> Sequence[Remark] | None:
        """Look an installation over; none: whoever knows does not answer, and the page says so."""
        question = sent(SetUpNotes(installation_id=installation_id))
        try:
            reply = await self._client.request(SUBJECT, question, timeout=REQUEST_TIMEOUT_S)
            notes = SetUpNotesAnswer.model_validate_json(reply.data).notes
        except (NoRespondersError, NatsTimeoutError, ValidationError) as fault:
            log.warning("not looked over", installation_id=installation_id, reason=repr(fault))
            return None
        return [Remark(it.about, sentence(it.text), sentence(it.mend)) for it in notes]

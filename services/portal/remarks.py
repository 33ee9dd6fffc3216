"""What an electrician would say of an installation, on the pages that set it up."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from nats.aio.client import Client

from services.portal.doing import sentence
from shared.ids import InstallationId
from shared.messaging import ServiceUnavailable
from shared.notes_query import ask_notes

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
        try:
            notes = await ask_notes(self._client, installation_id)
        except ServiceUnavailable as fault:
            log.warning("not looked over", installation_id=installation_id, reason=str(fault))
            return None
        return [Remark(it.about, sentence(it.text), sentence(it.mend)) for it in notes]

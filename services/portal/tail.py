"""What happens at an installation, read on from anywhere in the jetstreams that copy the logs."""

from collections.abc import Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from shared import epochs, subjects
from shared.announced import event_at
from shared.ids import InstallationId
from shared.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has read a log; position 0: not at all."""

    epoch: int
    position: int


class Tail:
    """
    Reads events of single installations, in the order of each log.

    A service may not make consumers of its own (`cli/providing.py`), so the next event that matches is
    asked for by its subject, which JetStream finds without reading those between.
    """

    def __init__(self, client: Client, services: Sequence[str]) -> None:
        self._js = client.jetstream()
        self.services = tuple(services)

    async def ends(self) -> dict[str, Mark]:
        """Say where the logs end now; one that nobody has announced yet is left out."""
        found = {it: await epochs.present_copy(self._js, it) for it in self.services}
        return {
            service: Mark(copy.epoch, copy.last)
            for service, copy in found.items()
            if copy is not None
        }

    async def next(
        self, service: str, mark: Mark, installation_id: InstallationId
    ) -> Recorded | None:
        """Read the first event about an installation after a mark; none if there is none yet."""
        jetstream = subjects.jetstream_of(service, mark.epoch)
        subject = subjects.events_about(service, installation_id)
        try:
            found = await self._js.get_msg(
                jetstream, seq=mark.position + 1, subject=subject, next=True
            )
        except NotFoundError:
            return None
        return event_at(found.seq or 0, found.subject, found.headers, found.data)

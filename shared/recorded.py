"""An event as the log holds it: the fact, and everything known about its recording."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.messages import Event
from shared.messages.registry import decode


class Meta(BaseModel):
    """Who caused an event, and what belongs together."""

    model_config = ConfigDict(frozen=True)

    actor: str
    command_id: str
    correlation_id: str
    causation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """One entry of a log."""

    position: int
    stream: str
    version: int
    event_id: UUID
    recorded_at: datetime
    type: str
    schema_version: int
    data: bytes
    meta: Meta

    @property
    def event(self) -> Event:
        """
        The fact itself.

        Raises:
            UnknownEvent: this version of the program cannot read it.
        """
        return decode(self.type, self.schema_version, self.data)

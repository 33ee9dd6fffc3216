"""An event as the log holds it: the fact, and everything known about its recording."""

from datetime import datetime
from typing import NamedTuple, Self
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
    allowed_by: str | None = None
    """By what right a person did it."""


class _Row(NamedTuple):
    position: int
    stream: str
    version: int
    event_id: UUID
    recorded_at: datetime
    type: str
    schema_version: int
    data: bytes
    meta_json: bytes


class Recorded(_Row):
    """
    One entry of a log.

    Fact and metadata stay JSON until somebody asks: a replay reads millions of entries, and most
    readers look at a part of each. `Recorded._make(row)` is the quick way from a row of the log.
    """

    __slots__ = ()

    def __new__(
        cls,
        *,
        position: int,
        stream: str,
        version: int,
        event_id: UUID,
        recorded_at: datetime,
        type: str,  # noqa: A002  # the log's name for it
        schema_version: int,
        data: bytes,
        meta: Meta,
    ) -> Self:
        meta_json = meta.model_dump_json(exclude_none=True).encode()
        when = (position, stream, version, event_id, recorded_at)
        return cls._make((*when, type, schema_version, data, meta_json))

    @property
    def meta(self) -> Meta:
        """Who caused it."""
        return Meta.model_validate_json(self.meta_json)

    @property
    def event(self) -> Event:
        """
        The fact itself.

        Raises:
            UnknownEvent: this version of the program cannot read it.
        """
        return decode(self.type, self.schema_version, self.data)

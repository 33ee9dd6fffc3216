"""An event as the log holds it: the fact, and everything known about its recording."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.messages import Event
from shared.messages.registry import decode

_POSTGRES_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def moment_of(at: datetime) -> bytes:
    """
    Write a time as PostgreSQL sends it: microseconds since 2000, big-endian in eight bytes.

    Raises:
        ValueError: it does not say in which time zone it is.

    >>> moment_of(datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC)).hex()
    '00000000000f4240'
    """
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return ((at - _POSTGRES_EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True)


class Meta(BaseModel):
    """Who caused an event, and what belongs together."""

    model_config = ConfigDict(frozen=True)

    actor: str
    command_id: str
    correlation_id: str
    causation_id: str | None = None
    allowed_by: str | None = None
    """By what right a person did it."""
    traceparent: str | None = None
    """In which trace it happened, as W3C spells it; none if it was not traced."""


class _Row(NamedTuple):
    position: int
    stream: str
    version: int
    event_id: UUID
    moment: bytes
    type: str
    schema_version: int
    data: bytes
    meta_json: bytes


class Recorded(_Row):
    """
    One entry of a log.

    Fact and metadata stay JSON, and the time stays bytes, until somebody asks: a replay reads millions
    of entries, and most readers look at a part of each. `Recorded._make(row)` is the quick way from a
    row of the log.
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
        when = (position, stream, version, event_id, moment_of(recorded_at))
        return cls._make((*when, type, schema_version, data, meta_json))

    @property
    def recorded_at(self) -> datetime:
        """When it was appended."""
        since_us = int.from_bytes(self.moment, "big", signed=True)
        return _POSTGRES_EPOCH + timedelta(microseconds=since_us)

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

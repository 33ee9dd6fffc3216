"""
The hash that ties every event to the one before it, computed without the database.

`append_commands` in `shared/schema/log` lays an event out in bytes; here the same is done again,
so that neither the database nor whoever may write to it is believed.
"""

import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

GENESIS: Final = bytes(32)
"""What stands for the predecessor of the first event."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of a log, byte by byte as it is stored."""

    position: int
    stream: str
    version: int
    type: str
    schema: int
    event_id: UUID
    data: bytes
    meta: bytes
    recorded_at: datetime
    hash: bytes

    @property
    def command_id(self) -> str | None:
        """The command it came from; none if the metadata cannot be read."""
        return self._of_meta("command_id")

    @property
    def actor(self) -> str | None:
        """Who caused it; none if the metadata cannot be read."""
        return self._of_meta("actor")

    def _of_meta(self, name: str) -> str | None:
        try:
            content: dict[str, Any] = orjson.loads(self.meta)
            return str(content[name])
        except (ValueError, KeyError, TypeError):
            return None


def content(event: Stored) -> bytes:
    """
    Lay an event out as its hash covers it.

    Big-endian: position, version, schema, event id, microseconds since 1970; then stream, type,
    metadata and data, each with its length in bytes before it.
    """
    recorded_us = (event.recorded_at - _EPOCH) // _MICROSECOND
    fixed = struct.pack(">qqh", event.position, event.version, event.schema)
    parts = (event.stream.encode(), event.type.encode(), event.meta, event.data)
    lengths = b"".join(struct.pack(">i", len(part)) + part for part in parts)
    return fixed + event.event_id.bytes + struct.pack(">q", recorded_us) + lengths


def hash_after(previous: bytes, event: Stored) -> bytes:
    """Compute the hash of an event whose predecessor has the hash `previous`."""
    return hashlib.sha256(previous + content(event)).digest()

"""How an event is written on the wire, with everything that is known about its recording, and read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from nats.aio.msg import Msg

from shared.context import CAUSATION_HEADER, CORRELATION_HEADER
from shared.recorded import Meta, Recorded, moment_of
from shared.tracing import HEADER as TRACE_HEADER

META_HEADER: Final = "Ampledger-Meta"
EVENT_ID_HEADER: Final = "Ampledger-Event-Id"
EPOCH_HEADER: Final = "Ampledger-Epoch"
STREAM_HEADER: Final = "Ampledger-Stream"
VERSION_HEADER: Final = "Ampledger-Version"
SCHEMA_HEADER: Final = "Ampledger-Schema"
RECORDED_AT_HEADER: Final = "Ampledger-Recorded-At"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that does not say of which event it is; its place in the order is known all the same."""

    position: int
    stream: str
    why: str


def headers_of(recorded: Recorded, epoch: int) -> dict[str, str]:
    """Spell everything that is known about an event's recording as NATS headers."""
    meta = recorded.meta
    headers = {
        EVENT_ID_HEADER: str(recorded.event_id),
        EPOCH_HEADER: str(epoch),
        STREAM_HEADER: recorded.stream,
        VERSION_HEADER: str(recorded.version),
        SCHEMA_HEADER: str(recorded.schema_version),
        RECORDED_AT_HEADER: recorded.recorded_at.isoformat(),
        META_HEADER: recorded.meta_json.decode(),
        CORRELATION_HEADER: meta.correlation_id,
    }
    if meta.causation_id is not None:
        headers[CAUSATION_HEADER] = meta.causation_id
    if meta.traceparent is not None:
        headers[TRACE_HEADER] = meta.traceparent
    return headers


def recorded_of(message: Msg) -> Recorded:
    """
    Read an event as a consumer delivers it.

    Raises:
        ValueError, KeyError: it does not say of which event it is.
    """
    sequence = message.metadata.sequence.stream
    return event_at(sequence, message.subject, message.headers, message.data)


def event_at(
    position: int, subject: str | None, headers: dict[str, str] | None, data: bytes | None
) -> Recorded:
    """
    Read an event from a message at a sequence of its jetstream.

    Raises:
        ValueError, KeyError: it does not say of which event it is.
    """
    known = headers or {}
    # Whoever caused it must be told; what says so is kept as it came.
    Meta.model_validate_json(known[META_HEADER])
    return Recorded._make(
        (
            position,
            known[STREAM_HEADER],
            int(known[VERSION_HEADER]),
            UUID(known[EVENT_ID_HEADER]),
            moment_of(datetime.fromisoformat(known[RECORDED_AT_HEADER])),
            (subject or "").rsplit(".", 1)[-1],
            int(known[SCHEMA_HEADER]),
            data or b"",
            known[META_HEADER].encode(),
        )
    )


def read(message: Msg) -> Recorded | Unreadable:
    """Read an event as a consumer delivers it; one that cannot be read still has its place."""
    try:
        return recorded_of(message)
    except (ValueError, KeyError) as fault:
        stream = (message.headers or {}).get(STREAM_HEADER) or message.subject
        why = f"{type(fault).__name__}: {fault}"
        return Unreadable(message.metadata.sequence.stream, stream, why)


def epoch_in(headers: dict[str, str] | None) -> int | None:
    """Name the epoch of the log in which a message was announced; none if it does not say."""
    number = (headers or {}).get(EPOCH_HEADER, "")
    return int(number) if number.isdecimal() else None

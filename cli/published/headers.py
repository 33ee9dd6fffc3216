"""What the headers of events and commands say."""

from collections.abc import Mapping
from typing import Final

from cli.published.schemas import Schema
from shared.announced import (
    EPOCH_HEADER,
    EVENT_ID_HEADER,
    META_HEADER,
    RECORDED_AT_HEADER,
    SCHEMA_HEADER,
    STREAM_HEADER,
    VERSION_HEADER,
)
from shared.context import ACTOR_HEADER, CAUSATION_HEADER, CORRELATION_HEADER
from shared.tracing import HEADER as TRACE_HEADER

_TEXT: Final[Schema] = {"type": "string"}
_CORRELATION: Final[Schema] = {
    CORRELATION_HEADER: {
        **_TEXT,
        "description": "What belongs together: the same from a wish to all that came of it.",
    },
    CAUSATION_HEADER: {**_TEXT, "description": "The id of the event that led to this one."},
    TRACE_HEADER: {
        **_TEXT,
        "description": "In which trace it happened (W3C Trace Context), if it was traced.",
    },
}
HEADERS: Final[Mapping[str, Schema]] = {
    "EventHeaders": {
        "type": "object",
        "properties": {
            EVENT_ID_HEADER: {
                **_TEXT,
                "format": "uuid",
                "description": "The event's id, the same wherever and whenever it is announced.",
            },
            SCHEMA_HEADER: {
                **_TEXT,
                "pattern": "^[1-9][0-9]*$",
                "description": "The version of the schema that it was written with.",
            },
            EPOCH_HEADER: {
                **_TEXT,
                "description": "The epoch of the log; it ends when a backup is restored.",
            },
            STREAM_HEADER: {**_TEXT, "description": "The stream in the log of its owner."},
            VERSION_HEADER: {**_TEXT, "description": "Its number within that stream."},
            RECORDED_AT_HEADER: {
                **_TEXT,
                "format": "date-time",
                "description": "When it was recorded.",
            },
            META_HEADER: {
                **_TEXT,
                "description": "Who wished for it (`actor`), and by which command (`command_id`), as JSON.",
            },
            **_CORRELATION,
        },
        "required": [
            EVENT_ID_HEADER,
            SCHEMA_HEADER,
            STREAM_HEADER,
            VERSION_HEADER,
            RECORDED_AT_HEADER,
            META_HEADER,
            CORRELATION_HEADER,
        ],
    },
    "CommandHeaders": {
        "type": "object",
        "properties": {
            ACTOR_HEADER: {**_TEXT, "description": "Who wishes it, as the log will tell."},
            **_CORRELATION,
        },
    },
}

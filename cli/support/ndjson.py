"""
Events as lines of JSON, and back: every byte that a hash covers survives.

`data` and `meta` are texts, exactly as they are stored; `jq '.data | fromjson'` opens them. What is not
UTF-8 comes in `data_base64` and `meta_base64` instead.
"""

import base64
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.history.chain import Stored


class BadLine(ValueError):
    """A line that is no exported event."""


def line_of(service: str, event: Stored, previous: bytes | None) -> bytes:
    """Write one event; `previous` is the hash of the one before it."""
    content: dict[str, Any] = {
        "service": service,
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "type": event.type,
        "schema": event.schema,
        "event_id": str(event.event_id),
        "recorded_at": event.recorded_at.isoformat(),
        **_bytes("meta", event.meta),
        **_bytes("data", event.data),
        "hash": event.hash.hex(),
        "previous_hash": None if previous is None else previous.hex(),
    }
    return orjson.dumps(content) + b"\n"


def _bytes(name: str, value: bytes) -> dict[str, str]:
    try:
        return {name: value.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode()}


def read_lines(lines: Iterable[bytes]) -> Iterator[tuple[str, Stored, bytes | None]]:
    """
    Read an export: service, event and the hash of the one before it.

    Raises:
        BadLine: a line is no event; it says which.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _read(orjson.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise BadLine(f"line {number} is no exported event: {error!r}") from error


def _read(content: dict[str, Any]) -> tuple[str, Stored, bytes | None]:
    previous = content["previous_hash"]
    event = Stored(
        position=int(content["position"]),
        stream=str(content["stream"]),
        version=int(content["version"]),
        type=str(content["type"]),
        schema=int(content["schema"]),
        event_id=UUID(content["event_id"]),
        data=_raw("data", content),
        meta=_raw("meta", content),
        recorded_at=datetime.fromisoformat(content["recorded_at"]),
        hash=bytes.fromhex(content["hash"]),
    )
    return str(content["service"]), event, None if previous is None else bytes.fromhex(previous)


def _raw(name: str, content: dict[str, Any]) -> bytes:
    if f"{name}_base64" in content:
        return base64.b64decode(content[f"{name}_base64"], validate=True)
    return str(content[name]).encode()

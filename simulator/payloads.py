"""
Reading OCPP 1.6 payloads by hand: every field is checked where it is used.

A server's request with a missing, mistyped or impossible field is answered with a CALLERROR
whose code the OCPP-J 1.6 specification names (part 4, section 4.2.3).
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

Payload = dict[str, Any]
T = TypeVar("T")


class CallRefused(Exception):
    """A request that is answered with CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


def needed(payload: Mapping[str, object], key: str, kind: type[T]) -> T:
    """
    Read a field that must be there.

    Raises:
        CallRefused: if it is missing or of another type.
    """
    value = optional(payload, key, kind)
    if value is None:
        raise CallRefused("OccurenceConstraintViolation", f"{key} is missing")
    return value


def optional(payload: Mapping[str, object], key: str, kind: type[T]) -> T | None:
    """
    Read a field that may be left out.

    Raises:
        CallRefused: if it is of another type.
    """
    value = payload.get(key)
    if value is None:
        return None
    mistaken = isinstance(value, bool) and kind is not bool  # True is an int to Python.
    if isinstance(value, kind) and not mistaken:
        return value
    raise CallRefused("TypeConstraintViolation", f"{key} must be {kind.__name__}: {value!r}")


def number(payload: Mapping[str, object], key: str) -> float:
    """
    Read a number, with or without a decimal point.

    Raises:
        CallRefused: if it is missing, not a number, or not finite.
    """
    value = payload.get(key)
    if value is None:
        raise CallRefused("OccurenceConstraintViolation", f"{key} is missing")
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
    ):
        raise CallRefused("TypeConstraintViolation", f"{key} must be a number: {value!r}")
    return float(value)


def moment(payload: Mapping[str, object], key: str) -> float | None:
    """
    Read a timestamp as seconds since 1970. One without a zone counts as UTC (OCPP 1.6, 3.16).

    Raises:
        CallRefused: if it is no timestamp.
    """
    text = optional(payload, key, str)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as reason:
        raise CallRefused("PropertyConstraintViolation", f"{key}: {reason}") from reason
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def timestamp(at_s: float) -> str:
    """
    Write seconds since 1970 as a timestamp.

    >>> timestamp(1556895600.25)
    '2019-05-03T15:00:00.250Z'
    """
    at = datetime.fromtimestamp(at_s, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

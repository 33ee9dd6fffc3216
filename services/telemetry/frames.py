"""
OCPP-J envelopes: what stands around every message on the socket.

    [2, id, action, payload]                    CALL
    [3, id, payload]                            CALLRESULT
    [4, id, code, description, details]         CALLERROR
    [5, id, code, description, details]         CALLRESULTERROR, of 2.1
    [6, id, action, payload]                    SEND, of 2.1: it is not answered

OCPP-J 1.6, section 4; of 2.1, part 4, section 4. Whatever else arrives is `Unreadable`, which says
whether it can be answered.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

MESSAGE_ID_CHARS_MAX: Final = 36
DESCRIPTION_CHARS_MAX: Final = 255
NO_ID: Final = "-1"
"""Under which a CALL without a usable id is answered. OCPP-J 1.6 leaves this open; 2.0.1 (part
4, section 4.2.3) has it so, and clients of both know it.
"""

METER_VALUES: Final = "MeterValues"
"""Most of all requests, in every version."""
CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND = 2, 3, 4, 5, 6

Payload = dict[str, Any]


class Code(StrEnum):
    """Error codes of OCPP-J 1.6, section 4.2.3, in the standard's own spelling; dialects spell those of
    later versions."""

    NOT_IMPLEMENTED = "NotImplemented"
    """The action is not known."""
    NOT_SUPPORTED = "NotSupported"
    """The action is known, and not supported."""
    INTERNAL = "InternalError"
    PROTOCOL = "ProtocolError"
    SECURITY = "SecurityError"
    FORMATION = "FormationViolation"
    PROPERTY = "PropertyConstraintViolation"
    OCCURENCE = "OccurenceConstraintViolation"
    TYPE = "TypeConstraintViolation"
    GENERIC = "GenericError"


@dataclass(frozen=True, slots=True)
class Call:
    """A request."""

    message_id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallResult:
    """The answer to a request."""

    message_id: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallError:
    """A request was not answered."""

    message_id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is not answered, whatever it holds."""

    message_id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Not a message; answered with a CALLERROR to `reply_to`, or not at all if that is none."""

    reason: str
    reply_to: str | int | None
    code: Code = Code.FORMATION


Frame = Call | CallResult | CallError | Sent | Unreadable


def parse(data: bytes, *, sends: bool = False) -> Frame:
    """
    Read what came over the socket.

    Args:
        data: the message.
        sends: the version has messages of types 5 and 6.

    >>> parse(b'[2,"1","Heartbeat",{}]')
    Call(message_id='1', action='Heartbeat', payload={})
    >>> parse(b'[2,17,"Heartbeat",{}]').reply_to
    17
    """
    try:
        parts = orjson.loads(data)
    except orjson.JSONDecodeError:
        return Unreadable("the message is not JSON", NO_ID)
    if not isinstance(parts, list) or not parts:
        return Unreadable("the message is not an array [type, id, ...]", NO_ID)
    kind = parts[0]
    if kind == CALL and type(kind) is int:
        return _parse_call(parts)
    if kind == CALL_RESULT and type(kind) is int:
        return _parse_result(parts)
    if kind == CALL_ERROR and type(kind) is int:
        return _parse_error(parts)
    if sends and kind in {CALL_RESULT_ERROR, SEND} and type(kind) is int:
        return _parse_unanswered(parts, kind)
    # Section 4.1.3: a message of another type number shall be ignored.
    return Unreadable("the message type is none of 2, 3 and 4", None)


def _usable_id(parts: list[Any]) -> str | None:
    message_id = parts[1] if len(parts) > 1 else None
    if isinstance(message_id, str) and 0 < len(message_id) <= MESSAGE_ID_CHARS_MAX:
        return message_id
    return None


def _parse_call(parts: list[Any]) -> Call | Unreadable:
    message_id = _usable_id(parts)
    if message_id is None:
        reason = f"the message id is not a text of 1 to {MESSAGE_ID_CHARS_MAX} characters"
        given = parts[1] if len(parts) > 1 else None
        if type(given) is int:  # whoever sent it can tell by it what was wrong
            return Unreadable(reason, given, Code.PROTOCOL)
        return Unreadable(reason, NO_ID)
    if len(parts) != 4:
        reason = "a request has four elements: [2, id, action, payload]"
        return Unreadable(reason, message_id, Code.PROTOCOL)
    _, _, action, payload = parts
    if not isinstance(action, str):
        return Unreadable("the action is not a text", message_id, Code.TYPE)
    if not isinstance(payload, dict):
        return Unreadable("the payload is not an object", message_id, Code.TYPE)
    return Call(message_id, action, payload)


def _parse_result(parts: list[Any]) -> CallResult | Unreadable:
    message_id = _usable_id(parts)
    if message_id is None or len(parts) != 3 or not isinstance(parts[2], dict):
        return Unreadable("an answer has three elements: [3, id, payload]", None)
    return CallResult(message_id, parts[2])


def _parse_error(parts: list[Any]) -> CallError | Unreadable:
    message_id = _usable_id(parts)
    if message_id is None or len(parts) < 3:
        return Unreadable(
            "an error has five elements: [4, id, code, description, details]", None
        )
    description = parts[3] if len(parts) > 3 else ""
    return CallError(message_id, str(parts[2]), str(description))


def _parse_unanswered(parts: list[Any], kind: int) -> Sent | Unreadable:
    """Read what is not answered; that an answer of ours could not be read is one of these."""
    message_id = _usable_id(parts)
    if kind == CALL_RESULT_ERROR:
        code = str(parts[2])[:50] if len(parts) > 2 else "no code"
        return Unreadable(f"the charger could not read an answer: {code}", None)
    if message_id is None or len(parts) != 4 or not isinstance(parts[3], dict):
        return Unreadable("a SEND has four elements: [6, id, action, payload]", None)
    return Sent(message_id, str(parts[2]), parts[3])


def call(message_id: str, action: str, payload: Payload) -> bytes:
    """Write a request."""
    return orjson.dumps([CALL, message_id, action, payload])


def result(message_id: str, payload: Payload) -> bytes:
    """Write an answer."""
    return orjson.dumps([CALL_RESULT, message_id, payload])


def error(message_id: str | int, code: str, description: str) -> bytes:
    """Write that a request was not answered, and why."""
    return orjson.dumps([CALL_ERROR, message_id, code, description[:DESCRIPTION_CHARS_MAX], {}])

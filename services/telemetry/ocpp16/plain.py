"""
Readings of OCPP 1.6 that need no second look: read, checked and understood in one pass over the bytes.

What is decoded into is made of the schema itself, so that nothing passes here that the schema refuses.
Whatever does not pass, and signed values, which are put on record, is read as all other messages are.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from services.telemetry.frames import CALL, MESSAGE_ID_CHARS_MAX, METER_VALUES
from services.telemetry.measurands import ENERGY, Gathering
from services.telemetry.ocpp16.meter_values import SIGNED, gather, transaction_of
from services.telemetry.payloads import WHOLE_MAX, CallRefused, read_moment
from services.telemetry.said import Metered
from services.telemetry.validation import Schemas


def plain_readings(schemas: Schemas, data: bytes) -> tuple[str, Metered] | None:
    """
    Read a request that holds readings and nothing else.

    Args:
        schemas: of OCPP 1.6.
        data: the message as it came.

    Returns:
        The message id, and what is said; none if it has to be read as all others are.
    """
    try:
        _, message_id, _, payload = _decoder(schemas).decode(data)
        samples = []
        for value in payload.meterValue:
            gathered = Gathering()
            for it in value.sampledValue:
                if it.format == SIGNED:
                    return None
                gather(
                    gathered, it.value, it.measurand or ENERGY, it.location, it.phase, it.unit
                )
            samples.append(gathered.sample(read_moment(value.timestamp, "timestamp")))
    except (msgspec.MsgspecError, UnicodeDecodeError, CallRefused):
        return None
    transaction = transaction_of(payload.transactionId)
    return message_id, Metered(payload.connectorId, transaction, tuple(samples))


@cache
def _decoder(schemas: Schemas) -> "msgspec.json.Decoder[Any]":
    """Make what decodes the request with all that stands around it."""
    message_id = Annotated[str, msgspec.Meta(min_length=1, max_length=MESSAGE_ID_CHARS_MAX)]
    payload = type_of(schemas.of_request(METER_VALUES))
    frame = tuple[Literal[CALL], message_id, Literal[METER_VALUES], payload]  # type: ignore[valid-type]
    return msgspec.json.Decoder(frame)


def type_of(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401  # a type, made as the schema says
    """
    Make a type that decodes what a schema allows, and nothing else; of whole numbers those that JSON knows.

    Raises:
        ValueError: the schema says something that is not known here.
    """
    said = {it for it in schema if it not in {"$schema", "title", "format", "type"}}
    match schema["type"]:
        case "object" if said <= {"properties", "required", "additionalProperties"}:
            needed = schema.get("required", ())
            fields = [
                (name, type_of(it)) if name in needed else (name, type_of(it), None)
                for name, it in schema["properties"].items()
            ]
            strict = schema.get("additionalProperties") is False
            return msgspec.defstruct(
                "Payload", fields, kw_only=True, gc=False, forbid_unknown_fields=strict
            )
        case "array" if said <= {"items", "minItems"}:
            most = msgspec.Meta(min_length=schema.get("minItems", 0))
            return Annotated[list[type_of(schema["items"])], most]  # type: ignore[misc]
        case "string" if said <= {"enum", "additionalProperties"}:
            return Literal[tuple(schema["enum"])] if "enum" in schema else str
        case "integer" if not said:
            return Annotated[int, msgspec.Meta(ge=-WHOLE_MAX, le=WHOLE_MAX)]
    raise ValueError(f"what cannot be decoded in one pass: {sorted(said)}")

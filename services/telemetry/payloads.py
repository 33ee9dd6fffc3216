"""Fields of OCPP payloads: moments and whole numbers, read where they are used."""

from datetime import UTC, datetime
from typing import Final

from services.telemetry.frames import Code, Payload

CONNECTOR: Final = 1
"""A charger here has one connector; connector 0 is the charger itself (OCPP 1.6, section 3.7).
"""
WHOLE_MAX: Final = 2**53
"""Whole numbers beyond this do not survive JSON everywhere (RFC 8259, section 6)."""


class CallRefused(Exception):
    """A request is answered with a CALLERROR."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def read_moment(text: str, field: str) -> datetime:
    """
    Read a timestamp. One without a zone is UTC (OCPP 1.6, section 3.16).

    Raises:
        CallRefused: it is no timestamp.

    >>> read_moment("2026-11-22T08:00:00", "timestamp").isoformat()
    '2026-11-22T08:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is UTC:
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CallRefused(
            Code.PROPERTY, f"{field}: is not a timestamp such as 2026-11-22T08:00:00Z"
        ) from None


def moment_of(payload: Payload, field: str = "timestamp") -> datetime:
    """
    Read a timestamp that must be there.

    Raises:
        CallRefused: it is no timestamp.
    """
    return read_moment(payload[field], field)


def whole_of(payload: Payload, field: str) -> int:
    """
    Read a whole number.

    Raises:
        CallRefused: it is beyond every meter.
    """
    number = int(payload[field])
    if abs(number) > WHOLE_MAX:
        raise CallRefused(Code.PROPERTY, f"{field}: is out of range")
    return number


def only_connector(connector: int) -> None:
    """
    Check that a request is about the charger's one connector.

    Raises:
        CallRefused: it is about another one.
    """
    if connector != CONNECTOR:
        raise CallRefused(
            Code.PROPERTY, f"connectorId: a charger here has one connector, {CONNECTOR}"
        )


def written(moment: datetime) -> str:
    """
    Write a timestamp as OCPP has it.

    >>> written(datetime(2026, 11, 22, 8, 0, 0, 250_000, UTC))
    '2026-11-22T08:00:00.250Z'
    """
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")

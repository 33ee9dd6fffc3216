"""
What NotifyEvent says (OCPP 2.0.1, part 2, section N): how connectors are, and what has gone wrong.

A charger of 2.1 may tell the state of its connectors in this way only.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from services.telemetry.charger import Charger
from services.telemetry.frames import Payload
from services.telemetry.ocpp2.words import (
    FAULTED,
    NO_ERROR,
    OTHER_ERROR,
    connector_status,
    problem_of,
)
from services.telemetry.payloads import read_moment
from services.telemetry.said import StatusSaid

AVAILABILITY: Final = "AvailabilityState"
PROBLEM: Final = "Problem"
STATION: Final = 0
CONNECTOR_STATES: Final = frozenset(
    {"Available", "Occupied", "Reserved", "Unavailable", "Faulted"}
)
INFO_CHARS_MAX: Final = 50
"""As OCPP 1.6 bounds what is told of a fault."""


def statuses(events: Iterable[Payload], known: Charger) -> tuple[StatusSaid, ...]:
    """
    Read a list of EventDataType; what concerns neither connectors nor problems says nothing here.

    Raises:
        CallRefused: a timestamp is none.
    """
    return tuple(_statuses(events, known))


def _statuses(events: Iterable[Payload], known: Charger) -> Iterator[StatusSaid]:
    for index, event in enumerate(events):
        at = read_moment(event["timestamp"], f"eventData[{index}].timestamp")
        name, value = event["variable"]["name"], event["actualValue"]
        if name == AVAILABILITY and event["component"]["name"] == "Connector":
            if value in CONNECTOR_STATES:
                yield from _connector(event, value, at, known)
        elif name == PROBLEM:
            yield _problem(event, at, wrong=_is_true(event))


def _connector(
    event: Payload, value: str, at: datetime, known: Charger
) -> Iterator[StatusSaid]:
    status = connector_status(value, known.status, session=known.session is not None)
    if status is not None:
        error = OTHER_ERROR if status == FAULTED else NO_ERROR
        yield StatusSaid(_evse(event), status, error, at=at)


def _problem(event: Payload, at: datetime, *, wrong: bool) -> StatusSaid:
    """A problem of one part is one of the charger; which state its connector is in it says itself."""
    component = event["component"]["name"]
    if not wrong:
        return StatusSaid(STATION, "Available", NO_ERROR, at=at)
    info = event.get("techInfo") or event.get("techCode") or component
    return StatusSaid(STATION, FAULTED, problem_of(component), info[:INFO_CHARS_MAX], at)


def _is_true(event: Payload) -> bool:
    return not event.get("cleared", False) and event["actualValue"].strip().lower() == "true"


def _evse(event: Payload) -> int:
    return int(event["component"].get("evse", {}).get("id", 1))

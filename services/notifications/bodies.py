"""What programs are told: JSON, with what happened and what to do about it in words."""

from typing import Final

import orjson

from shared.messages import Event
from shared.messages.notifications import WarningAcknowledged, WarningCleared, WarningRaised
from shared.recorded import Recorded
from shared.warning_words import headline, mend

TYPES: Final[dict[type[Event], str]] = {
    WarningRaised: "warning.raised",
    WarningCleared: "warning.cleared",
    WarningAcknowledged: "warning.acknowledged",
}
PING: Final = "ping"


def body_of(recorded: Recorded, installation_name: str) -> str:
    """Write the body that tells of an event of ours."""
    event = recorded.event
    data = event.model_dump(mode="json", exclude_none=True)
    if isinstance(event, WarningRaised):
        data |= {"headline": headline(event), "mend": mend(event)}
    return _spelled(TYPES[type(event)], recorded.recorded_at, data, installation_name)


def ping_body(installation_id: str, installation_name: str, at: object) -> str:
    """Write the body of a test."""
    return _spelled(PING, at, {"installation_id": installation_id}, installation_name)


def _spelled(kind: str, at: object, data: dict[str, object], installation_name: str) -> str:
    content = {
        "type": kind,
        "timestamp": at,
        "data": data | {"installation": installation_name},
    }
    return orjson.dumps(content).decode()

"""What the measurements write: events of a charging session, some 200 bytes of JSON each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.event_store import Commit, StreamEvents
from shared.ids import new_id
from shared.messages import Answer, Event, Verdict
from shared.messages.telemetry import CurrentLimitApplied, SessionEnded, SessionStarted
from shared.recorded import Meta

ACCEPTED: Final = Answer(verdict=Verdict.ACCEPTED)
MARK: Final = bytes(32)
EVENTS: Final = 300

_MORNING: Final = datetime(2026, 11, 1, 8, tzinfo=UTC)


def session_events() -> list[Event]:
    """Make events of three types, in equal shares."""
    return [event for number in range(EVENTS // 3) for event in _session(number)]


def _session(number: int) -> tuple[Event, ...]:
    at = _MORNING + timedelta(minutes=7 * number)
    place = {"installation_id": "harbour-garage", "charger_id": f"bay-{number:03}"}
    session = {"session_id": f"01990000-0000-7000-8000-{number:012}", "transaction_id": number}
    return (
        SessionStarted.model_validate(
            {**place, **session, "started_at": at, "register_wh": 1_234_567 + number}
        ),
        CurrentLimitApplied.model_validate(
            {
                **place,
                "limit_a": 16.0,
                "sequence": number + 1,
                "epoch": 3,
                "valid_until": at + timedelta(seconds=60),
                "applied_at": at,
            }
        ),
        SessionEnded.model_validate(
            {
                **place,
                **session,
                "ended_at": at + timedelta(hours=2),
                "register_wh": 1_250_000 + number,
                "energy_wh": 15_433,
                "reason": "EVDisconnected",
            }
        ),
    )


def commit(stream: str, version: int | None, events: Sequence[Event]) -> Commit:
    """Make one command's commit, as a service does for every command."""
    command_id = new_id()
    meta = Meta(actor="bench", command_id=command_id, correlation_id=command_id)
    return Commit(command_id, MARK, ACCEPTED, meta, [StreamEvents(stream, version, events)])

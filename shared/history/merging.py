"""
Several logs told as one story.

Positions of different logs cannot be compared. What can: within a log its own order, which is never
changed; between logs the time of recording, by the clocks of different machines; and against these
clocks what is certain: an event comes after the one that caused it.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.messages import Event
from shared.messages.registry import UnknownEvent
from shared.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Told:
    """An event and the log it is from."""

    service: str
    recorded: Recorded
    event: Event | None
    """None, if this version of the program cannot read it."""


def told(service: str, recorded: Recorded) -> Told:
    """Read an event of a log."""
    try:
        return Told(service, recorded, recorded.event)
    except UnknownEvent:
        return Told(service, recorded, None)


def merge(logs: Mapping[str, Sequence[Recorded]]) -> list[Told]:
    """Bring logs into one order: by recorded time, but never an event before its cause."""
    waiting = {
        service: deque(_Waiting(it, it.meta.causation_id) for it in log)
        for service, log in logs.items()
        if log
    }
    outstanding = {str(it.event_id) for log in logs.values() for it in log}
    merged: list[Told] = []
    while waiting:
        service = _next(waiting, outstanding)
        recorded, _ = waiting[service].popleft()
        outstanding.discard(str(recorded.event_id))
        merged.append(told(service, recorded))
        if not waiting[service]:
            del waiting[service]
    return merged


class _Waiting(NamedTuple):
    """An event that is not told yet, and the event that caused it."""

    recorded: Recorded
    cause: str | None


def _next(waiting: Mapping[str, "deque[_Waiting]"], outstanding: set[str]) -> str:
    """Choose the log to go on with; causes that wait for each other are told by the clock."""
    free = [it for it, log in waiting.items() if log[0].cause not in outstanding]
    return min(free or waiting, key=lambda it: (waiting[it][0].recorded.recorded_at, it))

"""What a request has changed: how far the logs were when it was in them, as a browser carries it along."""

import re
from contextvars import ContextVar
from typing import Final

MARKS_MAX: Final = 6
"""Of services with a log; whoever writes such a text by hand gets no more."""
_MARK: Final = re.compile(r"([a-z]{1,20})-(\d{1,15})")

CHANGED: Final[ContextVar[dict[str, int] | None]] = ContextVar("changed", default=None)
"""Positions by service; none while no request is answered."""


def note_change(service: str, position: int) -> None:
    """Note that what is asked for at this moment was done, at a position of a service's log."""
    changed = CHANGED.get()
    if changed is not None:
        changed[service] = max(position, changed.get(service, 0))


def written(changed: dict[str, int]) -> str:
    """
    Write marks of logs as a text.

    >>> written({"installation": 7, "telemetry": 12})
    'installation-7.telemetry-12'
    """
    return ".".join(f"{service}-{position}" for service, position in changed.items())


def read(text: str | None) -> dict[str, int]:
    """
    Read them; what is none of ours says nothing.

    >>> read("installation-7.telemetry-12"), read("nonsense"), read(None)
    ({'installation': 7, 'telemetry': 12}, {}, {})
    """
    found = (_MARK.fullmatch(it) for it in (text or "").split(".")[:MARKS_MAX])
    return {it[1]: int(it[2]) for it in found if it is not None}

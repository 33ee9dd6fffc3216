"""What was found of one log: a list of checks, each with what does not hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.history.acts import Span
from shared.history.integrity import Fault


@dataclass(frozen=True, slots=True)
class Check:
    """One question asked of a log, and what was found."""

    name: str
    told: str
    faults: Sequence[Fault] = ()


@dataclass(slots=True)
class Report:
    """Everything that was found of one log."""

    service: str
    count: int
    head: str
    first_bad: Fault | None
    checks: list[Check] = field(default_factory=list)
    spans: Mapping[str, Span] = field(default_factory=dict)
    """By command: where its events are in the log."""
    answered: Mapping[str, int] = field(default_factory=dict)
    """By command: the position that its first answer gave."""

    @property
    def faults(self) -> list[Fault]:
        return [fault for check in self.checks for fault in check.faults]

    def as_json(self) -> dict[str, Any]:
        """Lay it out for programs."""
        return {
            "service": self.service,
            "events": self.count,
            "head": self.head,
            "good": not self.faults,
            "first_bad": None if self.first_bad is None else _as_json(self.first_bad),
            "checks": [
                {"name": it.name, "told": it.told, "faults": [_as_json(f) for f in it.faults]}
                for it in self.checks
            ],
        }


def _as_json(fault: Fault) -> dict[str, Any]:
    return {
        "position": fault.position,
        "stream": fault.stream,
        "type": fault.type,
        "what": fault.what,
    }

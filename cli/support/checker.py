"""What must hold of a run, decided from what was read; each check is one line with a count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cli.support.comparing import Comparison
from cli.support.reports import Report
from shared.history.acts import Acknowledged, acknowledged_faults

FAULTS_MAX = 20


@dataclass(frozen=True, slots=True)
class ReadModel:
    """A read model as the service keeps it, compared with the fold of the log at its cursor."""

    name: str
    position: int
    comparison: Comparison
    newly_parked: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class History:
    """Everything that was read of a stack."""

    logs: Sequence[Report]
    read_models: Sequence[ReadModel]
    acknowledged: Sequence[Acknowledged] | None = None
    """None if nobody has written down what was acknowledged."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one check."""

    name: str
    told: str
    faults: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Lay it out for programs."""
        return {
            "name": self.name,
            "told": self.told,
            "good": not self.faults,
            "faults": list(self.faults),
        }


def check(history: History) -> list[Line]:
    """Check everything: nothing lost, nothing twice, nothing skipped, no two truths."""
    lines = [
        Line(f"{log.service}: {it.name}", it.told, tuple(str(fault) for fault in it.faults))
        for log in history.logs
        for it in log.checks
    ]
    lines.append(_acknowledged(history))
    return lines + [_read_model(it) for it in history.read_models]


def _acknowledged(history: History) -> Line:
    name = "acknowledged commands"
    if history.acknowledged is None:
        count = sum(len(it.answered) for it in history.logs)
        return Line(name, f"{count} known from the logs alone: no list of them was given")
    answered = {it.service: it.answered for it in history.logs}
    spans = {it.service: it.spans for it in history.logs}
    faults = acknowledged_faults(history.acknowledged, answered, spans)
    told = f"{len(history.acknowledged)} acknowledged, each is there once"
    return Line(name, told, tuple(str(it) for it in faults))


def _read_model(model: ReadModel) -> Line:
    found = model.comparison
    faults = [
        *(f"{kind} {key} is kept, the log does not say so" for kind, key in found.only_kept),
        *(f"{kind} {key} is missing" for kind, key in found.only_folded),
        *(f"{kind} {key} is not what the log says" for kind, key in found.differing),
        *(f"position {it} cannot be folded: {why}" for it, why in model.newly_parked.items()),
    ]
    told = f"{found.kept} documents are the fold of the log up to {model.position}"
    return Line(f"{model.name}: read model", told, tuple(faults))


def read_acknowledged(lines: Sequence[bytes]) -> list[Acknowledged]:
    """
    Read what was acknowledged: a line of JSON each, with command_id, service and position.

    Raises:
        ValueError: a line is something else; it says which.
    """
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            content = orjson.loads(line)
            position = content.get("position")
            found.append(
                Acknowledged(
                    str(content["service"]),
                    str(content["command_id"]),
                    None if position is None else int(position),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"line {number} names no acknowledged command: {error!r}"
            ) from error
    return found

"""
Why somebody was not ready: which fault it was, by what was going on around; pure.

A fault touches a service unless it is at another one, or at a line of another one. Of those that touch it
the one whose end was nearest is the likeliest; where none does, it is one of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cli.chaos.plan import Planned
from cli.chaos.recovering import NotReady
from cli.chaos.yard import PARTS

BEFORE_S: Final = 20.0
"""What was over longer ago explains nothing."""
SEEN_S: Final = 1.0
"""A fault may be noted so much later than what comes of it is seen."""


@dataclass(slots=True)
class Done:
    """A fault as it was carried out."""

    planned: Planned
    began_s: float
    """From the start of the run."""
    over_s: float | None = None
    why_not: str | None = None
    """Why it was not possible; none: it was."""

    @property
    def under_way(self) -> bool:
        return self.over_s is None and self.why_not is None


@dataclass(frozen=True, slots=True)
class Worst:
    """The longest recovery after faults of a kind."""

    took_s: float
    process: str
    from_s: float


def causes(span: NotReady, done: Sequence[Done]) -> list[Done]:
    """Name the faults that can have made somebody not ready, the likeliest first."""
    foreign = {part for name, parts in PARTS.items() if name != span.process for part in parts}
    around = [
        it
        for it in done
        if it.why_not is None
        and it.began_s <= span.from_s + SEEN_S
        and (it.over_s is None or it.over_s >= span.from_s - BEFORE_S)
    ]
    touching = [it for it in around if it.planned.target not in foreign]
    return sorted(touching or around, key=lambda it: (-_end_s(it, span), -it.began_s))


def worst_by_kind(spans: Sequence[NotReady], done: Sequence[Done]) -> dict[str, Worst]:
    """Name the longest recovery after each kind of fault that made somebody not ready."""
    worst: dict[str, Worst] = {}
    for it in spans:
        found = causes(it, done) if it.counted else []
        if not found:
            continue
        kind = found[0].planned.kind
        if kind not in worst or it.took_s > worst[kind].took_s:
            worst[kind] = Worst(it.took_s, it.process, it.from_s)
    return worst


def _end_s(done: Done, span: NotReady) -> float:
    """When a fault was over, at the latest when it was seen."""
    return span.from_s if done.over_s is None else min(done.over_s, span.from_s)

"""
The promise checked from the logs alone: what could have flowed under every limit in force.

This shares no code with the balancer. It replays what the logs of installation, telemetry and balancer
say, lays every limit down as the time in which a car may draw it, and adds these up on every breaker
and line; as phasors in a three-phase IT grid. Each limit is judged at the moment at which it was
announced: it must not make any sum, then or later, higher than the breaker may carry. What it adds above
that, in amperes times seconds, is planned overload; there must be none.

A breaker may be lowered, a charger moved, while earlier limits are in force. What they take above the
breaker until they are over is inherited: nobody planned it. Limits that are announced from then on must
not add to it. The same holds for load that is not ours: the balancer says what it sets aside for it, and a
breaker carries for cars what is left from then on.

What others allow at breakers is a matter of contract: what may have flowed above that is added up on its
own, fail-safes included, and is no overload.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cli.audit_hardware import CLOCK_SKEW_S
from cli.audit_replay import Replay
from shared.messages import Event
from shared.messages.balancer import CurrentLimitAllocated, LeasesRenewed
from shared.messages.installation import InstallationCreated
from shared.messages.telemetry import CurrentLimitApplied
from shared.recorded import Recorded

__all__ = ["CLOCK_SKEW_S", "HEARD_S_MAX", "Audit", "audit"]

HEARD_S_MAX: Final = 10.0
"""How long the balancer may not know of a change of the layout. A limit that it announces without
knowing of one is judged by the layout it knew, if the change was not longer ago."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the replay found."""

    planned_overload_as: float
    worst_a: float
    """The highest planned excess above any breaker's set value, in amperes."""
    worst_at: str | None
    commands: int
    latencies_ms: tuple[float, ...]
    """From a reading's arrival to the charger's confirmation of the limit it caused."""
    inherited_overload_as: float = 0.0
    """What earlier limits took above breakers after a change of the layout, or a rise of other load."""
    contract_excess_as: float = 0.0
    """What may have flowed above what others allow, in amperes times seconds; a matter of money."""


def audit(logs: Iterable[Sequence[Recorded]]) -> Audit:
    """Replay the logs of installation, telemetry and balancer, in any order."""
    entries = [
        _Entry(it.recorded_at.timestamp(), it.position, it.event) for log in logs for it in log
    ]
    entries.sort(key=lambda it: it.at_s)
    replay = Replay(end_s=entries[-1].at_s if entries else 0.0)
    for entry in _as_known(entries):
        replay.hear(entry.event, entry.at_s, entry.position)
    worst_a, worst_at = 0.0, None
    for breaker, line, excess in replay.found:
        if excess.above_a > worst_a:
            worst_a, worst_at = excess.above_a, f"{breaker} {line} at {excess.from_s:.3f}"
    return Audit(
        planned_overload_as=sum(excess.overload_as for _, _, excess in replay.found),
        worst_a=worst_a,
        worst_at=worst_at,
        commands=replay.commands,
        latencies_ms=tuple(_latencies_ms(entries)),
        inherited_overload_as=replay.inherited_as(),
        contract_excess_as=replay.contract_excess_as(),
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    at_s: float
    position: int
    event: Event


def _as_known(entries: Sequence[_Entry]) -> list[_Entry]:
    """Put every change of a layout behind the limits that were announced without knowing of it."""
    limits: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for entry in entries:
        event = entry.event
        if isinstance(event, CurrentLimitAllocated | LeasesRenewed):
            known = event.layout_position
            if known is not None:
                limits[event.installation_id].append((entry.at_s, known))
    keyed: list[tuple[float, int, _Entry]] = []
    for entry in entries:
        rank, at_s = 1, entry.at_s
        if entry.event.service == InstallationCreated.service:
            heard_s = _heard_s(entry, limits[entry.event.aggregate_id])
            rank, at_s = (0, at_s) if heard_s is None else (2, heard_s)
        keyed.append((at_s, rank, entry))
    keyed.sort(key=lambda it: (it[0], it[1], it[2].position if it[1] != 1 else 0))
    return [entry for _, _, entry in keyed]


def _heard_s(change: _Entry, limits: Sequence[tuple[float, int]]) -> float | None:
    """When the last limit was announced that did not know of a change; none if all did."""
    first = bisect_left(limits, (change.at_s, -1))
    last = bisect_right(limits, (change.at_s + HEARD_S_MAX, change.position))
    unaware = (at_s for at_s, known in limits[first:last] if known < change.position)
    return max(unaware, default=None)


def _latencies_ms(entries: Sequence[_Entry]) -> Iterator[float]:
    caused: dict[tuple[str, int], float] = {}
    for entry in entries:
        match entry.event:
            case CurrentLimitAllocated() as it if it.reading_received_at is not None:
                caused[it.charger_id, it.sequence] = it.reading_received_at.timestamp()
            case CurrentLimitApplied() as it if (it.charger_id, it.sequence) in caused:
                read_s = caused.pop((it.charger_id, it.sequence))
                yield (it.applied_at.timestamp() - read_s) * 1000

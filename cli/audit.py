"""
The promise checked from the logs alone: what could have flowed under every limit in force.

This shares no code with the balancer. It replays what the logs of installation, telemetry and balancer
say, lays every limit down as the stretch of time in which a car may have drawn it, and adds up the
stretches on every breaker and line. Amperes above a breaker's set value, times seconds, are planned
overload; there must be none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.messages.balancer import MAIN, CurrentLimitAllocated, Lease, LeasesRenewed
from shared.messages.installation import ChargerAssigned, CircuitAdded, InstallationCreated
from shared.messages.telemetry import (
    ChargerEvent,
    CurrentLimitApplied,
    CurrentLimitRejected,
)
from shared.phases import GridType, Phase, lines_loaded
from shared.recorded import Recorded
from shared.units import CAR_FOLLOW_S, TOLERANCE_A

CLOCK_SKEW_S: Final = 5.0
"""How much later than told a charger's clock may let a limit end."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a charger's car may draw a current on some lines; seconds since 1970."""

    from_s: float
    to_s: float
    limit_a: float
    lines: tuple[Phase, ...]


@dataclass(slots=True)
class ChargerHistory:
    """What the logs say of one charger's limits."""

    path: tuple[str, ...]
    fail_safe_a: float
    all_lines: tuple[Phase, ...]
    leases: list[tuple[float, Lease]] = field(default_factory=list)
    applied_s: dict[int, float] = field(default_factory=dict)
    rejected: set[int] = field(default_factory=set)
    assigned_s: float = 0.0

    def stretches(self, end_s: float) -> Iterator[Stretch]:
        """Lay down every limit, and the fail-safe where no confirmed lease holds it off."""
        held: list[tuple[float, float]] = []
        for told_s, lease in self.leases:
            if lease.sequence in self.rejected:
                continue
            ends_s = lease.valid_until.timestamp()
            later = [at_s for seq, at_s in self.applied_s.items() if seq > lease.sequence]
            superseded_s = min(later, default=float("inf"))
            over_s = min(ends_s + CLOCK_SKEW_S, superseded_s) + CAR_FOLLOW_S
            yield Stretch(told_s, over_s, lease.limit_a, lease.phases)
            if lease.sequence in self.applied_s:
                held.append((self.applied_s[lease.sequence], ends_s - CLOCK_SKEW_S))
        if self.fail_safe_a > 0:
            yield from self._fail_safe(held, end_s)

    def _fail_safe(self, held: list[tuple[float, float]], end_s: float) -> Iterator[Stretch]:
        free_s = self.assigned_s
        for from_s, to_s in sorted(held):
            if from_s > free_s:
                yield Stretch(free_s, from_s + CAR_FOLLOW_S, self.fail_safe_a, self.all_lines)
            free_s = max(free_s, to_s)
        if end_s > free_s:
            yield Stretch(free_s, end_s, self.fail_safe_a, self.all_lines)


@dataclass(frozen=True, slots=True)
class Audit:
    """What the replay found."""

    planned_overload_as: float
    worst_a: float
    """The highest excess above any breaker's set value, in amperes."""
    worst_at: str | None
    commands: int
    latencies_ms: tuple[float, ...]
    """From a reading's arrival to the charger's confirmation of the limit it caused."""


def audit(logs: Iterable[Sequence[Recorded]]) -> Audit:
    """Replay the logs of installation, telemetry and balancer, in any order."""
    merged = sorted((it for log in logs for it in log), key=lambda it: it.recorded_at)
    set_a, chargers = _replay(merged)
    end_s = merged[-1].recorded_at.timestamp() if merged else 0.0
    overload_as, worst_a, worst_at = _sweep(set_a, chargers, end_s)
    return Audit(
        planned_overload_as=overload_as,
        worst_a=worst_a,
        worst_at=worst_at,
        commands=sum(len(it.leases) for it in chargers.values()),
        latencies_ms=tuple(_latencies_ms(merged)),
    )


@dataclass(slots=True)
class _Layout:
    grid: GridType = GridType.TN_3_PHASE
    parents: dict[str, str | None] = field(default_factory=dict)

    def path(self, circuit_id: str | None) -> Iterator[str]:
        while circuit_id is not None:
            yield circuit_id
            circuit_id = self.parents[circuit_id]


def _replay(
    merged: Sequence[Recorded],
) -> tuple[dict[str, float], dict[str, ChargerHistory]]:
    layouts: dict[str, _Layout] = defaultdict(_Layout)
    set_a: dict[str, float] = {}
    chargers: dict[str, ChargerHistory] = {}
    for recorded in merged:
        at_s = recorded.recorded_at.timestamp()
        match recorded.event:
            case InstallationCreated() as it:
                layouts[it.installation_id] = _Layout(it.grid_type, {MAIN: None})
                set_a[f"{it.installation_id}/{MAIN}"] = it.breaker_a
            case CircuitAdded() as it:
                layouts[it.installation_id].parents[it.circuit_id] = it.parent_id or MAIN
                set_a[f"{it.installation_id}/{it.circuit_id}"] = it.set_a
            case ChargerAssigned() as it:
                layout = layouts[it.installation_id]
                chargers[it.charger_id] = ChargerHistory(
                    path=tuple(f"{it.installation_id}/{c}" for c in layout.path(it.circuit_id)),
                    fail_safe_a=it.fail_safe_a,
                    all_lines=lines_loaded(layout.grid, it.wiring, len(it.wiring)),
                    assigned_s=at_s,
                )
            case CurrentLimitAllocated() as it:
                lease = Lease.model_validate(it.model_dump(include=set(Lease.model_fields)))
                chargers[it.charger_id].leases.append((at_s, lease))
            case LeasesRenewed() as it:
                for lease in it.leases:
                    chargers[lease.charger_id].leases.append((at_s, lease))
            case ChargerEvent() as it:
                _report(chargers[it.charger_id], it)
    return set_a, chargers


def _report(history: ChargerHistory, event: ChargerEvent) -> None:
    match event:
        case CurrentLimitApplied():
            history.applied_s[event.sequence] = event.applied_at.timestamp()
        case CurrentLimitRejected():
            history.rejected.add(event.sequence)


@dataclass(slots=True)
class _Sums:
    """What may flow at each breaker and line, and how much of it was too much."""

    set_a: dict[str, float]
    at_s: float = 0.0
    sums: dict[tuple[str, Phase], float] = field(default_factory=lambda: defaultdict(float))
    overload_as: float = 0.0
    worst_a: float = 0.0
    worst_at: str | None = None

    def until(self, at_s: float) -> None:
        """Let time pass."""
        for (breaker, line), sum_a in self.sums.items():
            excess_a = sum_a - self.set_a[breaker]
            if excess_a <= TOLERANCE_A or at_s <= self.at_s:
                continue
            self.overload_as += excess_a * (at_s - self.at_s)
            if excess_a > self.worst_a:
                self.worst_a, self.worst_at = excess_a, f"{breaker} {line} at {self.at_s:.3f}"
        self.at_s = at_s


def _sweep(
    set_a: dict[str, float], chargers: dict[str, ChargerHistory], end_s: float
) -> tuple[float, float, str | None]:
    """Go through the moments at which anything changes, keeping a sum per breaker and line."""
    changes: list[tuple[float, bool, str, Stretch]] = []
    for charger_id, history in chargers.items():
        for stretch in history.stretches(end_s):
            to_s = min(stretch.to_s, end_s)
            if stretch.from_s < to_s:
                changes.append((stretch.from_s, True, charger_id, stretch))
                changes.append((to_s, False, charger_id, stretch))
    changes.sort(key=lambda it: (it[0], it[1]))
    totals = _Sums(set_a)
    standing: dict[str, list[Stretch]] = defaultdict(list)
    counted: dict[tuple[str, Phase], float] = defaultdict(float)
    for at_s, begins, charger_id, stretch in changes:
        totals.until(at_s)
        mine = standing[charger_id]
        if begins:
            mine.append(stretch)
        else:
            mine.remove(stretch)
        for line in stretch.lines:
            may_a = max((it.limit_a for it in mine if line in it.lines), default=0.0)
            for breaker in chargers[charger_id].path:
                totals.sums[breaker, line] += may_a - counted[charger_id, line]
            counted[charger_id, line] = may_a
    return totals.overload_as, totals.worst_a, totals.worst_at


def _latencies_ms(merged: Sequence[Recorded]) -> Iterator[float]:
    caused: dict[tuple[str, int], float] = {}
    for recorded in merged:
        match recorded.event:
            case CurrentLimitAllocated() as it if it.reading_received_at is not None:
                caused[it.charger_id, it.sequence] = it.reading_received_at.timestamp()
            case CurrentLimitApplied() as it if (it.charger_id, it.sequence) in caused:
                read_s = caused.pop((it.charger_id, it.sequence))
                yield (it.applied_at.timestamp() - read_s) * 1000

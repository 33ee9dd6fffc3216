"""
Commitments: the highest current that may still be in force, now and at any later moment.

For every charger these may be in force: the last confirmed limit until its lease ends, every limit sent
since, a superseded limit while the car is still following, and the fail-safe from the moment on at which
the confirmed lease may have ended. The rule that keeps breakers closed is

    before and after every message, at every later moment, the sum of commitments on every breaker and
    line stays within what it may carry

and `Ledger.room_a` says what the rule leaves for one charger.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.balancer.site import LINES, Site
from shared.ids import ChargerId
from shared.phases import PHASES, ZERO_A, Phase, PhaseCurrents
from shared.units import CAR_FOLLOW_S, TOLERANCE_A, exceeds

CLOCK_SKEW_S: Final = 5.0
"""How far a charger's clock may be off, in seconds: its lease may end earlier or later by this."""

OVER_AFTER_S: Final = CLOCK_SKEW_S + CAR_FOLLOW_S
"""How long after its end a lease may still be in force at a car."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A limit that was announced: amperes on some lines, until a moment (seconds since 1970)."""

    limit_a: float
    lines: tuple[Phase, ...]
    valid_until_s: float
    sequence: int


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Everything that may be in force at one charger.

    A charger that never connected counts with its fail-safe, too: a gateway accepts it only once its
    fail-safe is in force, which may be any moment now.
    """

    fail_safe_a: float
    all_lines: tuple[Phase, ...]
    granted: tuple[Granted, ...] = ()
    confirmed_at_s: Mapping[int, float] = field(default_factory=dict)
    """When each confirmed sequence number was confirmed."""

    @property
    def confirmed(self) -> int:
        """The newest sequence number that the charger has confirmed; 0 for none."""
        return max(self.confirmed_at_s, default=0)

    @property
    def newest(self) -> Granted | None:
        """The newest limit announced."""
        return self.granted[-1] if self.granted else None

    @property
    def unconfirmed(self) -> bool:
        """Whether the newest limit still waits for its confirmation."""
        return self.newest is not None and self.newest.sequence > self.confirmed

    @property
    def fail_safe_from_s(self) -> float:
        """From when on the fail-safe may be in force again."""
        held = self._held()
        return held[-1][1] if held else float("-inf")

    @property
    def fail_safe_until_s(self) -> float:
        """Until when a car may still draw the fail-safe that a limit has put an end to."""
        held = self._held()
        if not held:
            return float("inf")
        since_s, _ = held[-1]
        for from_s, to_s in reversed(held[:-1]):
            if to_s < since_s:
                break
            since_s = from_s
        return since_s + CAR_FOLLOW_S

    def _held(self) -> list[tuple[float, float]]:
        """The times in which a confirmed limit certainly held the fail-safe off, in order."""
        return [
            (self.confirmed_at_s[it.sequence], it.valid_until_s - CLOCK_SKEW_S)
            for it in self.granted
            if it.sequence in self.confirmed_at_s
        ]

    def worst_a(self, at_s: float) -> PhaseCurrents:
        """Name the highest current that the car may draw at a moment, on L1, L2 and L3."""
        worst = list(ZERO_A)
        for grant in self.granted:
            if at_s < self._over_s(grant):
                _raise_to(worst, grant.limit_a, grant.lines)
        if at_s >= self.fail_safe_from_s or at_s < self.fail_safe_until_s:
            _raise_to(worst, self.fail_safe_a, self.all_lines)
        return (worst[0], worst[1], worst[2])

    def _over_s(self, grant: Granted) -> float:
        """When a limit is certainly out of force, and its car has followed."""
        ends_s = grant.valid_until_s + CLOCK_SKEW_S
        if grant.sequence < self.confirmed:
            superseded_s = min(
                at_s
                for sequence, at_s in self.confirmed_at_s.items()
                if sequence > grant.sequence
            )
            ends_s = min(ends_s, superseded_s)
        return ends_s + CAR_FOLLOW_S

    def granting(self, grant: Granted) -> "Standing":
        """Add a limit that is about to be announced."""
        return replace(self, granted=(*self.granted, grant))


def _raise_to(worst: list[float], limit_a: float, lines: Iterable[Phase]) -> None:
    for line in lines:
        index = PHASES.index(line)
        worst[index] = max(worst[index], limit_a)


class Ledger:
    """
    The sums of commitments of a site, at every moment at which they can rise.

    Args:
        site: the layout.
        standings: what may be in force at each charger.
        measured_a: what is drawn now, for those chargers of which it is known; a car that draws
            more than its commitments is counted at what it draws.
        now_s: the present moment, in seconds since 1970.
    """

    def __init__(
        self,
        site: Site,
        standings: Mapping[ChargerId, Standing],
        measured_a: Mapping[ChargerId, PhaseCurrents],
        now_s: float,
    ) -> None:
        self._site = site
        self._measured_a = measured_a
        self.standings = dict(standings)
        rising = {
            standing.fail_safe_from_s
            for standing in standings.values()
            if standing.fail_safe_a > 0 and standing.fail_safe_from_s > now_s
        }
        self._moments_s = (now_s, *sorted(rising))
        self._own: dict[ChargerId, Sequence[PhaseCurrents]] = {}
        self._sums = [[0.0] * len(site.capacity_a) for _ in self._moments_s]
        for charger_id in standings:
            self._count(charger_id)

    def committed_a(self, constraint: int) -> float:
        """Add up what may be drawn now at a constraint, in amperes."""
        return self._sums[0][constraint]

    def counted_a(self, charger_id: ChargerId) -> PhaseCurrents:
        """Name what a charger is counted at now, on L1, L2 and L3."""
        return self._own[charger_id][0]

    def room_a(
        self, charger_id: ChargerId, lines: Sequence[Phase], valid_until_s: float
    ) -> float:
        """Name the highest limit on some lines, until a moment, that the rule leaves a charger."""
        path = self._site.paths[self._site.chargers[charger_id].circuit_id]
        capacity_a = self._site.capacity_a
        over_s = valid_until_s + OVER_AFTER_S
        return min(
            capacity_a[breaker * LINES + line] - sums[breaker * LINES + line] + own[line]
            for moment_s, sums, own in zip(
                self._moments_s, self._sums, self._own[charger_id], strict=True
            )
            if moment_s < over_s
            for breaker in path
            for line in (PHASES.index(it) for it in lines)
        )

    def fits(self, charger_id: ChargerId, grant: Granted) -> bool:
        """Tell whether a limit may be announced: wherever it makes the charger's own commitment
        higher than it is, at any moment, the sum stays within what may be carried."""
        granting = self.standings[charger_id].granting(grant)
        drawn = self._measured_a.get(charger_id, ZERO_A)
        path = self._site.paths[self._site.chargers[charger_id].circuit_id]
        for moment_s, sums, own in zip(
            self._moments_s, self._sums, self._own[charger_id], strict=True
        ):
            then = _higher(granting.worst_a(moment_s), drawn)
            for line in range(LINES):
                more_a = then[line] - own[line]
                if more_a > TOLERANCE_A and any(
                    exceeds(
                        sums[it * LINES + line] + more_a,
                        self._site.capacity_a[it * LINES + line],
                    )
                    for it in path
                ):
                    return False
        return True

    def grant(self, charger_id: ChargerId, grant: Granted) -> None:
        """Count a limit that is about to be announced."""
        self._count(charger_id, sign=-1.0)
        self.standings[charger_id] = self.standings[charger_id].granting(grant)
        self._count(charger_id)

    def _count(self, charger_id: ChargerId, sign: float = 1.0) -> None:
        if sign > 0:
            standing = self.standings[charger_id]
            drawn = self._measured_a.get(charger_id, ZERO_A)
            self._own[charger_id] = [
                _higher(standing.worst_a(moment_s), drawn) for moment_s in self._moments_s
            ]
        path = self._site.paths[self._site.chargers[charger_id].circuit_id]
        for sums, own in zip(self._sums, self._own[charger_id], strict=True):
            for breaker in path:
                for line in range(LINES):
                    sums[breaker * LINES + line] += sign * own[line]


def _higher(a: PhaseCurrents, b: PhaseCurrents) -> PhaseCurrents:
    return (max(a[0], b[0]), max(a[1], b[1]), max(a[2], b[2]))

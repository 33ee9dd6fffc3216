"""
One piece of hardware: what it was told, what it has confirmed, and what of it counts where.

A limit counts where the charger stood when it was decided, and where it stands now; at the latter on
all its lines, because nobody knows which of them a limit of before will load. A fail-safe counts where
a charger stood for `DEPARTED_S` longer than the limits of that time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Final, Protocol, TypeVar

from services.balancer.announced import (
    Announced,
    Told,
)
from services.balancer.behaviour import Behaviour, PhasesTold
from services.balancer.commitments import CLOCK_SKEW_S, Granted, Standing, counts_a
from services.balancer.layouts import FAIL_SAFES_MAX, Departed, FailSafe, Stay
from services.balancer.reported import (
    Confirmed,
    Holding,
    Reported,
)
from shared.ids import ChargerId
from shared.phases import PHASES, Phase
from shared.units import CAR_FOLLOW_S, PILOT_MIN_A, TOLERANCE_A

DEPARTED_S: Final = 900.0
"""How long a charger that was moved or removed is counted with its fail-safe where it stood. Whoever
leaves it plugged in there for longer has a load that is not ours, and the breaker must be set for it."""

SWITCHING_S: Final = 5.0
"""How long after its car has followed a charger may still be busy with its contactor."""


D_co = TypeVar("D_co", covariant=True)


class Known(Protocol[D_co]):
    """Whatever is found by a charger's id, such as a mapping."""

    def get(self, charger_id: ChargerId, /) -> D_co | None: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that is known of chargers, whichever installation they stand in."""

    reported: Known[Reported]
    announced: Known[Announced]
    behaviours: Known[Behaviour]
    departed: Mapping[str, Sequence[Departed]]
    """Of all installations, by serial number."""


@dataclass(frozen=True, slots=True)
class FallsBack:
    """What a charger may fall back to, in amperes."""

    highest_a: float
    lowest_a: float
    fading_a: float = 0.0
    """What it fell back to before; its car may still follow that."""
    fading_ends_s: float = -inf

    def fading(self, since: datetime) -> "FallsBack":
        """Say that it falls back to nothing, or to something else, from a moment on."""
        highest_a = max(self.highest_a, self.fading_a)
        return FallsBack(0.0, 0.0, highest_a, since.timestamp() + CAR_FOLLOW_S)


@dataclass(frozen=True, slots=True)
class Hardware:
    """What one piece of hardware was told under one id, and what it has confirmed of that."""

    leases: tuple[Told, ...]
    confirmed_at_s: Mapping[int, float]
    falls_back: FallsBack
    holding: Holding = field(default_factory=Holding)
    most_a: float = inf
    """What its charger offers at most by itself."""

    def here(self, lines: tuple[Phase, ...], since: int) -> Standing:
        """Count it where it stands, since a position of the log."""
        granted = tuple(self._granted(it, lines, since) for it in self.leases)
        return self._standing(lines, granted)

    def _standing(self, lines: tuple[Phase, ...], granted: tuple[Granted, ...]) -> Standing:
        return Standing(
            self.falls_back.highest_a,
            lines,
            granted,
            self.confirmed_at_s,
            fail_safe_low_a=self.falls_back.lowest_a,
            fading_a=self.falls_back.fading_a,
            fading_ends_s=self.falls_back.fading_ends_s,
            beyond_a=self.holding.beyond_a,
        )

    def _granted(self, lease: Told, lines: tuple[Phase, ...], since: int) -> Granted:
        former = before(lease, since)
        return Granted(
            lease.limit_a,
            lines if former else lease.phases,
            lease.valid_until.timestamp(),
            lease.sequence,
            former,
            lease.terminals,
            counts_a(lease.limit_a, self.holding.spread, self.most_a),
        )

    def there(self, stay: Stay) -> Standing:
        """Count it where it stood."""
        granted = tuple(
            self._granted(it, stay.lines, stay.since).elsewhere()
            if not before(it, stay.left, unknown=True)
            else self._granted(it, stay.lines, stay.since)
            for it in self.leases
        )
        until = (it for it in self.leases if before(it, stay.left, unknown=True))
        ends_s = _departed_s(until, stay.left_at)
        return replace(self._standing(stay.lines, granted), fail_safe_ends_s=ends_s)


def may_fall_back_to(set_to: Sequence[FailSafe], confirmed: Confirmed | None) -> FallsBack:
    """
    Name the fail-safes that may be in force.

    Args:
        set_to: what the layout has asked for, the latest last.
        confirmed: what the charger has confirmed last; none if it has never confirmed any. Everything
            that was asked for since then may be in force as well: it may have been taken, and the
            answer lost.
    """
    latest_a = set_to[-1].fail_safe_a
    if confirmed is None:
        return FallsBack(latest_a, latest_a)
    may_be = [confirmed.fail_safe_a]
    for asked in reversed(set_to):
        by_then = asked.since is None or asked.since <= confirmed.at
        if by_then and abs(asked.fail_safe_a - confirmed.fail_safe_a) <= TOLERANCE_A:
            break
        may_be.append(asked.fail_safe_a)
    return FallsBack(
        highest_a=max(may_be),
        lowest_a=min(may_be),
        fading_a=max(confirmed.before_a, *(it.fail_safe_a for it in set_to)),
        fading_ends_s=confirmed.at.timestamp() + CAR_FOLLOW_S,
    )


def phases_told(told: Announced, reported: Reported | None, now_s: float) -> PhasesTold:
    """Tell what a charger's contactor does, as far as is known from what it was told."""
    leases = tuple(taken(told, reported))
    if not any(_one_terminal(it) for it in leases):
        return PhasesTold.ALL
    confirmed_at = reported.confirmed_at if reported else {}
    seconds = {it: at.timestamp() for it, at in confirmed_at.items()}
    # What it falls back to closes all terminals; how much that is does not matter.
    standing = Hardware(leases, seconds, FallsBack(PILOT_MIN_A, PILOT_MIN_A)).here((), 0)
    may_close = {
        PhasesTold.ONE if _one_terminal(it) else PhasesTold.ALL
        for it, over_s in zip(leases, standing.over_s, strict=True)
        if now_s < over_s + SWITCHING_S
    }
    held_off_s = standing.fail_safe_until_s + SWITCHING_S
    if not held_off_s <= now_s < standing.fail_safe_from_s:
        may_close.add(PhasesTold.ALL)
    return may_close.pop() if len(may_close) == 1 else PhasesTold.UNSURE


def may_be_in_force(told: Announced, reported: Reported | None) -> Standing | None:
    """
    Count all that a charger may offer its car by what it was told, confirmed or not, and what its car may
    still follow, as if it had stood on all lines for ever; none while it has confirmed nothing.
    """
    if reported is None or (reported.fail_safe is None and not reported.confirmed_at):
        return None
    confirmed, falls_back = reported.fail_safe, FallsBack(0.0, 0.0)
    if confirmed is not None:
        asked = [FailSafe(fail_safe_a=confirmed.fail_safe_a)]
        falls_back = may_fall_back_to(asked, confirmed)
    seconds = {it: at.timestamp() for it, at in reported.confirmed_at.items()}
    leases = tuple(taken(told, reported))
    return Hardware(leases, seconds, falls_back, reported.holds).here(PHASES, 0)


def _one_terminal(lease: Told) -> bool:
    return lease.terminals is not None and len(lease.terminals) == 1


def confirmed_by(fail_safes: Sequence[Confirmed], at: datetime) -> Confirmed | None:
    """Name what a charger had confirmed last at a moment, or the earliest that is known."""
    known = [it for it in fail_safes if it.at <= at]
    if known:
        return known[-1]
    return fail_safes[0] if len(fail_safes) == FAIL_SAFES_MAX else None


# --- Leases ---


def taken(told: Announced, reported: Reported | None) -> Iterator[Told]:
    rejected = set(reported.rejected) if reported else set()
    return (it for it in told.leases if it.sequence not in rejected)


def before(lease: Told, position: int, *, unknown: bool = False) -> bool:
    """Tell whether a limit was decided before something was known; `unknown` if nobody can tell."""
    return unknown if lease.layout_position is None else lease.layout_position < position


def _departed_s(leases: Iterable[Told], left_at: datetime) -> float:
    """Until when a fail-safe is counted where its charger stood."""
    ends_s = (it.valid_until.timestamp() + CLOCK_SKEW_S for it in leases)
    return max(left_at.timestamp(), *ends_s, -inf) + DEPARTED_S

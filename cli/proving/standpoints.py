"""What may be in force at the model's chargers, as the balancer's own code counts it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final

from cli.proving.one_charger import TICK_S, Charger, Limit
from services.balancer.commitments import Granted, Place, Standing
from services.balancer.ledger import Ledger
from shared.phases import PHASES
from shared.units import TOLERANCE_A

LIMITS_A: Final = (0.0, 6.0, 10.0, 16.0)
BREAKER_A: Final = 16.0
FAIL_SAFE_A: Final = 6.0
"""Of each of the two chargers: both fit the breaker."""
LEASES: Final = (2, 4)
"""How long limits are given, in ticks: the longer one may hold a fail-safe down for others."""
LAGS: Final = (0, 1, inf)
"""How late a balancer hears of confirmations: at once, of those before this tick, or of none yet."""

View = tuple[Limit, ...]
"""What a balancer knows of a charger's limits."""
Grant = tuple[float, int]
"""A limit in amperes, and in how many ticks it ends."""


class WithoutFailSafe(Standing):
    """Of a balancer that does not think of the end of a lease."""

    fail_safe_from_s = inf


@dataclass(frozen=True)
class Rule:
    """What a balancer counts; anything but the defaults is a mistake, to show that it is found."""

    believes_decreases: bool = False
    """It takes a limit for followed once it is announced."""
    counts_unconfirmed: bool = True
    counts_fail_safe: bool = True
    """It counts the fail-safe from when a lease may be over."""
    waits_for_cars: bool = True
    """It counts what was replaced while the car follows."""
    _known: dict[tuple[View, View], tuple[Grant, ...]] = field(
        default_factory=dict, compare=False
    )

    def may_announce(self, own: View, others: View) -> tuple[Grant, ...]:
        """Name the limits that the rule lets a charger be given, beside another one."""
        known = self._known.get((own, others))
        if known is None:
            known = self._known[own, others] = tuple(self._fitting(own, others))
        return known

    def _fitting(self, own: View, others: View) -> Iterator[Grant]:
        """Ask the balancer's books, and add what its planner does not ask them for."""
        places = {
            "own": (Place((0,), self.standing(own)),),
            "other": (Place((0,), self.standing(others)),),
        }
        ends_s = [float(it * TICK_S) for it in LEASES]
        books = Ledger([BREAKER_A] * len(PHASES), places, {}, 0.0, ends_s)
        unasked = set(unasked_of(own))
        for limit_a in LIMITS_A:
            for ends in {*LEASES, *(ends for _, ends in unasked)}:
                grant = Granted(limit_a, PHASES, ends * TICK_S, len(own) + 1)
                if (limit_a, ends) in unasked or (ends in LEASES and books.fits("own", grant)):
                    yield limit_a, ends

    def standing(self, view: View) -> Standing:
        """Say what is known of a charger in the balancer's own words."""
        kind = Standing if self.counts_fail_safe else WithoutFailSafe
        granted, confirmed_at_s = [], {}
        for sequence, limit in enumerate(view, start=1):
            ago = limit.confirmed
            if ago is None and self.believes_decreases:
                ago = 1
            if ago is None and not self.counts_unconfirmed:
                continue
            if ago is not None:
                confirmed_at_s[sequence] = -(ago + (not self.waits_for_cars)) * TICK_S
            granted.append(Granted(limit.limit_a, PHASES, limit.ends * TICK_S, sequence))
        return kind(FAIL_SAFE_A, PHASES, tuple(granted), confirmed_at_s)


def unasked_of(view: View) -> Iterator[Grant]:
    """Name what the planner announces without asking the books: no more than the newest limit, until
    that ends; and no more than the fail-safe, where nothing was ever announced."""
    for limit_a in LIMITS_A:
        if not view and limit_a <= FAIL_SAFE_A:
            yield from ((limit_a, ends) for ends in LEASES)
        if view and view[-1].ends > 0 and limit_a <= view[-1].limit_a + TOLERANCE_A:
            yield limit_a, view[-1].ends


def view_of(charger: Charger, lag: float, *, epoch: int, fenced: bool) -> View:
    """
    Name what a balancer knows of a charger.

    Args:
        charger: as it is.
        lag: how many ticks ago a confirmation must have been for it to have been heard.
        epoch: the balancer's own one.
        fenced: whether nothing is appended by a balancer that has not read everything before. Without
            that, one knows its own limits, and those from before the other one began.
    """
    return tuple(
        limit._replace(
            epoch=0,
            unseen=False,
            confirmed=limit.confirmed
            if limit.confirmed is not None and limit.confirmed >= lag
            else None,
        )
        for limit in charger.limits
        if fenced or _seen(limit, epoch)
    )


def _seen(limit: Limit, epoch: int) -> bool:
    return limit.epoch == epoch or (limit.epoch < epoch and not limit.unseen)


def counted_a(charger: Charger) -> float:
    """Name what the rule counts now, on all that is in the logs."""
    view = view_of(charger, 0, epoch=0, fenced=True)
    return max(Rule().standing(view).worst_a(0.0))


def views(chargers: Sequence[Charger], *, epoch: int, fenced: bool) -> Iterator[list[View]]:
    """Name all that a balancer may know of some chargers, as late as it may hear."""
    seen: list[list[View]] = []
    for lag in LAGS:
        known = [view_of(it, lag, epoch=epoch, fenced=fenced) for it in chargers]
        if known not in seen:
            seen.append(known)
            yield known

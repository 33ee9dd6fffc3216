"""
Shares of a tree of breakers: who is admitted, and how much each admitted car gets.

In this order:

1. No constraint carries more than its capacity: the magnitude of a sum of phasors, see `phasors`.
2. Cars that stay are admitted, then as many others as can have their minimum, one priority after the
   other; among sets with as many cars the one whose members come first.
3. The admitted are raised together, in proportion to their weights, as water fills connected basins,
   until a constraint or their own maximum stops each of them. The result is the max-min fair point:
   nobody can get more without somebody who has no more getting less (Bertsekas and Gallager, Data
   Networks, 6.5.2; Radunovic and Le Boudec, 2007).
4. Shares are lowered to steps of 0.1 A, and every step that is left is handed out.
5. A car that can charge in several modes gets the one with which these shares become best, see `modes`.

What an allocation is asked and answers is in `demands`, its loops are in `fitting`
and `filling`.
"""

from collections.abc import Sequence
from typing import Final

from services.balancer.demands import (
    Demand,
    Mode,
    Rules,
    Share,
    Unallocatable,
)
from services.balancer.modes import choose
from services.balancer.nets import NOTHING, OWN_MAX
from services.balancer.tables import table_of
from shared.units import PILOT_MIN_A

__all__ = [
    "DEFAULT",
    "OWN_MAX",
    "Demand",
    "Mode",
    "Rules",
    "Share",
    "Unallocatable",
    "allocate",
    "warm_up",
]

DEFAULT: Final = Rules()


def allocate(
    capacity_a: Sequence[float],
    demands: Sequence[Demand],
    base: Sequence[complex] | None = None,
    rules: Rules = DEFAULT,
) -> list[Share]:
    """
    Divide what the breakers can carry.

    Args:
        capacity_a: amperes that each constraint may carry; where it is negative, nobody charges.
        demands: in the order in which they are to be admitted.
        base: what flows at each constraint anyway, as phasors in amperes.
        rules: what holds for the whole installation.

    Returns:
        A share for each demand: 0, or at least its minimum, in steps of 0.1 A.

    Raises:
        Unallocatable: a number means nothing, or a constraint does not exist.

    >>> mode = Mode(("L1",), ((0, 1),), max_a=32.0)
    >>> [share.share_a for share in allocate([16.0], [Demand((mode,)), Demand((mode,))])]
    [8.0, 8.0]
    """
    if not demands:
        return []
    table = table_of(capacity_a, demands, base, rules)
    modes, division = choose(table, demands, rules)
    own = modes - table.first_mode[:-1]
    rows = (*range(len(capacity_a)), *rules.main)
    return [
        Share(
            share_a,
            mode,
            rows[constraint] if constraint >= 0 else OWN_MAX,
            admitted,
            None if after == NOTHING else rows[after] if after >= 0 else OWN_MAX,
            constraint >= len(capacity_a),
        )
        for share_a, mode, constraint, after, admitted in zip(
            division.shares_a.tolist(),
            own.tolist(),
            division.stopped.tolist(),
            division.runner_up.tolist(),
            division.admitted.tolist(),
            strict=True,
        )
    ]


def warm_up() -> None:
    """Have the loops compiled, or read from disk, before anybody waits for them."""
    mode = Mode((), ((0, 1 + 0j),), max_a=PILOT_MIN_A)
    allocate([PILOT_MIN_A], [Demand((mode,))])

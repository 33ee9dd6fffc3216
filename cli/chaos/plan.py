"""What happens when: from a seed alone, so that a run can be had again."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

CALM_BEFORE_S: Final = 8.0
"""So long cars charge undisturbed first."""
CALM_AFTER_S: Final = 25.0
"""So long everything has at the end to recover, before it is judged."""
GAP_MEAN_S: Final = 5.0
"""Between the beginnings of two faults, on average: some overlap."""
QUIET_RUN_S_MIN: Final = 120.0
"""Runs that are at least so long have a quiet time."""
QUIET_BEFORE_S: Final = 9.0
"""So long nothing begins or goes on before a fault in the quiet time, and all have recovered."""
QUIET_AFTER_S: Final = 5.0
"""So long nothing begins after it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """
    One kind of fault, as the plan sees it.

    Args:
        name: what it is called.
        targets: what it may hit.
        lasts_s: for how long, at least and at most; both 0 where it is over at once.
        alone: nothing else begins while it lasts.
        run_s_min: it is planned in runs that are at least so long.
        quiet: in runs with a quiet time it comes once more at each of its targets while nothing else is
            wrong, so that how long others take to step in can be measured.
        hits_all: where its target is neither a process nor a line, all processes are under it while it
            lasts; otherwise nobody is, or it says by itself who.
    """

    name: str
    targets: Sequence[str]
    lasts_s: tuple[float, float] = (0.0, 0.0)
    alone: bool = False
    run_s_min: float = 0.0
    quiet: bool = False
    hits_all: bool = True


@dataclass(frozen=True, slots=True)
class Planned:
    """
    One fault that is to come.

    Args:
        at_s: when it begins, in seconds from the start.
        kind: of which kind.
        target: what it hits.
        lasts_s: how long.
        quiet: nothing else is wrong around it.
    """

    at_s: float
    kind: str
    target: str
    lasts_s: float
    quiet: bool = False

    @property
    def over_s(self) -> float:
        return round(self.at_s + self.lasts_s, 1)


def plan(seed: int, seconds: float, kinds: Sequence[Kind]) -> list[Planned]:
    """
    Draw the faults of a run: every kind once, in an order that chance gives, and then any.

    Args:
        seed: the same one draws the same faults.
        seconds: how long the run is; the calm before and after is part of it.
        kinds: what may happen.

    Returns:
        In the order of their beginnings; all are over before the calm at the end.

    Raises:
        ValueError: the run is too short for a single fault.
    """
    end_s = seconds - CALM_AFTER_S
    if end_s <= CALM_BEFORE_S:
        raise ValueError(
            f"a run of {seconds:g} s leaves no time for faults: take more than "
            f"{CALM_BEFORE_S + CALM_AFTER_S:g}"
        )
    chance = random.Random(seed)  # noqa: S311  # a plan of faults is no secret
    possible = [it for it in kinds if seconds >= it.run_s_min]
    quiet = _quiet(possible, chance, end_s) if seconds >= QUIET_RUN_S_MIN else []
    order = chance.sample(possible, len(possible))
    found: list[Planned] = []
    at_s, busy_until_s = CALM_BEFORE_S, 0.0
    while True:
        kind = order.pop() if order else chance.choice(possible)
        lasts_s = round(chance.uniform(*kind.lasts_s), 1)
        if kind.alone:
            at_s = max(at_s, max((it.over_s for it in found), default=0.0))
        begins_s = _past(quiet, round(max(at_s, busy_until_s), 1), lasts_s)
        if begins_s + lasts_s > end_s:
            if order:
                continue  # a shorter one may fit
            return sorted([*found, *quiet], key=lambda it: it.at_s)
        at_s = begins_s
        found.append(Planned(at_s, kind.name, chance.choice(list(kind.targets)), lasts_s))
        if kind.alone:
            busy_until_s = found[-1].over_s
        at_s += chance.expovariate(1 / GAP_MEAN_S)


def _quiet(kinds: Sequence[Kind], chance: random.Random, end_s: float) -> list[Planned]:
    """Reserve one time for all that wants quiet, so that it is there however the rest falls."""
    wanted = [(it.name, target) for it in kinds if it.quiet for target in it.targets]
    each_s = QUIET_BEFORE_S + QUIET_AFTER_S
    from_s = chance.uniform(CALM_BEFORE_S, end_s - len(wanted) * each_s)
    return [
        Planned(round(from_s + number * each_s + QUIET_BEFORE_S, 1), *which, 0.0, quiet=True)
        for number, which in enumerate(wanted)
    ]


def _past(quiet: Sequence[Planned], at_s: float, lasts_s: float) -> float:
    """Say when a fault begins so that it disturbs nothing that wants quiet: behind it, if it has to be."""
    for it in quiet:
        from_s, to_s = it.at_s - QUIET_BEFORE_S, it.over_s + QUIET_AFTER_S
        if at_s < to_s and at_s + lasts_s > from_s:
            at_s = round(to_s, 1)
    return at_s


def left_out(kinds: Sequence[Kind], planned: Sequence[Planned]) -> list[str]:
    """Name the kinds that a run has no time for."""
    there = {it.kind for it in planned}
    return [it.name for it in kinds if it.name not in there]


def counted(planned: Sequence[Planned]) -> Mapping[str, int]:
    """Count faults by their kind."""
    return {
        name: sum(it.kind == name for it in planned)
        for name in sorted({it.kind for it in planned})
    }

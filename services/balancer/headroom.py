"""
What is left of every breaker for cars: by physics, and by contract.

*Physical* is what the breaker may carry beside load that is not ours; commitments respect it at every
moment, in the worst case. *Agreed* is that and what others allow: it bounds what cars are given now. A
fail-safe above what is agreed is no danger, and is planned by nobody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from services.balancer.meters import Bound, Meter, Watch, bound
from services.balancer.site import LINES, Site
from shared.ids import CircuitId, MeterId
from shared.messages.balancer import LoadBasis, Rule
from shared.messages.installation_terms import Measures, MeterKind
from shared.phases import ZERO_A, PhaseCurrents
from shared.units import BREAKER_A_MAX, TOLERANCE_A

COUNT_STEP_A: Final = 1.0
"""Load is counted in whole amperes, rounded up, so that the log does not tell of every change."""
FALLS_BY_A: Final = 1.5
"""A load that is counted is counted lower only when it is lower by so much."""

_WORST_FIRST: Final = (LoadBasis.SILENT, LoadBasis.AGEING, LoadBasis.MEASURED)


@dataclass(frozen=True, slots=True)
class Load:
    """What is set aside at a breaker for load that is not ours, in amperes on each line."""

    lines_a: PhaseCurrents
    basis: LoadBasis
    announced: bool = True
    """Whether the log says so already."""


def unmanaged(
    site: Site, watches: Mapping[MeterId, Watch], now_s: float
) -> dict[CircuitId, Bound]:
    """
    Name the most that other load may be at every breaker that a meter tells of.

    A meter of all of a breaker speaks for what is beneath it, too; what solar panels behind it feed is
    load that it does not see. Without one, the loads measured there and beneath add up.
    """
    if not site.meters:
        return {}
    at: dict[CircuitId, list[Meter]] = {}
    for meter in site.meters:
        at.setdefault(meter.circuit_id, []).append(meter)
    bounds = {
        it.meter_id: bound(it, watches.get(it.meter_id), site.grid, now_s) for it in site.meters
    }
    found: dict[CircuitId, Bound] = {}
    deepest_first = sorted(site.paths, key=lambda it: -len(site.paths[it]))
    for circuit_id in deepest_first:
        beneath = [
            found[it.circuit_id]
            for it in site.breakers
            if it.parent_id == circuit_id and it.circuit_id in found
        ]
        here = at.get(circuit_id, [])
        total = next((it for it in here if it.measures is Measures.TOTAL), None)
        parts = [bounds[it.meter_id] for it in here if it.kind is not MeterKind.SOLAR]
        if total is None:
            parts += beneath
        else:
            parts = [_whole(site, circuit_id, bounds[total.meter_id], bounds, beneath)]
        if parts:
            found[circuit_id] = _together(parts)
    return found


def _whole(
    site: Site,
    circuit_id: CircuitId,
    total: Bound,
    bounds: Mapping[MeterId, Bound],
    beneath: Iterable[Bound],
) -> Bound:
    """What a meter of all of a breaker shows, and what panels behind it hide from it."""
    if total.basis is LoadBasis.SILENT:
        known = _together([Bound(ZERO_A, LoadBasis.SILENT), *beneath])
        return Bound(_highest(total.lines_a, known.lines_a), LoadBasis.SILENT)
    index = site.index[circuit_id]
    panels = [
        bounds[it.meter_id]
        for it in site.meters
        if it.kind is MeterKind.SOLAR and index in site.paths[it.circuit_id]
    ]
    return _together([total, *panels])


def _together(parts: Iterable[Bound]) -> Bound:
    parts = list(parts)
    l1, l2, l3 = (sum(it.lines_a[line] for it in parts) for line in range(LINES))
    bases = {it.basis for it in parts}
    return Bound((l1, l2, l3), next(it for it in _WORST_FIRST if it in bases))


def _highest(a: PhaseCurrents, b: PhaseCurrents) -> PhaseCurrents:
    return (max(a[0], b[0]), max(a[1], b[1]), max(a[2], b[2]))


def counted(before: Load | None, found: Bound) -> Load:
    """
    Name what is set aside: a rise at once, a fall when it is worth telling.

    >>> here = Bound((10.2, 0.0, 4.0), LoadBasis.MEASURED)
    >>> counted(Load((12.0, 0.0, 3.0), LoadBasis.MEASURED), here).lines_a
    (11.0, 0.0, 4.0)
    """
    was_a = None if before is None else before.lines_a
    l1, l2, l3 = (
        _counted_a(None if was_a is None else was_a[line], a)
        for line, a in enumerate(found.lines_a)
    )
    same = before is not None and (before.lines_a, before.basis) == ((l1, l2, l3), found.basis)
    return Load((l1, l2, l3), found.basis, announced=same)


def _counted_a(was_a: float | None, found_a: float) -> float:
    if was_a is not None and was_a - FALLS_BY_A < found_a <= was_a + TOLERANCE_A:
        return was_a
    steps = ceil((found_a - TOLERANCE_A) / COUNT_STEP_A)
    return min(BREAKER_A_MAX, max(0.0, steps * COUNT_STEP_A))


# --- What is left ---


@dataclass(frozen=True, slots=True)
class Headroom:
    """What cars may use of each constraint, in amperes, and what keeps it so low."""

    physical_a: tuple[float, ...]
    agreed_a: tuple[float, ...]
    rules: tuple[Rule, ...]


def headroom(
    site: Site,
    loads: Mapping[CircuitId, Load],
    peaks_a: Mapping[CircuitId, PhaseCurrents],
    now_s: float,
    until_s: float | None = None,
) -> Headroom:
    """
    Put together what is left for cars.

    Args:
        site: breakers, and what others allow at them.
        loads: what is set aside for other load.
        peaks_a: what contracts' peaks leave of a breaker now, other load included.
        now_s: the moment, in seconds since 1970.
        until_s: until when limits that are decided now may be in force. A schedule that allows less before
            that is kept already now: no limit outlives the moment from which it would be too high.
    """
    load_a = [
        a
        for breaker in site.breakers
        for a in (loads[breaker.circuit_id].lines_a if breaker.circuit_id in loads else ZERO_A)
    ]
    physical = [a - load_a[it] for it, a in enumerate(site.capacity_a)]
    rules = [Rule.UNMANAGED if a > TOLERANCE_A else Rule.BREAKER for a in load_a]

    def at_most(target: list[float], constraint: int, a: float, rule: Rule) -> None:
        if a < target[constraint] - TOLERANCE_A:
            target[constraint], rules[constraint] = a, rule

    for constraint, usable_a in enumerate(site.usable_a(now_s, until_s)):
        rule = site.bounded_by(constraint, now_s, until_s)
        if rule is not None:
            at_most(physical, constraint, usable_a, rule)
    agreed = list(physical)
    for limit in site.limits:
        if limit.circuit_id in site.index and limit.holds(now_s):
            for constraint, a in _at(site, limit.circuit_id, limit.lines_a):
                beside_a = load_a[constraint] if limit.includes_load else 0.0
                at_most(agreed, constraint, a - beside_a, limit.rule)
    for circuit_id, lines_a in peaks_a.items():
        for constraint, a in _at(site, circuit_id, lines_a):
            at_most(agreed, constraint, a - load_a[constraint], Rule.CONTRACT)
    return Headroom(tuple(physical), tuple(agreed), tuple(rules))


def _at(
    site: Site, circuit_id: CircuitId, lines_a: PhaseCurrents
) -> Iterable[tuple[int, float]]:
    """Pair the constraints of a breaker, on the lines that the grid has, with a current on each."""
    first = site.index[circuit_id] * LINES
    return ((first + line, lines_a[line]) for line in range(len(site.grid.lines)))

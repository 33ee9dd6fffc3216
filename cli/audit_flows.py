"""
What cars put on a breaker, in an audit: currents that add, and the line currents that they make.

In a three-phase IT grid a car may stand between two lines; its current adds to that of others on the same
pair. On a line the currents of two pairs are phasors 60 degrees apart, and of whatever else flows there the
angle is unknown: it adds in full. In other grids everything on a line adds in full.
"""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import Final

from shared.phases import PHASES, Phase

Flow = tuple[float, ...]
"""Amperes in any direction on L1, L2, L3, and between L1 and L2, L2 and L3, L3 and L1."""
Course = Sequence[tuple[float, Flow]]
"""A flow that changes in steps: from when on (seconds since 1970), and how much."""

LINES: Final = len(PHASES)
NOTHING: Final[Flow] = (0.0,) * (2 * LINES)


def drawn(a: float, lines: Sequence[Phase], *, in_pairs: bool) -> Flow:
    """
    Name what a limit on some lines lets a car draw.

    Args:
        a: the limit, in amperes.
        lines: where it was told for.
        in_pairs: the grid is a three-phase IT grid. There a limit on two lines is drawn between
            them; one on other lines may be drawn by any car, in any direction on all of them.
    """
    on = [line in lines for line in PHASES]
    pair = [in_pairs and len(lines) == 2 and on[it] and on[(it + 1) % LINES] for it in range(3)]
    if in_pairs and lines and not any(pair):
        on = [True] * LINES
    return tuple(a if it else 0.0 for it in (*(line and not any(pair) for line in on), *pair))


def highest(flows: Iterable[Flow]) -> Flow:
    """Name the highest of what one car may draw in several ways; it uses one at a time."""
    return tuple(map(max, *flows, NOTHING, NOTHING))


def counted(may: Flow) -> Flow:
    """
    Name what a car adds at most, whichever of the ways it uses.

    What it draws on a pair is counted there only as far as it is more than what it may draw in any
    direction; on several pairs, in any direction.

    >>> counted((6.0, 6.0, 6.0, 16.0, 0.0, 0.0))
    (6.0, 6.0, 6.0, 10.0, 0.0, 0.0)
    """
    lines, pairs = may[:LINES], may[LINES:]
    used = [it for it, a in enumerate(pairs) if a > 0]
    if not used:
        return may
    if len(used) > 1:
        return (*(max(a, *pairs) for a in lines), 0.0, 0.0, 0.0)
    (pair,) = used
    beyond = max(0.0, pairs[pair] - min(lines[pair], lines[(pair + 1) % LINES]))
    return (*lines, *(beyond if it == pair else 0.0 for it in range(LINES)))


def line_currents(flow: Flow) -> tuple[float, ...]:
    """
    Name the currents on L1, L2 and L3.

    >>> [round(a, 2) for a in line_currents((1.0, 0.0, 0.0, 10.0, 0.0, 10.0))]
    [18.32, 10.0, 10.0]
    """
    currents = []
    for line in range(LINES):
        begins, ends = flow[LINES + line], flow[LINES + (line - 1) % LINES]
        currents.append(flow[line] + sqrt(begins * begins + begins * ends + ends * ends))
    return tuple(currents)


def plus(flow: Flow, other: Flow, sign: float = 1.0) -> Flow:
    """Add one flow to another, or (with -1) take it away."""
    return tuple(a + sign * b for a, b in zip(flow, other, strict=True))


def flow_at(course: Course, at_s: float) -> Flow:
    """Name the flow of a moment."""
    flow = NOTHING
    for from_s, here in course:
        if from_s > at_s:
            break
        flow = here
    return flow


def stepped(moments_s: Iterable[float], flow_of: Callable[[float], Flow]) -> Course:
    """Make a course of the flows of some moments, in their order."""
    steps: list[tuple[float, Flow]] = []
    for at_s in moments_s:
        flow = flow_of(at_s)
        if not steps or steps[-1][1] != flow:
            steps.append((at_s, flow))
    return steps


def highest_course(courses: Sequence[Course]) -> Course:
    """Name what one car adds at most at every moment, when it may take any of several courses."""
    moments_s = sorted({from_s for course in courses for from_s, _ in course})
    return stepped(
        moments_s, lambda at_s: counted(highest(flow_at(it, at_s) for it in courses))
    )

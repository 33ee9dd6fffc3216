"""
What adds up at a breaker, and the line currents that follow from it.

In a TN grid, and in any grid with one phase, loads on a line simply add. In a three-phase IT grid a
one-phase car stands between two lines: its current leaves on one and returns on the other. Currents of
the same pair add; inside a line those of its two pairs are phasors 60 degrees apart at unity power
factor, so that with the sums J12, J23, J31 of what flows between the lines

    I_L1^2 = J12^2 + J12 J31 + J31^2        and cyclic for L2, L3.

How a load stands is its *way*: between two given lines, or some other way: on all lines, or nobody
knows how. A limit on all lines belongs to the latter, because a car of one phase may follow it as well
as one of three, and its current may then meet that of others at another angle (a car of three phases on
balanced others adds in full, one of one phase adds in full to others on its own pair). By the triangle
inequality it adds no more than its full amount to any line:

    I_L <= sqrt(a^2 + a b + b^2) + every way        a, b: the sums on the line's two pairs.

A car draws in one way at a time. If it may draw up to p on one pair and up to u in every way, it is
counted with two *components*: (p - u)+ on that pair, and u in every way; if on several pairs, with the
highest of all in every way. That bounds whatever it does: it is a current on the pair of no more than
(p - u)+, and a rest in some direction of no more than u. All rests together add no more than their sum,
by the triangle inequality, and what is on pairs adds no more than if all of it were at its highest,
because no coefficient of a^2 + a b + b^2 is negative.

What is counted never becomes less when p or u grow: a growing u adds its full amount while (p - u)+
takes no more away, and on a further pair the highest of all takes the place of max(p, u). So the
highest that may be in force, way by way, bounds everything that may be in force, and sums rise only
where some commitment does.
"""

from functools import lru_cache
from math import sqrt
from typing import Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from services.balancer.phasors import BEGINS, ENDS
from shared.phases import PHASES, GridType, Phase, PhaseCurrents

Amps: TypeAlias = npt.NDArray[np.float64]
Phasors: TypeAlias = npt.NDArray[np.complex128]
Flags: TypeAlias = npt.NDArray[np.bool_]

Ways: TypeAlias = tuple[float, ...]
"""The highest current of one car, in amperes, for each way in which it may draw."""

LINES: Final = len(PHASES)
SQRT_3: Final = sqrt(3.0)
EVERY_WAY: Final = 3
"""Behind the three pairs: what may flow in any direction."""


class Form(Protocol):
    """How currents add in a grid. Arrays are amperes; their last axis is ways, components or lines."""

    width: int
    """How many ways, and components, there are."""
    has_angles: bool
    """Whether currents of known and of any angle meet."""

    def ways(self, limit_a: float, lines: tuple[Phase, ...]) -> Ways:
        """Name the ways in which a limit on some lines may be drawn."""

    def ways_read(
        self, current_a: PhaseCurrents, known: tuple[Phase, ...] | None = None
    ) -> Ways:
        """
        Bound from above what a car draws, by what is read on L1, L2 and L3.

        Args:
            current_a: amperes on each line.
            known: the lines that the car is known to stand on; none if nobody knows.
        """

    def components(self, ways: Amps) -> Amps:
        """Name what each car adds, given what it may draw in each way."""

    def lines(self, components: Amps) -> Amps:
        """Name the line currents of sums of components."""

    def parts(self, components: Amps) -> tuple[Phasors, Amps]:
        """Name of sums of components what flows on each line at a known angle, as phasors, and what
        flows there beside that at any angle, in amperes."""

    def lines_risen(self, risen: Flags) -> Flags:
        """Name the lines that ways stand on."""

    def room_a(self, sums: Amps, own: Amps, usable_a: Amps, lines: tuple[Phase, ...]) -> float:
        """
        Name the highest limit on some lines with which their currents stay within their bounds.

        Args:
            sums: all cars' components, for several moments and breakers.
            own: of those, the ways of the car itself; the new limit takes their place where it
                is drawn in the same way, and comes beside them where it is not.
            usable_a: the bound of each breaker, on L1, L2 and L3.
            lines: those of the limit.

        Returns:
            Amperes; negative if something is above its bound already.
        """


class AddingLines:
    """
    Loads add line by line: TN grids, and grids with one phase. Ways and components are lines.

    In a three-phase IT grid this is safe, too, with one-phase cars counted on both their lines: the
    sum of amperes is never less than the sum of phasors.
    """

    width = LINES
    has_angles = False

    def ways(self, limit_a: float, lines: tuple[Phase, ...]) -> Ways:
        return _on_lines(limit_a, lines)

    def ways_read(
        self, current_a: PhaseCurrents, known: tuple[Phase, ...] | None = None
    ) -> Ways:
        del known  # whatever the car is, it loads what is read
        return current_a

    def components(self, ways: Amps) -> Amps:
        return ways

    def lines(self, components: Amps) -> Amps:
        return components

    def parts(self, components: Amps) -> tuple[Phasors, Amps]:
        return np.zeros(components.shape, dtype=np.complex128), components

    def lines_risen(self, risen: Flags) -> Flags:
        return risen

    def room_a(self, sums: Amps, own: Amps, usable_a: Amps, lines: tuple[Phase, ...]) -> float:
        left_a: Amps = (usable_a - sums) + own
        return float(left_a[..., [PHASES.index(it) for it in lines]].min())


class AddingPairs:
    """Loads add pair by pair: three-phase IT grids. Ways are L1-L2, L2-L3, L3-L1, and every way."""

    width = LINES + 1
    has_angles = True

    def ways(self, limit_a: float, lines: tuple[Phase, ...]) -> Ways:
        return _on_pairs(limit_a, lines)

    def ways_read(
        self, current_a: PhaseCurrents, known: tuple[Phase, ...] | None = None
    ) -> Ways:
        """
        A pair's current is never above that of either of its lines (I_L1^2 >= J12^2), so that a third
        line's current bounds both other pairs, and adds at most itself to each line. A car known to
        stand between two lines is counted there with the higher of their currents, and beside that
        in every way with the third line's. So is one that leaves just one line without any current;
        any other one is counted in every way with its highest line current.
        """
        pair = None if known is None else pair_of(known)
        if pair is None and [a > 0.0 for a in current_a].count(False) == 1:
            pair = (current_a.index(min(current_a)) + 1) % LINES
        if pair is None:
            return (0.0, 0.0, 0.0, max(current_a))
        between_a = max(current_a[pair], current_a[(pair + 1) % LINES])
        third_a = current_a[(pair + 2) % LINES]
        # Both at a time: the way of the pair is counted with what is beyond the other one.
        l12, l23, l31 = (between_a + third_a if it == pair else 0.0 for it in range(LINES))
        return (l12, l23, l31, third_a)

    def components(self, ways: Amps) -> Amps:
        components = ways.copy()
        pairs, every_way = components[..., :EVERY_WAY], components[..., EVERY_WAY]
        highest = pairs.max(axis=-1)
        several = pairs.sum(axis=-1) > highest
        if several.any():
            every_way[several] = np.maximum(every_way, highest)[several]
        pairs -= every_way[..., np.newaxis]
        np.maximum(pairs, 0.0, out=pairs)
        return components

    def lines(self, components: Amps) -> Amps:
        one, other = components[..., :EVERY_WAY], components[..., _OTHER_PAIRS]
        joined: Amps = np.sqrt(one * one + one * other + other * other)
        return joined + components[..., EVERY_WAY:]

    def parts(self, components: Amps) -> tuple[Phasors, Amps]:
        one, other = components[..., :EVERY_WAY], components[..., _OTHER_PAIRS]
        phasors: Phasors = one * BEGINS + other * ENDS
        return phasors, np.broadcast_to(components[..., EVERY_WAY:], one.shape)

    def lines_risen(self, risen: Flags) -> Flags:
        on_pairs = risen[..., :EVERY_WAY] | risen[..., _OTHER_PAIRS]
        return on_pairs | risen[..., EVERY_WAY:]

    def room_a(self, sums: Amps, own: Amps, usable_a: Amps, lines: tuple[Phase, ...]) -> float:
        """
        In every way: what the others leave. It takes the place of all that the car may draw on a pair,
        if it is no less than that; otherwise this is less than the highest, and safe.

        On a pair, with a others' sum on it, b the one on the line's other pair, and R what the line
        leaves beside what flows in every way, the room y is the positive root of

            (a + y)^2 + (a + y) b + b^2 = R^2,    y = sqrt(R^2 - 3/4 b^2) - a - b/2

        and the car may draw beside that what it may in every way, because it draws in one way at a time.
        One that may draw on another pair, too, is counted in every way.
        """
        others = sums - self.components(own)
        every_way_a: Amps = usable_a - self.lines(others)
        pair = pair_of(lines)
        if pair is None:
            return float(every_way_a.min())
        own_every_way = own[..., EVERY_WAY]
        on_other_pairs = own[..., :EVERY_WAY].sum(axis=-1) > own[..., pair]
        lowest_a = np.inf
        for line in (pair, (pair + 1) % LINES):
            across = others[..., _OTHER_PAIRS[line] if line == pair else line]
            radius = usable_a[..., line] - others[..., EVERY_WAY] - own_every_way
            inside = np.maximum(radius * radius - 0.75 * across * across, 0.0)
            # A line that is full of its other pair alone has no root: less than nothing is left.
            root = np.where(
                radius >= SQRT_3 / 2 * across,
                np.sqrt(inside) - across / 2,
                radius - across,
            )
            on_pair_a = root - others[..., pair] + own_every_way
            room_a = np.where(on_other_pairs, every_way_a[..., line], on_pair_a)
            lowest_a = min(lowest_a, float(room_a.min()))
        return lowest_a


ADDING_LINES: Final = AddingLines()
ADDING_PAIRS: Final = AddingPairs()
_OTHER_PAIRS: Final = [2, 0, 1]
"""Line L1 carries the pair that begins with it, L1-L2, and the one that ends with it, L3-L1."""


def form_of(grid: GridType) -> Form:
    """Name how currents add in a grid."""
    return ADDING_PAIRS if grid is GridType.IT_3_PHASE else ADDING_LINES


@lru_cache(maxsize=4096)
def pair_of(lines: tuple[Phase, ...]) -> int | None:
    """
    Name the pair that some lines are: 0 for L1-L2, 1 for L2-L3, 2 for L3-L1; none if they are no pair.

    >>> pair_of((Phase.L1, Phase.L3)), pair_of(PHASES)
    (2, None)
    """
    for index, line in enumerate(PHASES):
        if set(lines) == {line, PHASES[(index + 1) % LINES]}:
            return index
    return None


@lru_cache(maxsize=4096)
def _on_lines(limit_a: float, lines: tuple[Phase, ...]) -> Ways:
    return tuple(limit_a if line in lines else 0.0 for line in PHASES)


@lru_cache(maxsize=4096)
def _on_pairs(limit_a: float, lines: tuple[Phase, ...]) -> Ways:
    pair = pair_of(lines)
    way = EVERY_WAY if pair is None and lines else pair
    return tuple(limit_a if it == way else 0.0 for it in range(EVERY_WAY + 1))


def higher(a: Ways, b: Ways) -> Ways:
    """Name the higher one of two currents in each way."""
    return tuple(map(max, a, b))

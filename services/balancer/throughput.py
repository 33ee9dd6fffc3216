"""
The most that breakers can carry: shares whose weighted sum is the highest there is.

Where `allocation` divides fairly, this hands out as much as fits, to those first who weigh most. It solves

    maximise  sum of  weight * x  -  a little of  x * x     with  |base + sum of factor * x| <= capacity

at every constraint and 0 <= x <= max for every car, where factors are complex: what one ampere of a car is
on a line, as a phasor. The little of x * x (1/1000) makes the answer unique, so that cars of equal weight
share.

The method is a primal-dual interior-point method with predictor and corrector (Mehrotra, 1992; Boyd and
Vandenberghe, Convex Optimization, 11.7). Every step solves equations of the size of the constraints, not of
the cars (Woodbury). It starts at half of everything, and needs some six steps where cars and breakers are
as they are in garages. Wherever it stops, all limits are kept.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Phasors = npt.NDArray[np.complex128]

QUADRATIC: Final = 1e-3
GAP_MAX: Final = 1e-4
"""How far the answer may be from the best one, as a share of what all cars would take."""
STEPS_MAX: Final = 40
EDGE: Final = 1e-9
"""So near to a full constraint no step is long enough to be worth it: what has been found is the answer."""
START: Final = 0.5
"""Of every car's maximum, if that fits."""
START_LOAD_MAX: Final = 0.7
"""Of every constraint's capacity; a start well inside saves steps."""
SHORT_OF_EDGE: Final = 0.95
"""Of the way to the nearest edge; the method stays inside all limits."""


@dataclass(frozen=True, slots=True)
class Room:
    """
    What may flow: `capacity_a` amperes at each constraint, of which `base_a` flows already.

    `factors` has a row for each constraint and a column for each car.
    """

    factors: Phasors
    capacity_a: Floats
    base_a: Phasors


def relaxed(room: Room, weights: Floats, max_a: Floats) -> Floats:
    """
    Find the currents with the highest weighted sum, as if cars could take any current up to a maximum.

    Args:
        room: what may flow; less than the capacity flows already, everywhere.
        weights: what an ampere is worth at each car; above 0.
        max_a: the most each car takes; above 0.

    Returns:
        Amperes; within every limit, and within some 1/10,000 of the best.
    """
    if not len(room.capacity_a):
        return max_a.copy()
    scaled = _Scaled.of(room, weights, max_a)
    point = _start(scaled)
    for _ in range(STEPS_MAX):
        if point.gap < GAP_MAX or point.slack.min() < EDGE:
            break
        point = _better(scaled, point)
    return point.x * max_a


# --- The problem, in shares of maxima and of capacities ---


@dataclass(frozen=True, slots=True)
class _Scaled:
    """Constraints by (real, imaginary) by cars: `base + lines @ x` has at most length 1."""

    lines: Floats
    base: Floats
    worth: Floats

    @staticmethod
    def of(room: Room, weights: Floats, max_a: Floats) -> "_Scaled":
        factors = room.factors * max_a / room.capacity_a[:, np.newaxis]
        base = room.base_a / room.capacity_a
        worth = weights * max_a
        return _Scaled(
            np.stack((factors.real, factors.imag), axis=1),
            np.stack((base.real, base.imag), axis=1),
            worth / worth.sum(),
        )

    def loads(self, x: Floats) -> Floats:
        flowing: Floats = self.base + self.lines @ x
        return flowing


@dataclass(frozen=True)
class _Point:
    """Where the method is: shares, what flows, and the prices of the lower, upper and line limits."""

    x: Floats
    loads: Floats
    lower: Floats
    upper: Floats
    prices: Floats

    @cached_property
    def slack(self) -> Floats:
        """What each constraint has left, as half of 1 - load * load."""
        return _slack(self.loads)

    @cached_property
    def gap(self) -> float:
        return float(self.x @ self.lower + (1 - self.x) @ self.upper + self.slack @ self.prices)

    @property
    def limits(self) -> int:
        return 2 * len(self.x) + len(self.loads)


def _slack(loads: Floats) -> Floats:
    slack: Floats = 0.5 * (1 - np.square(loads).sum(axis=1))
    return slack


def _start(scaled: _Scaled) -> _Point:
    x = np.full(len(scaled.worth), START)
    base = np.sqrt(np.square(scaled.base).sum(axis=1))
    added = np.sqrt(np.square(scaled.lines @ x).sum(axis=1))
    # By the triangle inequality, so that what flows already may have any angle.
    most = np.maximum(START_LOAD_MAX, (1 + base) / 2) - base
    x *= min(
        1.0,
        float(np.divide(most, added, out=np.ones_like(most), where=added > 0).min(initial=1.0)),
    )
    loads = scaled.loads(x)
    mu = 0.1 / (2 * len(x) + len(loads))
    return _Point(x, loads, mu / x, mu / (1 - x), mu / _slack(loads))


# --- One step ---


@dataclass(frozen=True, slots=True)
class _Step:
    """Where to go from a point, in all that it holds."""

    x: Floats
    loads: Floats
    along: Floats
    """How much longer each load becomes: its change in its own direction, times its length."""
    lower: Floats
    upper: Floats
    prices: Floats


@dataclass(frozen=True, slots=True)
class _Bend:
    """What a corrector makes good: by how much a straight step misses the products it aims at."""

    lower: Floats | float = 0.0
    upper: Floats | float = 0.0
    prices: Floats | float = 0.0


class _Newton:
    """Solves the equations of one point, as often as it is asked to."""

    def __init__(self, scaled: _Scaled, at: _Point) -> None:
        self._scaled, self._at = scaled, at
        constraints, _, cars = scaled.lines.shape
        self._flat = scaled.lines.reshape(2 * constraints, cars)
        self._rest = (
            scaled.worth * (QUADRATIC * at.x - 1)
            + self._flat.T @ (at.prices[:, np.newaxis] * at.loads).ravel()
        )
        self._outward = np.einsum("cr,crn->cn", at.loads, scaled.lines)
        self._diagonal = QUADRATIC * scaled.worth + at.lower / at.x + at.upper / (1 - at.x)
        self._roots = self._root_of_curvature().reshape(2 * constraints, cars)
        self._over = self._roots / self._diagonal
        small = self._over @ self._roots.T
        small.flat[:: 2 * constraints + 1] += 1.0
        self._inverse = np.linalg.inv(small)

    def _root_of_curvature(self) -> Floats:
        """Of price * (identity + load load' / slack), the curvature in a constraint's two directions,
        the symmetric root, applied to the cars' factors."""
        at = self._at
        squares = np.square(at.loads).sum(axis=1)
        safe = np.maximum(squares, 1e-12)
        bent = np.where(
            squares > safe / 2, (np.sqrt(1 + safe / at.slack) - 1) / safe, 0.5 / at.slack
        )
        directions = (bent[:, np.newaxis] * at.loads)[:, :, np.newaxis]
        rooted: Floats = np.sqrt(at.prices)[:, np.newaxis, np.newaxis] * (
            self._scaled.lines + directions * self._outward[:, np.newaxis, :]
        )
        return rooted

    def step(self, mu: float, bend: _Bend) -> _Step:
        """Go where every price times what is left of its limit is `mu`."""
        at = self._at
        to_lower, to_upper, to_prices = mu - bend.lower, mu - bend.upper, mu - bend.prices
        wanted = (
            to_lower / at.x
            - to_upper / (1 - at.x)
            - self._rest
            - self._outward.T @ (to_prices / at.slack - at.prices)
        )
        bare = wanted / self._diagonal
        x = bare - self._over.T @ (self._inverse @ (self._roots @ bare))
        loads = self._scaled.lines @ x
        along = (at.loads * loads).sum(axis=1)
        return _Step(
            x,
            loads,
            along,
            (to_lower - at.lower * x) / at.x - at.lower,
            (to_upper + at.upper * x) / (1 - at.x) - at.upper,
            (to_prices + at.prices * along) / at.slack - at.prices,
        )


def _better(scaled: _Scaled, at: _Point) -> _Point:
    """Look how far a straight step would get, then take one that is bent as that one would have to be."""
    newton = _Newton(scaled, at)
    straight = newton.step(0.0, _Bend())
    further = _moved(at, straight, 1.0)
    mu = at.gap / at.limits * min(1.0, max(1e-3, (further.gap / at.gap) ** 3))
    bent = newton.step(
        mu,
        _Bend(
            straight.x * straight.lower,
            -straight.x * straight.upper,
            -straight.along * straight.prices
            - 0.5 * np.square(straight.loads).sum(axis=1) * at.prices,
        ),
    )
    return _moved(at, bent, SHORT_OF_EDGE)


def _moved(at: _Point, step: _Step, share: float) -> _Point:
    """Go along a step, as far as a share of the way to the nearest edge, of a price or of a limit."""
    squares = np.square(step.loads).sum(axis=1)
    to_circle = step.along + np.sqrt(np.square(step.along) + 2 * squares * at.slack)
    circle = np.divide(
        2 * at.slack, to_circle, out=np.full_like(to_circle, np.inf), where=to_circle > 0
    )
    way = min(
        share * float(circle.min()),
        _way(at.x, step.x, share),
        _way(1 - at.x, -step.x, share),
        _way(at.lower, step.lower, share),
        _way(at.upper, step.upper, share),
        _way(at.prices, step.prices, share),
    )
    return _Point(
        at.x + way * step.x,
        at.loads + way * step.loads,
        at.lower + way * step.lower,
        at.upper + way * step.upper,
        at.prices + way * step.prices,
    )


def _way(values: Floats, changes: Floats, share: float) -> float:
    """Say how far values may change and stay above 0; at most all the way."""
    fastest = float((changes / values).min())
    return 1.0 if fastest > -share else -share / fastest

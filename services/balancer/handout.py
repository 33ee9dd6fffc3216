"""
Shares that cars can be offered, with the highest weighted sum: nothing, or a minimum and more.

`throughput` says what the best currents would be if cars took any. Few of them lie between nothing and a
minimum: those nearer to the minimum are given it, the others nothing, and what remains is found again above
the minima. Then everything is rounded down to what can be offered, and what that leaves over is handed out
to whoever weighs most.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from services.balancer.throughput import Floats, Phasors, Room, relaxed
from shared.units import STEP_A, TOLERANCE_A

NEARER: Final = 0.5
"""From this share of its minimum on, a car is given its minimum."""
SHORTENED: Final = 0.999
SHORTENED_MAX: Final = 64
"""So many times a share that currents out of phase made too large is shortened, before nobody gets any."""

Which = npt.NDArray[np.bool_]


def handed_out(room: Room, weights: Floats, min_a: Floats, max_a: Floats) -> Floats:
    """
    Divide what may flow so that the weighted sum is as high as can be.

    Args:
        room: what may flow, and what flows already.
        weights: what an ampere is worth at each car; above 0.
        min_a: what a car needs to charge at all; 0 if it takes any current.
        max_a: what it can use; a car that can use less than its minimum gets nothing.

    Returns:
        For each car 0, or its minimum and more, in amperes, rounded down to steps of 0.1 A above
        its minimum; within every constraint to 1e-6 A. Where more flows already than may, cars whose
        current passes get nothing.
    """
    shares = np.zeros(len(weights))
    open_ = _open(room, shares)
    takes = (
        (max_a >= np.maximum(min_a, STEP_A) - TOLERANCE_A)
        & (weights > 0)
        & ~((room.factors != 0) & ~open_[:, np.newaxis]).any(axis=0)
    )
    if not takes.any():
        return shares
    part = Room(room.factors[open_][:, takes], room.capacity_a[open_], room.base_a[open_])
    shares[takes] = _handed_out(part, weights[takes], min_a[takes], max_a[takes])
    return shares


def _open(room: Room, shares: Floats) -> Which:
    return _left_a(room, shares) > TOLERANCE_A


def _left_a(room: Room, shares: Floats) -> Floats:
    return room.capacity_a - np.abs(room.base_a + room.factors @ shares)


def _handed_out(room: Room, weights: Floats, min_a: Floats, max_a: Floats) -> Floats:
    shares = relaxed(room, weights, max_a)
    between = (shares > TOLERANCE_A) & (shares < min_a - TOLERANCE_A)
    if between.any():
        shares = _above_minima(room, weights, min_a, max_a, shares)
    shares = _offerable(room, min_a, shares)
    return _with_leftovers(room, weights, min_a, max_a, shares)


def _above_minima(
    room: Room, weights: Floats, min_a: Floats, max_a: Floats, shares: Floats
) -> Floats:
    """Give minima to those that are near theirs, as long as they fit, and look again for the best above."""
    chosen = shares >= NEARER * min_a
    for car in np.argsort(np.where(chosen, weights, np.inf))[: int(chosen.sum())]:
        if (_left_a(room, np.where(chosen, min_a, 0.0)) > TOLERANCE_A).all():
            break
        chosen[car] = False  # who weighs least stays away first
    lowest = np.where(chosen, min_a, 0.0)
    rising = chosen & (max_a > min_a + STEP_A)
    if not rising.any():
        return lowest
    above = Room(room.factors[:, rising], room.capacity_a, room.base_a + room.factors @ lowest)
    lowest[rising] += relaxed(above, weights[rising], (max_a - min_a)[rising])
    return lowest


def _offerable(room: Room, min_a: Floats, shares: Floats) -> Floats:
    """Round down. Where currents out of phase hold one another down, less of one may be too much of the
    sum: then all are shortened, until it fits."""
    for _ in range(SHORTENED_MAX):
        offered = _stepped_down(shares, min_a)
        if (_left_a(room, offered) >= 0).all():
            return offered
        shares = shares * SHORTENED
    return np.zeros_like(shares)


def _stepped_down(shares: Floats, min_a: Floats) -> Floats:
    stepped = np.round(np.floor((shares + TOLERANCE_A) / STEP_A) * STEP_A, 1)
    # A minimum of less than a whole step more stays as it is.
    stepped = np.where((stepped < min_a) & (shares >= min_a - TOLERANCE_A), min_a, stepped)
    return np.where(stepped >= min_a, stepped, 0.0)


def _with_leftovers(
    room: Room, weights: Floats, min_a: Floats, max_a: Floats, shares: Floats
) -> Floats:
    """Hand out what is left, to whoever weighs most and can use it."""
    order = np.argsort(-weights, kind="stable")
    for _ in range(len(weights)):
        more_a = np.minimum(_room_a(room, shares), max_a - shares)
        more_a = np.where(shares > 0, more_a, np.where(more_a >= min_a, more_a, 0.0))
        given = _stepped_down(shares + more_a, min_a)
        useful = order[(given > shares + TOLERANCE_A)[order]]
        if not len(useful):
            break
        shares[useful[0]] = given[useful[0]]
    return shares


def _room_a(room: Room, shares: Floats) -> Floats:
    """Say how much more each car could take alone: up to where the first of its constraints is full."""
    flowing: Phasors = room.base_a + room.factors @ shares
    along = (room.factors.conj() * flowing[:, np.newaxis]).real
    squares = np.square(np.abs(room.factors))
    left = np.square(room.capacity_a) - np.square(np.abs(flowing))
    left = np.maximum(left, 0.0)[:, np.newaxis]
    to_circle = along + np.sqrt(np.square(along) + squares * left)
    ways = np.divide(left, to_circle, out=np.full_like(along, np.inf), where=to_circle > 1e-12)
    # Opposed currents first make room: the way to the far edge of the circle is the long one.
    far = np.divide(
        -along + np.sqrt(np.square(along) + squares * left),
        squares,
        out=np.full_like(along, np.inf),
        where=squares > 0,
    )
    nearest: Floats = np.where(along < 0, far, np.where(squares > 0, ways, np.inf)).min(
        axis=0, initial=np.inf
    )
    return nearest

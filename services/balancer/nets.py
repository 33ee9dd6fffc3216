"""
The arrays that loops of an allocation work on.

Loops are compiled to machine code, which is kept on disk and is made anew when their file changes. That
is not noticed of what they call in other files: each file of loops calls nothing compiled elsewhere.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, ParamSpec, TypeVar, cast

import numpy as np
import numpy.typing as npt

Amps = npt.NDArray[np.float64]
Phasors = npt.NDArray[np.complex128]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
P = ParamSpec("P")
R = TypeVar("R")

OWN_MAX: Final = -1
"""In place of a constraint: the car's own maximum."""
NOTHING: Final = -2
"""In place of a constraint: none is known."""


class Net(NamedTuple):
    """Constraints, and which of them each car passes: of `rows` and `factors` the entries from
    `start` to `stop`. A constraint carries the magnitude of a sum of phasors."""

    capacity_a: Amps
    rows: Numbers
    factors: Phasors
    start: Numbers
    stop: Numbers


class Wants(NamedTuple):
    """What each car wants: between `lowest_a` and `highest_a`, or nothing; above the lowest in
    proportion to its weight."""

    lowest_a: Amps
    highest_a: Amps
    weight: Amps


class Division(NamedTuple):
    """What each car gets, what stopped it, and what would have been next."""

    shares_a: Amps
    stopped: Numbers
    runner_up: Numbers
    admitted: Flags


def compiled(loop: Callable[P, R]) -> Callable[P, R]:
    """Have a loop compiled when it is first called, and kept beside its source, or in the folder that
    NUMBA_CACHE_DIR names where sources cannot be written beside."""
    # Here, because an image whose loops are compiled already holds no compiler.
    import numba

    return cast("Callable[P, R]", numba.njit(cache=True)(loop))

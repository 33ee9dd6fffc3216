"""
Shares where some cars stand at an angle that nobody knows.

An allocation adds phasors whose angles are known. In a three-phase IT grid those of pairs are; a limit on
all lines adds to a line in full, whatever the angle of what else flows there, see `forms`. So it is given
that angle: the one at which the others' sum lies on the line when all of them have their shares, which is
found by allocating again when it was not met the first time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from services.balancer.allocation import DEFAULT, Demand, Mode, Rules, Share, allocate
from services.balancer.forms import Amps, Form, Phasors, pair_of
from shared.units import TOLERANCE_A

PASSES_MAX: Final = 5
"""How often angles are corrected. What is still too much by then is small; all angles are then left out,
and amperes are added."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """
    What cars may be given.

    Args:
        form: how currents add.
        left_a: amperes that each constraint may carry; where it is negative, nobody charges.
        base: what flows at each constraint anyway, at an angle that is known.
    """

    form: Form
    left_a: Sequence[float]
    base: Sequence[complex]

    def share_out(self, demands: Sequence[Demand], rules: Rules = DEFAULT) -> list[Share]:
        """Divide it, so that commitments will allow it; demands are in the order of admission."""
        modes = [mode for demand in demands for mode in demand.modes]
        if self.form.has_angles and any(_any_angle(mode) for mode in modes):
            return self._with_angles(demands, rules)
        return allocate(self.left_a, demands, self.base, rules)

    def _with_angles(self, demands: Sequence[Demand], rules: Rules) -> list[Share]:
        left_a, anyway = np.array(self.left_a), np.array(self.base, dtype=np.complex128)
        wanted = [(demand.modes[0], demand.modes[0].max_a) for demand in demands]
        known, _ = _sums(wanted, anyway)
        for corrected in range(PASSES_MAX):
            directions = _directions(known)
            turned = [_turned(demand, directions) for demand in demands]
            shares = allocate(left_a.tolist(), turned, self.base, rules)
            given = [
                (demand.modes[it.mode], it.share_a)
                for demand, it in zip(demands, shares, strict=True)
            ]
            known, any_angle_a = _sums(given, anyway)
            load_a = np.abs(known) + any_angle_a
            more = load_a > np.abs(anyway) + TOLERANCE_A
            above_a = np.where(more, load_a - self.left_a, 0.0)
            if (above_a <= TOLERANCE_A).all():
                return shares
            if (
                corrected
            ):  # the angles are nearly right by now: what is still above is not their doing
                left_a -= np.maximum(above_a, 0.0)
        in_full = [_in_full(demand) for demand in demands]
        return allocate(self.left_a, in_full, [abs(it) for it in self.base], rules)


def _any_angle(mode: Mode) -> bool:
    return pair_of(mode.lines) is None


def _sums(loads: Sequence[tuple[Mode, float]], anyway: Phasors) -> tuple[Phasors, Amps]:
    """Add up what has an angle at each constraint, and what has any."""
    known, any_angle_a = anyway.copy(), np.zeros(len(anyway))
    for mode, a in loads:
        for row, factor in mode.loads:
            if _any_angle(mode):
                any_angle_a[row] += abs(factor) * a
            else:
                known[row] += factor * a
    return known, any_angle_a


def _directions(sums: Phasors) -> list[complex]:
    sizes = np.abs(sums)
    flows = sizes > TOLERANCE_A
    directions: list[complex] = np.where(
        flows, sums / np.where(flows, sizes, 1.0), 1.0
    ).tolist()
    return directions


def _turned(demand: Demand, directions: Sequence[complex]) -> Demand:
    """Let a car's currents of any angle lie in the directions of others, as many times as they count."""
    if not any(_any_angle(it) for it in demand.modes):
        return demand
    modes = tuple(
        replace(it, loads=tuple((row, directions[row] * abs(times)) for row, times in it.loads))
        if _any_angle(it)
        else it
        for it in demand.modes
    )
    return replace(demand, modes=modes)


def _in_full(demand: Demand) -> Demand:
    modes = tuple(
        replace(it, loads=tuple((row, abs(times) + 0j) for row, times in it.loads))
        for it in demand.modes
    )
    return replace(demand, modes=modes)

"""
How a session's energy is shared out over its time, to the watt-hour.

The register is known at the session's begin and end, and at some moments in between. Between two of those
it is taken to have moved evenly. Every part is the difference of two whole numbers on that curve, so that
the parts of any split add up to the session's energy.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from services.portal.charging import Measured
from shared.registers import between

GAP_S_MAX: Final = 1_200
"""Registers are kept every quarter of an hour. What lies between two looks that are further apart is shared
out by estimate."""


class Curve:
    """
    What had gone into a car, in watt-hours, by the moment of a session (seconds since 1970).

    Looks at the register that cannot be are passed over: such as come before their predecessor, fall below
    it, or go beyond what the session took.
    """

    def __init__(self, measured: Measured) -> None:
        session = measured.session
        assert session.ended_at is not None  # noqa: S101  # only what is over is shared out
        self.begin_s = session.started_at.timestamp()
        self.energy_wh = session.energy_wh or 0
        end_s = max(session.ended_at.timestamp(), self.begin_s)
        moments_s, energies_wh = [self.begin_s], [0]
        for moment, register_wh in measured.marks:
            at_s = moment.timestamp()
            moved = between(session.start_wh, register_wh)
            fits = energies_wh[-1] <= moved.gained_wh <= self.energy_wh and not moved.fell_wh
            if fits and moments_s[-1] < at_s < end_s:
                moments_s.append(at_s)
                energies_wh.append(moved.gained_wh)
        self._moments_s: Sequence[float] = (*moments_s, end_s)
        self._energies_wh: Sequence[int] = (*energies_wh, self.energy_wh)

    @property
    def end_s(self) -> float:
        return self._moments_s[-1]

    def at(self, moment_s: float) -> int:
        """Tell how much had gone in by a moment: whole watt-hours, rounded down, except at the end."""
        if moment_s >= self.end_s:
            return self.energy_wh
        if moment_s <= self.begin_s:
            return 0
        index = bisect_right(self._moments_s, moment_s) - 1
        before_s, after_s = self._moments_s[index : index + 2]
        before_wh, after_wh = self._energies_wh[index : index + 2]
        share = (moment_s - before_s) / (after_s - before_s)
        return min(after_wh, before_wh + int((after_wh - before_wh) * share))

    def estimated_at(self, moment_s: float) -> bool:
        """Tell whether what had gone in by a moment is an estimate."""
        if not self.begin_s < moment_s < self.end_s:
            return False
        index = bisect_right(self._moments_s, moment_s) - 1
        before_s, after_s = self._moments_s[index : index + 2]
        return moment_s > before_s and after_s - before_s > GAP_S_MAX

"""What an allocation is asked, and what it answers."""

from dataclasses import dataclass

from shared.phases import Phase
from shared.units import LINE_TO_NEUTRAL_V, PILOT_MIN_A


class Unallocatable(ValueError):
    """Numbers that mean nothing: nothing is allocated by them."""


@dataclass(frozen=True, slots=True)
class Mode:
    """
    One way in which a car can charge.

    `loads` names the constraints that its current passes, each with what one ampere of it is there, as
    a phasor: 1 in a TN grid, see `phasors` for others.
    """

    lines: tuple[Phase, ...]
    loads: tuple[tuple[int, complex], ...]
    max_a: float
    w_per_a: float | None = None
    """The power of one ampere, by which modes are compared; by default that of a TN grid."""

    @property
    def power_w_per_a(self) -> float:
        """The power of one ampere, in watts."""
        return LINE_TO_NEUTRAL_V * len(self.lines) if self.w_per_a is None else self.w_per_a


@dataclass(frozen=True, slots=True)
class Demand:
    """
    A car that wants current.

    Args:
        modes: the ways in which it can charge, the preferred one first; most cars have one.
        present: the mode in which it charges now, by its place in `modes`.
        min_a: it gets this or more, or nothing.
        weight: what it has above its minimum is to what others have as its weight is to theirs.
        priority: higher ones are admitted first.
        stays: it is admitted before all others, in order: it has begun to charge a moment ago, or it
            is its turn.
    """

    modes: tuple[Mode, ...]
    present: int | None = None
    min_a: float = PILOT_MIN_A
    weight: float = 1.0
    priority: int = 0
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """
    What a car gets.

    Args:
        share_a: amperes on each of its lines.
        mode: how it is to charge, by the place among its modes.
        constraint: what stopped it; `OWN_MAX` if its own maximum did.
        admitted: whether it gets anything.
        runner_up: what would stop it next if that were lifted; none if that is not known.
        by_imbalance: not what `constraint` carries stopped it, but what other lines carry there.
    """

    share_a: float
    mode: int
    constraint: int
    admitted: bool
    runner_up: int | None = None
    by_imbalance: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What holds for a whole installation.

    Args:
        imbalance_a: how far the loads of cars on fewer than three lines may differ between the lines of
            the main breaker, in amperes; 20 A where VDE-AR-N 4100 holds (4.6 kVA).
        main: the constraints of the main breaker, one for each line.
        switch_current_a: at this three-phase share or above a car is not put on one phase.
        switch_gain_a: what somebody must gain for modes in use to change, in amperes of the mode with
            the most lines.
    """

    imbalance_a: float | None = None
    main: tuple[int, ...] = (0, 1, 2)
    switch_current_a: float | None = None
    switch_gain_a: float = 1.0

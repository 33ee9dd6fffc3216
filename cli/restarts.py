"""When an ended process is started again: pure arithmetic, without a clock."""

import signal
from dataclasses import dataclass
from typing import Final

DELAY_MIN_S: Final = 0.2
DELAY_MAX_S: Final = 5.0
HEALTHY_AFTER_S: Final = 10.0
"""A process that was ready for this long has recovered: its next end is a new story."""

QUICK_END_S: Final = 5.0
QUICK_ENDS_MAX: Final = 5
"""So many ends in a row, each within `QUICK_END_S` of its start, are called a crash loop."""


@dataclass(frozen=True, slots=True)
class Restarts:
    """How often a process has ended, and what that means for its next start."""

    total: int = 0
    in_a_row: int = 0
    quick_in_a_row: int = 0

    def after_end(self, lived_s: float, healthy_s: float) -> "Restarts":
        """
        Count one more end.

        Args:
            lived_s: seconds from start to end.
            healthy_s: seconds from readiness to end; 0 when it never became ready.

        >>> Restarts(total=7, in_a_row=6).after_end(lived_s=40, healthy_s=35).delay_s
        0.2
        """
        quick = lived_s < QUICK_END_S
        return Restarts(
            total=self.total + 1,
            in_a_row=1 if healthy_s >= HEALTHY_AFTER_S else self.in_a_row + 1,
            quick_in_a_row=self.quick_in_a_row + 1 if quick else 0,
        )

    @property
    def delay_s(self) -> float:
        """Seconds to wait before the next start: 0.2 s, doubling to 5 s."""
        doublings = min(max(self.in_a_row - 1, 0), 10)
        return min(DELAY_MIN_S * (1 << doublings), DELAY_MAX_S)

    @property
    def looping(self) -> bool:
        return self.quick_in_a_row >= QUICK_ENDS_MAX


def in_words(exit_code: int) -> str:
    """
    Say how a process ended; negative codes are signals, as in `subprocess`.

    >>> in_words(0), in_words(3)
    ('ended with exit code 0', 'ended with exit code 3')
    >>> in_words(-9)
    'killed by SIGKILL: by hand, or by the system for want of memory'
    >>> in_words(-11)
    'killed by SIGSEGV'
    """
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    if name == "SIGKILL":
        return "killed by SIGKILL: by hand, or by the system for want of memory"
    return f"killed by {name}"

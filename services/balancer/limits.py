"""
Limits that others set at breakers: how much, and when.

They are limits of contract. Who exceeds one for a moment owes money, or an explanation, but trips nothing;
so they bound what cars are given, and not what fail-safes add up to when everything is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Final
from zoneinfo import ZoneInfo

from shared.ids import CircuitId, LimitId
from shared.messages.balancer import Rule
from shared.messages.installation_terms import LimitOwner, PeakPeriod, WeeklyWindow
from shared.phases import PHASES, GridType, PhaseCurrents
from shared.units import LINE_TO_NEUTRAL_V, three_phase_line_w
from shared.weekly import within

RULES: Final = {
    LimitOwner.INSTALLER: Rule.OWNER,
    LimitOwner.OWNER: Rule.OWNER,
    LimitOwner.GRID_OPERATOR: Rule.GRID_OPERATOR,
    LimitOwner.TARIFF: Rule.TARIFF,
}


@dataclass(frozen=True, slots=True)
class ExternalLimit:
    """What somebody allows at a breaker, in amperes per line, and when (seconds since 1970)."""

    limit_id: LimitId
    circuit_id: CircuitId
    rule: Rule
    lines_a: PhaseCurrents
    includes_load: bool = False
    begins_s: float = -inf
    until_s: float = inf
    windows: tuple[WeeklyWindow, ...] = ()
    zone: str = "Etc/UTC"

    def holds(self, now_s: float) -> bool:
        """Tell whether it holds at a moment."""
        if not self.begins_s <= now_s < self.until_s:
            return False
        return not self.windows or within(self.windows, self.zone, now_s)


@dataclass(frozen=True, slots=True)
class ContractPeak:
    """What the mean power at a breaker is to stay below, in watts."""

    circuit_id: CircuitId
    peak_w: float
    per: PeakPeriod
    zone: str = "Etc/UTC"


def rule_of(owner: LimitOwner, windows: Sequence[WeeklyWindow]) -> Rule:
    """Name the reason that is given for a limit: whose it is, or that it is one of the week's."""
    rule = RULES[owner]
    return Rule.SCHEDULE if windows and rule is Rule.OWNER else rule


def lines_of_power_a(power_w: float, grid: GridType) -> PhaseCurrents:
    """
    Divide a power of all phases together into amperes on each line.

    Every line gets an equal part: whoever stays within all three stays within the power. A car on one
    phase gets a third of it.

    >>> [round(it, 1) for it in lines_of_power_a(11_040, GridType.TN_3_PHASE)]
    [16.0, 16.0, 16.0]
    """
    if not grid.three_phase:
        return (power_w / LINE_TO_NEUTRAL_V, 0.0, 0.0)
    line_a = (
        power_w / len(PHASES) / three_phase_line_w(between_lines=grid is GridType.IT_3_PHASE)
    )
    return (line_a, line_a, line_a)


def power_of_lines_w(lines_a: PhaseCurrents, grid: GridType) -> float:
    """Name the most power that currents on the lines stand for, in watts."""
    if not grid.three_phase:
        return lines_a[0] * LINE_TO_NEUTRAL_V
    return sum(lines_a) * three_phase_line_w(between_lines=grid is GridType.IT_3_PHASE)


# --- The open period of a contract's peak ---

LAST_S: Final = 60.0
"""What is left of a period's energy at its end is spread over so much time at least, for cars and meters
take seconds to follow."""
MARGIN: Final = 0.98
"""What of a peak is used: meters are of class 1 or 2, and cars follow late."""


@dataclass(frozen=True, slots=True)
class Period:
    """A quarter of an hour, or an hour, that is going on."""

    begins_s: float
    used_ws: float
    """Energy so far, in watt-seconds."""
    at_s: float
    """Up to when."""


def begins_s(peak: ContractPeak, now_s: float) -> float:
    """Name when the period of a moment began, by the clock on the wall."""
    offset = datetime.fromtimestamp(now_s, UTC).astimezone(ZoneInfo(peak.zone)).utcoffset()
    offset_s = (offset or timedelta()).total_seconds()
    seconds = peak.per.seconds
    return (now_s + offset_s) // seconds * seconds - offset_s


def advance(before: Period | None, peak: ContractPeak, power_w: float, now_s: float) -> Period:
    """
    Count energy up to a moment.

    Args:
        before: what was counted; none after a restart. What went before that is taken to have been at
            the peak all the time.
        peak: the contract's.
        power_w: what flows since the moment of `before`.
        now_s: the moment, in seconds since 1970.
    """
    began_s = begins_s(peak, now_s)
    if before is None:
        return Period(began_s, peak.peak_w * MARGIN * (now_s - began_s), now_s)
    if began_s > before.begins_s:
        return Period(began_s, max(0.0, power_w) * (now_s - max(began_s, before.at_s)), now_s)
    passed_s = max(0.0, now_s - before.at_s)
    return Period(
        before.begins_s,
        before.used_ws + max(0.0, power_w) * passed_s,
        max(now_s, before.at_s),
    )


def allowed_w(period: Period, peak: ContractPeak) -> float:
    """Name the power that may flow for the rest of a period, in watts."""
    left_ws = peak.peak_w * MARGIN * peak.per.seconds - period.used_ws
    left_s = period.begins_s + peak.per.seconds - period.at_s
    return max(0.0, left_ws) / max(left_s, LAST_S)

"""
Breakers near their limit: found in what is measured, with patience both ways.

What chargers draw goes up and down with every car. A breaker is near its limit once it has carried 90 % of
its rating for three minutes on end, and is so until it has stayed below 85 % for five. Readings are kept
nowhere, so after a restart nothing is known of a breaker until it was watched for as long as that.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.notifications.known import Site
from shared.ids import CircuitId, InstallationId
from shared.messages.balancer import SiteBalance
from shared.phases import PHASES, Phase

HIGH: Final = 0.90
LOW: Final = 0.85
"""Shares of a breaker's rating."""
HIGH_FOR_S: Final = 180.0
LOW_FOR_S: Final = 300.0
SILENT_S_MAX: Final = 30.0
"""A balance comes every second or two; after so long without, watching begins anew."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a breaker, as it was watched."""

    circuit_id: CircuitId
    phase: Phase
    heard_at: datetime
    measured_a: float
    rated_a: float
    high_since: datetime | None = None
    """Since when it has not been below `LOW` after it was above `HIGH`; none: it is not high."""
    low_since: datetime | None = None

    @property
    def key(self) -> str:
        return f"{self.circuit_id}:{self.phase}"

    def near(self, now: datetime) -> bool | None:
        """Tell whether it is near its limit; none: it was not watched for long enough to say so."""
        if (now - self.heard_at).total_seconds() > SILENT_S_MAX:
            return None
        if self.high_since is not None:
            return True if (now - self.high_since).total_seconds() >= HIGH_FOR_S else None
        if self.low_since is not None:
            return False if (now - self.low_since).total_seconds() >= LOW_FOR_S else None
        return None

    def after(self, measured_a: float, rated_a: float, now: datetime) -> "Line":
        """Take in what is measured now."""
        fresh = (now - self.heard_at).total_seconds() <= SILENT_S_MAX
        high = self.high_since if fresh else None
        low = self.low_since if fresh else None
        if measured_a >= HIGH * rated_a:
            high, low = high or now, None
        elif measured_a < LOW * rated_a:
            high, low = None, low or now
        return Line(self.circuit_id, self.phase, now, measured_a, rated_a, high, low)


@dataclass(slots=True)
class Watched:
    """All lines of all breakers that were heard of."""

    lines: dict[InstallationId, dict[str, Line]] = field(default_factory=dict)

    def hear(self, balance: SiteBalance, site: Site, now: datetime) -> None:
        """Take in what is measured at an installation; a breaker that is not known is passed over."""
        lines = self.lines.setdefault(balance.installation_id, {})
        for load in balance.breakers:
            breaker = site.breakers.get(load.circuit_id)
            if breaker is None:
                continue
            for phase, measured_a in zip(PHASES, load.measured_a, strict=True):
                rated_a = breaker.rated_a
                new = Line(load.circuit_id, phase, now, measured_a, rated_a)
                line = lines.get(new.key, new).after(measured_a, rated_a, now)
                lines[line.key] = line

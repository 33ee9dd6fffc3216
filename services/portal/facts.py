"""Everything the portal knows about one installation at one moment: what a view is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.portal.documents import Condition, Layout, Overload, Refusal, Share
from shared.ids import ChargerId, CircuitId, Serial
from shared.messages.balancer import SiteBalance
from shared.messages.telemetry import MeterReading

READING_STALE_S: Final = 30.0
"""Three of the sampling intervals that chargers are told, in seconds."""

BALANCE_STALE_S: Final = 5.0
"""The balancer tells every second or two how an installation stands."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Read models and the latest readings, joined."""

    layout: Layout
    conditions: Mapping[ChargerId, Condition]
    shares: Mapping[ChargerId, Share]
    overloads: Mapping[CircuitId, Overload]
    readings: Mapping[ChargerId, MeterReading]
    listening_since: datetime
    """Before this moment the portal could not have heard a reading."""
    balance: SiteBalance | None = None
    connected: bool = True
    """Whether the portal itself hears anything now."""
    refusals: Mapping[Serial, Refusal] = field(default_factory=dict)
    """Of chargers that stand here and were not let in the last time they knocked."""

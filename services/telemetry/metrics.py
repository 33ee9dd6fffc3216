"""The figures of a gateway; none has a label for a charger."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from shared.metrics import QUICK_S, SLOW_S, Tally

SOCKETS: Final = Gauge(
    "ampledger_gateway_sockets", "Chargers whose connection this gateway serves."
)
CONNECTIONS_ENDED: Final = Counter(
    "ampledger_gateway_connections_ended_total",
    "Connections of chargers that have ended: lost, closed by the charger, or closed by the gateway.",
    ["by"],
)
TURNED_AWAY: Final = Counter(
    "ampledger_gateway_turned_away_total",
    "Chargers that were not let in, by the kind of reason.",
    ["reason"],
)
FRAMES: Final = Counter(
    "ampledger_gateway_frames_total",
    "Requests of chargers, and what became of them.",
    ["action", "outcome"],
)
METERED: Final = Tally(FRAMES.labels("MeterValues", "accepted"))
"""By far the most of them."""
FRAMES_UNREADABLE: Final = Counter(
    "ampledger_gateway_frames_unreadable_total", "Messages of chargers that are none of OCPP."
)
CALLS: Final = Histogram(
    "ampledger_gateway_call_duration_seconds",
    "How long chargers took to answer what they were asked, or until nobody waited any longer.",
    ["action", "outcome"],
    buckets=SLOW_S,
)
LIMITS: Final = Counter(
    "ampledger_gateway_limits_total",
    "Limits for chargers of this gateway, and what they were answered.",
    ["verdict"],
)
READINGS: Final = Counter(
    "ampledger_gateway_readings_total", "Readings handed in to be stored.", ["kind"]
)
READINGS_LOST: Final = Counter(
    "ampledger_gateway_readings_lost_total",
    "Readings that were given up because NATS was away for too long.",
)
READINGS_WAITING: Final = Gauge(
    "ampledger_gateway_readings_waiting", "Readings that are not stored yet."
)
STORING: Final = Histogram(
    "ampledger_gateway_readings_store_duration_seconds",
    "How long readings that were sent together took to be stored.",
    buckets=QUICK_S,
)
CERTIFICATE_ENDS: Final = Gauge(
    "ampledger_gateway_certificate_end_timestamp_seconds",
    "When a certificate ends, in seconds since 1970: the gateway's own, or its authority's.",
    ["certificate"],
)

"""The figures of a balancer; none has a label for an installation, a breaker or a charger."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from shared.metrics import QUICK_S, SLOW_S

DECIDING: Final = Histogram(
    "ampledger_balancer_decision_duration_seconds",
    "How long it took to decide for one installation.",
    buckets=QUICK_S,
)
REACTION: Final = Histogram(
    "ampledger_balancer_reading_to_limit_seconds",
    "From when a gateway has had a reading until the limit that followed was sent.",
    buckets=SLOW_S,
)
LIMITS: Final = Counter(
    "ampledger_balancer_limits_total", "Limits sent, and what they were answered.", ["verdict"]
)
DECIDED_ANEW: Final = Counter(
    "ampledger_balancer_decided_anew_total",
    "Decisions that the log has refused because somebody else had decided meanwhile.",
)
OVERLOADS: Final = Counter(
    "ampledger_balancer_overloads_total",
    "How often more was measured at a breaker than it may carry; each is told again every 10 s.",
)
PARTITIONS: Final = Gauge(
    "ampledger_balancer_partitions",
    "Partitions of installations that this process decides for.",
)
INSTALLATIONS: Final = Gauge(
    "ampledger_balancer_installations", "Installations that this process decides for."
)
CHARGERS: Final = Gauge(
    "ampledger_balancer_chargers", "Chargers of these installations, by their state.", ["state"]
)
BREAKERS_ABOVE: Final = Gauge(
    "ampledger_balancer_breakers_above_limit",
    "Breakers at which more is measured, or counted where nothing is, than they may carry.",
)
BREAKERS_PLANNED_ABOVE: Final = Gauge(
    "ampledger_balancer_breakers_planned_above_limit",
    "Breakers that would carry more than they may if every charger drew what it was promised.",
)
LOAD_HIGHEST: Final = Gauge(
    "ampledger_balancer_breaker_load_highest_ratio",
    "What the breaker nearest to its limit carries, as a share of that limit.",
)

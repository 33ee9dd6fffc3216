"""
The figures that every service keeps, by the conventions of Prometheus: base units, `_total` for counts.

What one service alone has to tell is in its own `metrics.py`. No figure has a label for a charger, a person
or an installation: thousands of those would be thousands of series. What is wrong with one is in its log.

All of them carry the service they are of, so that rules and dashboards need to know nothing of who collects
them.
"""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

QUICK_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds for what takes milliseconds when all is well, in seconds."""
SLOW_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
"""Bounds for what is promised within seconds."""


class Tally:
    """A count of what happens too often to add each to its counter; they are added when somebody looks."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._more = 0
        _TALLIES.append(self)

    def inc(self) -> None:
        """Count one."""
        self._more += 1

    def settle(self) -> None:
        """Add what was counted since."""
        more, self._more = self._more, 0
        self._counter.inc(more)


_TALLIES: Final[list[Tally]] = []

APPEND_DURATION: Final = Histogram(
    "ampledger_log_append_duration_seconds",
    "How long a commit to the service's own log took, until it was on disk or refused.",
    ["outcome"],
    buckets=QUICK_S,
)
LOG_HALTED: Final = Gauge(
    "ampledger_log_halted", "1 while the service's own log is halted: nothing is appended."
)
RELAY_LAG: Final = Gauge(
    "ampledger_relay_lag_seconds",
    "For how long the service's own log has been ahead of what is announced of it, at most.",
)
FOLLOWER_LAG: Final = Gauge(
    "ampledger_follower_lag_seconds",
    "How old the oldest event is that a follower has not taken in yet, at most.",
    ["consumer", "log"],
)
FOLLOWER_FAULTS: Final = Counter(
    "ampledger_follower_faults_total",
    "How often a follower has had to start over from its cursor.",
    ["consumer", "log"],
)
FOLLOWED: Final = Counter(
    "ampledger_events_followed_total", "Events taken in.", ["consumer", "log"]
)
PARKED: Final = Gauge(
    "ampledger_parked_events",
    "Events that a follower could not take in, put aside.",
    ["consumer", "log"],
)
COMMANDS: Final = Histogram(
    "ampledger_command_duration_seconds",
    "How long a command took to be decided and put on record.",
    ["command", "verdict"],
    buckets=QUICK_S,
)
BROKER_UP: Final = Gauge("ampledger_broker_up", "1 while the service is connected to NATS.")
DATABASE_UP: Final = Gauge(
    "ampledger_database_up", "1 while the service's own database answers."
)
CLOCK_OFF: Final = Gauge(
    "ampledger_clock_off_seconds",
    "How far the clock of the process is ahead of its database's at least; below 0: behind.",
)
READY: Final = Gauge("ampledger_ready", "1 while the service can do its work.")
LOOP_DELAY: Final = Histogram(
    "ampledger_event_loop_delay_seconds",
    "How much later than asked for the event loop has come round.",
    buckets=QUICK_S,
)


def _version() -> str:
    """Name the version that runs; a tree of sources that was never installed has none."""
    try:
        return version("ampledger")
    except PackageNotFoundError:
        return "source"


BUILD: Final = Gauge(
    "ampledger_build_info", "Always 1; its labels say what runs.", ["version", "python"]
)
BUILD.labels(_version(), platform.python_version()).set(1)


class _OfComponent(Collector):
    """All figures of this process, with the service that they are of."""

    def __init__(self, component: str) -> None:
        self._component = component

    def collect(self) -> Iterator[Metric]:
        for metric in REGISTRY.collect():
            metric.samples = [
                it._replace(labels={**it.labels, "component": self._component})
                for it in metric.samples
            ]
            yield metric


def exposition(component: str) -> bytes:
    """Write down all figures of this process, in the text format of Prometheus."""
    for tally in _TALLIES:
        tally.settle()
    told = CollectorRegistry(auto_describe=False)
    told.register(_OfComponent(component))
    return generate_latest(told)
